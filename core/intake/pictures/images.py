"""Bytes of any picture people have, to an upright image in sRGB.

The formats are named one by one: Pillow knows more, some of them programs rather than pictures.
"""

import io
import logging
import math
import re
import struct
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

from core.intake import limits
from core.intake.pictures import (
    colours,
    deep,
    jpegs,
    kinds,
    png_chunks,
    tiffs,
)
from core.intake.pictures.decoders import LARGE_TILES, decoding, refuse_large
from core.intake.pictures.decoders import UnreadableImage as UnreadableImage
from core.intake.pictures.preparation import AVERAGE_COLOUR, USUAL, Preparation
from core.saying import later, say
from core.settings import Squaring
from core.storage import incidents

try:
    import pillow_heif
except ImportError:  # under the GPL, so that ready-made images leave it out
    pillow_heif = None

DECODING = 3  # counts how pixels have been made of files so far; caches of what was seen go by it

LIBRARIES = f"Pillow {PIL.__version__}, pillow-heif {getattr(pillow_heif, '__version__', 'none')}"

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
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def _no_heif(*_: object) -> Any:
    raise UnreadableImage(
        "a HEIC picture, and this Thaw was installed without the library that reads those, "
        "pillow-heif; export it as a JPEG"
    )


_HEIF: tuple[Any, Any] = (
    pillow_heif.HeifImageFile if pillow_heif else _no_heif,
    lambda prefix: prefix[4:8] == b"ftyp" and prefix[8:12] in _HEIF_BRANDS,
)
Answer = TypeVar("Answer")
_large = threading.Lock()
_recording = threading.Lock()
_recorded: dict[tuple[str, str, int | None], str] = {}  # faults of ours, by where they lie
_ICON = b"\0\0\1\0"
_CODESTREAM = b"\xff\x4f\xff\x51"  # where a JPEG 2000 says how many bits its colours have
_DEEP_JPEG_2000 = later("a JPEG 2000 in colour of over 8 bits, which Thaw cannot read")
# Progressive JPEGs have some ten scans. Each takes time for every pixel, and perhaps a few bytes.
_MOST_SCANS = 200
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_SCAN, _END = 0xDA, 0xD9

# Pillow warns of what it tolerates (broken EXIF, large sizes) and logs what it refuses; nobody
# who reads the server's output can act on it. Other handlers still get what is logged.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


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


@dataclass(frozen=True)
class Header:
    """What a file says of its picture, besides the pixels, that bears on how it is shown.

    Attributes:
        kind: Its format, as Pillow calls it; an MPO is a JPEG.
        size: Width and height as they lie in the file.
        mode: What a pixel is made of.
        turn: Its EXIF orientation, 1 to 8.
        profile: Its colour profile.
    """

    kind: str
    size: tuple[int, int]
    mode: str
    turn: int
    profile: bytes | None


def picture(data: bytes, at_least: int | None = None, preparation: Preparation = USUAL) -> Picture:
    """Decode all of a picture: its first frame, upright, in sRGB, on paper where see-through.

    Args:
        data: A whole file; its name plays no part.
        at_least: The caller will scale to about this many pixels. A picture more than twice as
            large is then decoded at a half, a quarter or an eighth of its size, which is much
            faster for JPEG; its shorter side stays at least twice this long.
        preparation: How the pictures of its data set are read. Here `square` plays no part.

    Raises:
        UnreadableImage: The bytes are no picture, are damaged or are too large; or a fault in Thaw
            itself kept it from being read, which is in the log under the number in the message.
    """
    return _told(lambda: _picture(data, at_least, preparation))


