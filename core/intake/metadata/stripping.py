"""Removes everything from a picture file that is not needed to show the picture.

That covers places, times, serial numbers, names, maker notes and thumbnails. Each format keeps an
allowlist of parts (compressed pixels, colour profile, orientation), so unknown metadata is removed
too. Pixels are never compressed again.
"""

import struct
from collections.abc import Callable

from core.intake.metadata import heif, jpeg, jpeg2000, png, simple, tiff, webp
from core.intake.metadata.odd import Odd
from core.intake.pictures import images, png_chunks, tiffs
from core.intake.pictures.images import UnreadableImage

_Way = Callable[[bytes, int], bytes]


class Unstrippable(Exception):
    """Metadata can't be removed from this file without risking a change to the picture."""


def stripped(data: bytes) -> bytes:
    """The file without its metadata. It decodes to the same pixels.

    Stripping the result again changes nothing.

    Args:
        data: A whole file that `images.picture` reads.

    Returns:
        The file; the same object if there was nothing to remove.

    Raises:
        Unstrippable: The file isn't laid out as its format requires.
    """
    way, loose = _way(data)
    try:
        bare = way(data, 1)
        if bare == data:
            return data
        before = images.header(data)
        if before.turn != 1:
            bare = way(data, before.turn)
        if bare == data:
            return data
        if images.header(bare) != before or (loose and _pixels(bare) != _pixels(data)):
            raise Unstrippable
    except (Odd, UnreadableImage, struct.error, IndexError) as error:
        raise Unstrippable from error
    return bare


def _pixels(data: bytes) -> bytes:
    return images.decode(data).tobytes()


def _way(data: bytes) -> tuple[_Way, bool]:
    """How to strip a file, and whether its format is loose enough to compare pixels afterwards."""
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.stripped, False
    if data.startswith(png_chunks.MAGIC):
        return png.stripped, False
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp.stripped, False
    if data[4:8] == b"ftyp":
        return heif.stripped, False
    if data.startswith(tiffs.MAGIC):
        return tiff.stripped, True
    if data.startswith(jpeg2000.CODESTREAM) or data[4:8] == b"jP  ":
        return jpeg2000.stripped, True
    if data.startswith((b"GIF87a", b"GIF89a")):
        return simple.gif, True
    if data.startswith(b"BM"):
        return simple.bmp, True
    if data.startswith(b"\0\0\1\0"):
        return simple.ico, True
    if data.startswith(b"P"):
        return simple.ppm, True
    raise Unstrippable
