"""EXIF data that is empty, or holds only the orientation."""

import struct

_ORIENTATION, _SHORT = 0x0112, 3

NOTHING = b"II*\0" + struct.pack("<IHI", 8, 0, 0)


def turned(turn: int) -> bytes:
    """EXIF with only an orientation, without the `Exif` prefix that JPEG puts before it."""
    entry = struct.pack("<HHIHH", _ORIENTATION, _SHORT, 1, turn, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