def decode(
    data: bytes, at_least: int | None = None, preparation: Preparation = USUAL
) -> Image.Image:
    """The image of `picture`, for those who need nothing else."""
    return picture(data, at_least, preparation).image


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture as its file says, before it is decoded and turned upright.

    Raises:
        UnreadableImage: As `picture`, as far as that is known without decoding it.
    """

    def work() -> tuple[int, int]:
        opened, _, _ = _opened(data, USUAL)
        if isinstance(opened, tiffs.Bands):
            return opened.width, opened.height
        with opened:
            return int(opened.width), int(opened.height)

    return _told(work)


def header(data: bytes) -> Header:
    """What a file says of its picture; a PNG is decoded for it.

    Raises:
        UnreadableImage: As `picture`, as far as that is known.
    """

    def work() -> Header:
        opened, _, _ = _opened(data, USUAL)
        if isinstance(opened, tiffs.Bands):
            size, mode = (opened.width, opened.height), f"{opened.count} × {opened.bits} bits"
            return Header("TIFF", size, mode, opened.turn if opened.turn in _TURNS else 1, None)
        with opened:
            kind = "JPEG" if opened.format in _DRAFTED else opened.format
            profile = opened.info.get("icc_profile")
            turn = _orientation(opened)
            return Header(kind, opened.size, opened.mode, turn if turn in _TURNS else 1, profile)

    return _told(work)


def numbers(data: bytes, preparation: Preparation = USUAL) -> npt.NDArray[np.float64] | None:
    """Some numbers of a picture of more than 8 bits a colour, evenly spread over it.

    Args:
        data: A whole file.
        preparation: Says which bands are looked at.

    Returns:
        float64 [numbers] in the units of the file; None where it has 8 bits a colour.

    Raises:
        UnreadableImage: As `picture`.
    """
    in_full = replace(preparation, levels=preparation.levels or (0.0, 1.0))

    def work() -> npt.NDArray[np.float64] | None:
        opened, most, plain = _opened(data, in_full)
        if isinstance(opened, tiffs.Bands):
            found = _of_bands(opened, in_full, most) if opened.bits > 8 else None
            return deep.sampled(found) if found else None
        with opened:
            if not _may_be_deep(opened):
                return None
            found, _ = _numbers(opened, plain, in_full)
            return deep.sampled(found) if found and found.deep else None

    return _told(work)


def _told(work: Callable[[], Answer]) -> Answer:
    """Read a picture, and tell a bad file from a bug of ours."""
    try:
        return work()
    except UnreadableImage:
        raise
    except MemoryError as error:
        raise UnreadableImage("too large for this machine's memory") from error
    except Exception as error:
        raise UnreadableImage(
            "not read because of a fault in Thaw itself (number {number} in its log)",
            number=_incident(error),
        ) from error


def _incident(error: Exception) -> str:
    """The number in the log of a fault of ours; it is logged once, not for every picture."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    fault = type(error).__name__, last.filename, last.lineno
    with _recording:
        if fault not in _recorded:
            try:
                _recorded[fault] = incidents.record(error)
            except OSError:  # a full disk
                return say("unknown, since nothing can be written")
        return _recorded[fault]


def _picture(data: bytes, at_least: int | None, preparation: Preparation) -> Picture:
    opened, most, plain = _opened(data, preparation)
    if isinstance(opened, tiffs.Bands):
        found = _of_bands(opened, preparation, most)
        image = deep.shown(found, _levels(found, preparation))
        return _finished(image, image.size, opened.turn, at_least, preparation)
    with opened:
        pixels = opened.width * opened.height * _hunger(opened, preparation)
        if opened.format == "TIFF":
            pixels = max(pixels, _tile(opened, most))
        with _in_turn(pixels):
            return _upright(opened, plain, at_least, most, preparation)


def _in_turn(pixels: int) -> AbstractContextManager[object]:
    """Large ones one at a time, so that memory does not grow with the number of threads."""
    return _large if pixels >= _LARGE_PIXELS else nullcontext()


def _hunger(opened: Any, preparation: Preparation) -> int:
    in_halves = preparation.levels is not None and deep.is_png_of_halves(opened)
    return max(_HUNGRY.get(opened.format, 1), 2 if in_halves else 1)


