"""PNG: keeps the chunks that make the picture; drops text, times, EXIF and trailing data."""

import struct
import zlib

from core.intake.metadata import exif
from core.intake.pictures.png_chunks import MAGIC

_HEAD = struct.Struct(">I4s")
_ANCILLARY = 0x20  # this bit of a chunk's name says that the picture can be made without it
_COLOURS = {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"cICP", b"mDCV",
            b"cLLI"}  # fmt: skip
_FRAMES = {b"acTL", b"fcTL", b"fdAT"}


def stripped(data: bytes, turn: int) -> bytes:
    """The picture with its colour information and orientation."""
    out, at = bytearray(MAGIC), len(MAGIC)
    told = turn == 1
    while at + _HEAD.size <= len(data):
        length, kind = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + length + 4
        needed = not kind[0] & _ANCILLARY or kind in _COLOURS or kind in _FRAMES
        if kind == b"IDAT" and not told:
            out += _chunk(b"eXIf", exif.turned(turn))
            told = True
        if needed:
            out += data[at:end]
        at = end
        if kind == b"IEND":
            break
    return bytes(out)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body).to_bytes(4, "big")
    return _HEAD.pack(len(body), kind) + body + checksum
