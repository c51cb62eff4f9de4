"""Bytes of any picture people have, to an upright image in sRGB.

The formats are named one by one: Pillow knows more, some of them programs rather than pictures.
"""

import io
import logging
import math
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

from core import config
from core.data import colours, limits, png_chunks, tiffs
from core.settings import Squaring

DECODING = 3  # counts how pixels have been made of files so far; caches of what was seen go by it

_LARGE_PIXELS = 24_000_000
# Most decoders take 4 bytes a pixel, these 8 to 19: they get a share of the pixels that others may.
_HUNGRY = {"WEBP": 2, "AVIF": 2, "HEIF": 2, "JPEG2000": 3}
_DRAFTED = ("JPEG", "MPO")  # they decode at 1/2, 1/4 or 1/8
_FORMATS = (
    "JPEG",  # also MPO, which is two JPEGs in one file
    "PNG",
    "GIF",
    "WEBP",
    "BMP",
    "TIFF",
    "AVIF",
    "HEIF",
    "JPEG2000",
    "ICO",
    "PPM",
)
# The average colour of ImageNet's photos. Networks begin by subtracting it, or a grey close to it,
# so it is as near to nothing as they can be shown.
_PADDING = (124, 116, 104)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_KNOWN = (
    (b"PK\3\4", "a zip archive, or a document that is one inside"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"8BPS", "a Photoshop file"),
    (b"<svg", "a drawing (SVG)"),
    (b"<!doctype html", "a web page"),
    (b"<!DOCTYPE html", "a web page"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_HEIF: tuple[Any, Any] = (
    pillow_heif.HeifImageFile,
    lambda prefix: prefix[4:8] == b"ftyp" and prefix[8:12] in _HEIF_BRANDS,
)
_large = threading.Lock()
_ICON = b"\0\0\1\0"
_CODESTREAM = b"\xff\x4f\xff\x51"  # where a JPEG 2000 says how many bits its colours have
_DEEP_JPEG_2000 = "a JPEG 2000 in colour of over 8 bits, which Thaw cannot read"
# Progressive JPEGs have some ten scans. Each takes time for every pixel, and perhaps a few bytes.
_MOST_SCANS = 200
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_SCAN, _END = 0xDA, 0xD9

# Pillow warns of what it tolerates (broken EXIF, large sizes) and logs what it refuses; nobody
# who reads the server's output can act on it. Other handlers still get what is logged.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


class UnreadableImage(Exception):
    """These bytes give no picture; the message says why, in plain words."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        image: Upright, in sRGB; smaller than the original where `at_least` allowed it.
        width: Pixels of the original, upright.
        height: Pixels of the original, upright.
    """

    image: Image.Image
    width: int
    height: int


def picture(data: bytes, at_least: int | None = None) -> Picture:
    """Decode all of a picture: its first frame, upright, in sRGB, on white where see-through.

    Args:
        data: A whole file; its name plays no part.
        at_least: The caller will scale to about this many pixels. A picture more than twice as
            large is then decoded at a half, a quarter or an eighth of its size, which is much
            faster for JPEG; its shorter side stays at least twice this long.

    Raises:
        UnreadableImage: The bytes are no picture, are damaged or are too large.
    """
    if not data:
        raise UnreadableImage("empty file")
    most = limits.current().pixels
    # Whatever a decoder throws at hostile bytes, the file is what is wrong: Pillow and its plugins
    # raise OSError, SyntaxError, ValueError, struct.error, KeyError, MemoryError and more.
    try:
        if data.startswith(_ICON):  # Pillow decodes it at once
            for width, height in _icons(data):
                _refuse_large(width, height, min(most, _LARGE_PIXELS))
        profile = None
        if data.startswith(png_chunks.MAGIC):
            data, profile = png_chunks.bare(data, colours.LARGEST_PROFILE)
        opened = _open(data)
        if opened is None:
            raise UnreadableImage(_something_else(data))
        with opened:
            if profile:
                opened.info["icc_profile"] = profile
            width, height = opened.size
            hunger = _HUNGRY.get(opened.format, 1)
            most //= hunger
            _refuse_large(width, height, most)
            if width < 1 or height < 1:
                raise UnreadableImage("empty picture, without a single pixel")
            if opened.format in _DRAFTED and _has_endless_scans(data):
                raise UnreadableImage("a JPEG of hundreds of scans, which no program makes")
            if opened.format == "JPEG2000" and _is_too_deep(opened, data):
                raise UnreadableImage(_DEEP_JPEG_2000)
            pixels = width * height * hunger
            if opened.format == "TIFF":
                pixels = max(pixels, _tile(opened, most))
            if pixels < _LARGE_PIXELS:
                return _upright(opened, at_least, most)
            with _large:  # one at a time, so that memory does not grow with the number of threads
                return _upright(opened, at_least, most)
    except UnreadableImage:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"too large: {_most(most)}") from error
    except MemoryError as error:
        raise UnreadableImage("too large for this machine's memory") from error
    except Exception as error:
        raise UnreadableImage("damaged or cut off") from error


def decode(data: bytes, at_least: int | None = None) -> Image.Image:
    """The image of `picture`, for those who need nothing else."""
    return picture(data, at_least).image


def to_square(
    image: Image.Image, size: int, squaring: Squaring = Squaring.SQUASH
) -> npt.NDArray[np.uint8]:
    """Make an RGB picture square.

    Args:
        image: Of any size.
        size: Pixels of the square's sides.
        squaring: SQUASH shows all of the picture, its proportions changed. CROP keeps them and
            shows the largest square in its middle. PAD keeps them and shows all of it, with
            `_PADDING` on two sides.

    Returns:
        uint8 [size, size, 3], bilinear with antialiasing.
    """
    width, height = image.size
    shape, box = (size, size), (0.0, 0.0, float(width), float(height))
    if squaring is Squaring.CROP:
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    elif squaring is Squaring.PAD:
        scale = size / max(width, height)
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    if image.size != shape:
        image = image.resize(shape, Image.Resampling.BILINEAR, box, reducing_gap=3.0)
    if image.size != (size, size):
        square = Image.new("RGB", (size, size), _PADDING)
        square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = square
    return np.array(image, np.uint8)


def thumbnail_jpeg(image: Image.Image, size: int) -> bytes:
    """A small JPEG of an RGB picture whose longer side is at most `size`."""
    small = image.copy()
    small.thumbnail((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _open(data: bytes) -> Any:
    """The lazy image of the first format that claims these bytes; None if none does.

    This is Image.open without its check of size, which neither lets the size be told nor the
    limit be chosen without changing it for the whole process. HEIF is not registered with Pillow
    for the same reason.
    """
    Image.init()
    failed: Exception | None = None
    for name in _FORMATS:
        factory, accept = _HEIF if name == "HEIF" else Image.OPEN[name]
        claimed = accept(data[:16]) if accept else True
        if not claimed or isinstance(claimed, str):
            continue  # a str says why Pillow was built without it
        try:
            return factory(io.BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, OSError, ValueError) as error:
            failed = error  # as Pillow does: another format may know better
    if failed:
        if tiffs.is_unknown(data, failed):
            raise UnreadableImage(tiffs.UNKNOWN) from failed
        raise failed
    return None


def _icons(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of every picture in an icon: a PNG each, or a BMP with a mask below it."""
    for number in range(int.from_bytes(data[4:6], "little")):
        (start,) = struct.unpack_from("<I", data, 6 + 16 * number + 12)
        if data.startswith(png_chunks.MAGIC, start):
            yield struct.unpack_from(">II", data, start + 16)
        else:
            width, height = struct.unpack_from("<ii", data, start + 4)
            yield abs(width), abs(height) // 2


def _has_endless_scans(data: bytes) -> bool:
    """Whether a JPEG goes over its pixels so often that it is made to take time."""
    at = scans = 0
    while scans <= _MOST_SCANS and (marker := _MARKER.search(data, at)):
        kind, at = data[marker.start() + 1], marker.end()
        if kind == _END:
            break
        scans += kind == _SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return scans > _MOST_SCANS


def _is_too_deep(opened: Any, data: bytes) -> bool:
    """Whether a JPEG 2000 has so many bits a colour that Pillow makes black of its white."""
    at = data.index(_CODESTREAM) + 40
    depths = data[at + 2 : at + 2 + 3 * int.from_bytes(data[at : at + 2], "big") : 3]
    return max(depth & 0x7F for depth in depths) >= (16 if opened.mode == "I;16" else 8)


def _tile(opened: Any, most: int) -> int:
    """Prepare a TIFF that Pillow can read, and count what one tile of it takes, as pixels."""
    if tiffs.is_misread(opened):
        raise UnreadableImage(tiffs.UNKNOWN)
    tiffs.mend_byte_order(opened)
    width, height, fills = tiffs.tile(opened)
    _refuse_large(width, height, most // fills, "tiles of ")
    return width * height * fills


def _refuse_large(width: int, height: int, most: int, what: str = "") -> None:
    if width * height > most:
        raise UnreadableImage(f"too large: {what}{width} × {height} pixels, {_most(most)}")


def _most(pixels: int) -> str:
    return f"at most {pixels / 1e6:g} megapixels unless {config.PIXELS.name} is set higher"


def _something_else(data: bytes) -> str:
    kind = next((kind for magic, kind in _KNOWN if data.startswith(magic)), None)
    return f"not an image but {kind}" if kind else "not an image, or one of an unknown kind"


def _upright(opened: Any, at_least: int | None, most: int) -> Picture:
    width, height = opened.size
    drafted = None
    if at_least and opened.format in _DRAFTED:
        shrink = min(width, height) / (2 * at_least)
        if shrink > 1:
            drafted = opened.draft(None, (math.ceil(width / shrink), math.ceil(height / shrink)))
    opened.load()
    if not drafted:
        width, height = opened.size  # TIFF and HEIF turn themselves, ICO may hold another size
    _refuse_large(opened.width, opened.height, most)
    factor = max(1, min(opened.size) // (2 * at_least)) if at_least else 1
    greys = tiffs.greys(opened) if opened.format == "TIFF" else colours.Greys()
    image = colours.to_srgb(opened, factor, greys)
    turn = _orientation(opened)
    if turn in _TURNS:
        image = image.transpose(_TURNS[turn])
        if turn >= 5:
            width, height = height, width
    return Picture(image, width, height)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none that can be read."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # broken EXIF raises anything, and the pixels are fine
        return 1
    return value if isinstance(value, int) else 1