def _opened(data: bytes, preparation: Preparation) -> tuple[Any, int, bytes]:
    """A picture whose size is allowed, not decoded yet.

    Returns:
        Pillow's lazy image, or `tiffs.Bands` where Pillow would not read all of it; how many pixels
        it may have; and the bytes that are decoded.

    Raises:
        UnreadableImage: The bytes are no picture, or it is too large.
    """
    if not data:
        raise UnreadableImage("empty file")
    most = limits.current().pixels
    if data.startswith(_ICON):  # Pillow decodes it at once
        for width, height in _icons(data):
            refuse_large(width, height, min(most, _LARGE_PIXELS))
    profile = None
    if data.startswith(png_chunks.MAGIC):
        data, profile = png_chunks.bare(data, colours.LARGEST_PROFILE)
    if rare := kinds.rare(data):
        raise UnreadableImage(rare)
    opened = _lazy(data, preparation)
    if opened is None:
        raise UnreadableImage(kinds.reason(data))
    if isinstance(opened, tiffs.Bands):
        return opened, most, data
    try:
        if profile:
            opened.info["icc_profile"] = profile
        width, height = opened.size
        most //= _hunger(opened, preparation)
        refuse_large(width, height, most)
        if width < 1 or height < 1:
            raise UnreadableImage("empty picture, without a single pixel")
        if opened.format in _DRAFTED and _has_endless_scans(data):
            raise UnreadableImage("a JPEG of hundreds of scans, which no program makes")
        if opened.format == "JPEG" and jpegs.lacks_end(data):
            with _large, decoding():
                data = jpegs.ended(data) or data
            opened.fp = io.BytesIO(data)
        if opened.format == "JPEG2000" and _is_too_deep(opened, data):
            raise UnreadableImage(_DEEP_JPEG_2000)
    except BaseException:
        opened.close()
        raise
    return opened, most, data


def _lazy(data: bytes, preparation: Preparation) -> Any:
    """As for `_opened`; None where no format claims these bytes."""
    is_tiff = data.startswith(tiffs.MAGIC)
    if is_tiff and (preparation.levels or preparation.bands != USUAL.bands):
        bands = tiffs.bands(data)
        chosen = preparation.bands != USUAL.bands
        if bands and ((preparation.levels and bands.bits > 8) or (chosen and bands.count > 3)):
            return bands
    try:
        opened = _open(data)
    except UnreadableImage:
        if not is_tiff or (bands := tiffs.bands(data)) is None:
            raise
        return bands
    if opened is not None and opened.format == "TIFF" and tiffs.is_misread(opened):
        opened.close()
        if (bands := tiffs.bands(data)) is None:
            raise tiffs.UnknownKind
        return bands
    return opened


