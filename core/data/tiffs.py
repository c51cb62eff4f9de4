"""What Pillow does not tell of a TIFF, or gets wrong."""

import io
from typing import Any

import numpy as np
from PIL.TiffImagePlugin import COMPRESSION_INFO, PREFIXES, ImageFileDirectory_v2

from core.data.colours import Greys

UNKNOWN = "a kind of TIFF that Thaw cannot read"

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _FORM = 258, 259, 262, 277, 284, 339
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_WHITE_IS_ZERO, _SIGNED, _UNSIGNED, _APART = 0, 2, 1, 2
_BIG = 43  # in place of 42, it says that offsets have 8 bytes
_NOT_BUILT_IN = "webp"  # the one packing that the libtiff within Pillow lacks
# With these words Pillow refuses numbers that it has no mode for, and too many colours.
_REFUSALS = ("unknown pixel mode", "Invalid value for samples per pixel")


def is_unknown(data: bytes, error: Exception) -> bool:
    """Whether Pillow refused to open a TIFF that is not damaged, but of a kind it cannot read."""
    if not data.startswith(tuple(PREFIXES)):
        return False
    if str(error) not in _REFUSALS and not isinstance(error.__cause__, KeyError):
        return False
    directory = ImageFileDirectory_v2(data[: 16 if data[2] == _BIG else 8])
    file, first = io.BytesIO(data), directory.next
    file.seek(first)
    directory.load(file)
    if directory.next == first:  # it is read last, so the list of tags is cut off
        return False
    return str(error) in _REFUSALS or directory.get(_COMPRESSION, 1) not in COMPRESSION_INFO


def is_misread(opened: Any) -> bool:
    """Whether Pillow has opened a TIFF that it will not decode, or not rightly."""
    packing = opened.info["compression"]
    # It reads the colours of such a picture as if they had 8 bits.
    apart = opened.tag_v2.get(_PLANES, 1) == _APART and opened.tag_v2.get(_SAMPLES, 1) > 1
    return packing == _NOT_BUILT_IN or (packing == "raw" and apart and _bits(opened) > 8)


def tile(opened: Any) -> tuple[int, int, int]:
    """Width and height of a TIFF's tiles, and how often a pixel of them fills 4 bytes.

    A decoder holds a whole tile, however small the picture is. A strip is never larger than that.
    """
    tags = opened.tag_v2
    fills = -(-_bits(opened) * tags.get(_SAMPLES, 1) // 32)
    return tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0), fills


def greys(opened: Any) -> Greys:
    """How the numbers of a TIFF are meant, where its mode does not say so."""
    kind = opened.mode, opened.tag_v2.get(_FORM, (_UNSIGNED,))[0], _bits(opened)
    numbers: dict[Any, Any] = {("L", _SIGNED, 8): np.int8, ("I", _UNSIGNED, 32): np.uint32}
    # Pillow inverts all others by itself.
    inverted = opened.mode in ("I;16", "F") and opened.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return Greys(numbers.get(kind), inverted)


def mend_byte_order(opened: Any) -> None:
    """Have the numbers of a packed TIFF read in the order in which libtiff hands them out.

    That is the machine's own. Pillow sees to it for 16 bits without a sign alone, and takes the
    file's order for signed and broken numbers.
    """
    opened.tile = [
        part._replace(args=(part.args[0].replace("B", "N"), *part.args[1:]))
        if part.codec_name == "libtiff" and opened.mode in ("I", "F")
        else part
        for part in opened.tile
    ]


def _bits(opened: Any) -> int:
    return int(max(opened.tag_v2.get(_BITS, (1,))))