def _of_bands(bands: tiffs.Bands, preparation: Preparation, most: int) -> deep.Numbers:
    fills = max(1, bands.pixel_bytes // 2)  # 4 bytes of a pixel, and as many again to decode it
    refuse_large(bands.width, bands.height, most // fills)
    refuse_large(*bands.tile, most // fills, LARGE_TILES)
    with _in_turn(bands.width * bands.height * fills):
        return bands.numbers(preparation.bands)


def begins_as_picture(head: bytes) -> bool:
    """Whether a file's first 16 bytes or more are those of a picture of a known kind."""
    Image.init()
    accepts = (_HEIF[1] if name == "HEIF" else Image.OPEN[name][1] for name in _FORMATS)
    return any(accept is not None and accept(head[:16]) is True for accept in accepts)


def to_square(
    image: Image.Image, size: int, squaring: Squaring = Squaring.SQUASH
) -> npt.NDArray[np.uint8]:
    """Make an RGB picture square.

    Args:
        image: Of any size.
        size: Pixels of the square's sides.
        squaring: SQUASH shows all of the picture, its proportions changed. CROP keeps them and
            shows the largest square in its middle. PAD keeps them and shows all of it, with
            `AVERAGE_COLOUR` on two sides.

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
        square = Image.new("RGB", (size, size), AVERAGE_COLOUR)
        square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = square
    return np.array(image, np.uint8)


def thumbnail_jpeg(image: Image.Image, size: int) -> bytes:
    """A small JPEG of an RGB picture whose longer side is at most `size`."""
    scale = size / max(image.size)
    if scale < 1:
        shape = (max(1, round(scale * image.width)), max(1, round(scale * image.height)))
        image = image.resize(shape, Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _open(data: bytes) -> Any:
    """The lazy image of the first format that claims these bytes; None if none does.

    This is Image.open without its check of size, which neither lets the size be told nor the
    limit be chosen without changing it for the whole process. HEIF is not registered with Pillow
    for the same reason.
    """
    Image.init()
    failed: UnreadableImage | None = None
    for name in _FORMATS:
        factory, accept = _HEIF if name == "HEIF" else Image.OPEN[name]
        with decoding():
            claimed = accept(data[:16]) if accept else True
        if not claimed or isinstance(claimed, str):
            continue  # a str says why Pillow was built without it
        try:
            with decoding():
                return factory(io.BytesIO(data), "")
        except UnreadableImage as error:
            failed = error  # another format may know better, as Pillow thinks too
    if failed:
        if isinstance(failed.__cause__, Exception) and tiffs.is_unknown(data, failed.__cause__):
            raise tiffs.UnknownKind from failed
        raise failed
    return None


def _icons(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of every picture in an icon: a PNG each, or a BMP with a mask below it."""
    try:
        for number in range(int.from_bytes(data[4:6], "little")):
            (start,) = struct.unpack_from("<I", data, 6 + 16 * number + 12)
            if data.startswith(png_chunks.MAGIC, start):
                yield struct.unpack_from(">II", data, start + 16)
            else:
                width, height = struct.unpack_from("<ii", data, start + 4)
                yield abs(width), abs(height) // 2
    except struct.error as error:
        raise UnreadableImage("damaged or cut off") from error


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
    at = data.find(_CODESTREAM) + 40
    depths = data[at + 2 : at + 2 + 3 * int.from_bytes(data[at : at + 2], "big") : 3]
    deepest = max((depth & 0x7F for depth in depths), default=0)
    return deepest >= (16 if opened.mode == "I;16" else 8)


def _tile(opened: Any, most: int) -> int:
    """Prepare a TIFF that Pillow can read, and count what one tile of it takes, as pixels."""
    tiffs.mend_byte_order(opened)
    width, height, fills = tiffs.tile(opened)
    refuse_large(width, height, most // fills, LARGE_TILES)
    return width * height * fills


def _upright(
    opened: Any, data: bytes, at_least: int | None, most: int, preparation: Preparation
) -> Picture:
    found, size = None, opened.size
    if preparation.levels and _may_be_deep(opened):
        found, size = _numbers(opened, data, preparation)
    else:
        drafted = _drafted(opened, at_least)
        with decoding():
            opened.load()
        if not drafted:
            size = opened.size  # TIFF and HEIF turn themselves, ICO may hold another size
        greys = tiffs.greys(opened) if opened.format == "TIFF" else deep.Greys()
        if deep.is_grey(opened, greys):
            found = deep.of_greys(opened, greys)
    refuse_large(opened.width, opened.height, most)
    image = opened
    if found:
        image = deep.shown(found, _levels(found, preparation))
        image.info["icc_profile"] = opened.info.get("icc_profile")
    return _finished(image, size, _orientation(opened), at_least, preparation)


def _levels(found: deep.Numbers, preparation: Preparation) -> deep.Levels | None:
    """What is black and white in a picture; None where it is scaled by itself."""
    if not found.deep:
        return None
    if preparation.fractions and deep.are_fractions(deep.sampled(found)):
        return 0.0, 1.0
    return preparation.levels


def _drafted(opened: Any, at_least: int | None) -> bool:
    """Have a JPEG decoded at a fraction of its size, where that is enough."""
    if not at_least or opened.format not in _DRAFTED:
        return False
    shrink = min(opened.size) / (2 * at_least)
    if shrink <= 1:
        return False
    smaller = math.ceil(opened.width / shrink), math.ceil(opened.height / shrink)
    with decoding():
        return opened.draft(None, smaller) is not None


def _may_be_deep(opened: Any) -> bool:
    grey = opened.mode == "F" or opened.mode.startswith("I")
    return grey or deep.is_png_of_halves(opened)


def _numbers(
    opened: Any, data: bytes, preparation: Preparation
) -> tuple[deep.Numbers | None, tuple[int, int]]:
    """The numbers of a picture of more than 8 bits that Pillow reads, and its size."""
    if deep.is_png_of_halves(opened):
        return deep.of_png(opened, data), opened.size
    with decoding():
        opened.load()
    greys = tiffs.greys(opened) if opened.format == "TIFF" else deep.Greys()
    return deep.of_greys(opened, greys, see_through=True), opened.size


def _finished(
    image: Image.Image,
    size: tuple[int, int],
    turn: int,
    at_least: int | None,
    preparation: Preparation,
) -> Picture:
    """Smaller where that is enough, in sRGB, on paper, and upright.

    Args:
        image: Of 8 bits a colour.
        size: Of the original.
        turn: How it lies, as EXIF has it.
        at_least: As for `picture`.
        preparation: As for `picture`.
    """
    width, height = size
    factor = max(1, min(image.size) // (2 * at_least)) if at_least else 1
    image = colours.to_srgb(image, factor, preparation.paper)
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
