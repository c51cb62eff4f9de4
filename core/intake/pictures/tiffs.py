"""What Pillow does not tell of a TIFF, gets wrong, or does not read."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO, PREFIXES, ImageFileDirectory_v2, TiffImageFile

from core.intake.pictures.decoders import UnreadableImage, decoding
from core.intake.pictures.deep import (
    Greys,
    Numbers,
    Strip,
    rows,
)
from core.saying import later

UNKNOWN = later("a kind of TIFF that Thaw cannot read")
MAGIC = tuple(PREFIXES)

_WIDTH, _HEIGHT, _ORIENTATION, _PREDICTOR, _EXTRA = 256, 257, 274, 317, 338
_FILL_ORDER, _NO_DATA = 266, 42_113
_STRIPS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _FORM = 258, 259, 262, 277, 284, 339
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSIGNED, _SIGNED, _FLOAT, _APART = 1, 2, 3, 2
_DIFFERENCES, _OF_BYTES = 2, 3  # what a predictor left of the numbers
_KINDS = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f", 4: "u"}
_PLAIN = (1, 5, 8, 32_773, 32_946, 34_925, 50_000)  # packings of bytes, whatever these mean
_PREDICTED = (5, 8, 32_946, 34_925, 50_000)  # elsewhere libtiff knows of no predictor
_BIG = 43  # in place of 42, it says that offsets have 8 bytes
_NOT_BUILT_IN = "webp"  # the one packing that the libtiff within Pillow lacks
# With these words Pillow refuses numbers that it has no mode for, and too many colours.
_REFUSALS = ("unknown pixel mode", "Invalid value for samples per pixel")


class UnknownKind(UnreadableImage):
    """Not damaged, but of a kind that Pillow does not read."""

    def __init__(self) -> None:
        super().__init__(UNKNOWN)


def is_unknown(data: bytes, error: Exception) -> bool:
    """Whether Pillow refused to open a TIFF that is not damaged, but of a kind it cannot read."""
    if not data.startswith(MAGIC):
        return False
    if str(error) not in _REFUSALS and not isinstance(error.__cause__, KeyError):
        return False
    directory = _directory(data)
    if directory is None:
        return False
    return str(error) in _REFUSALS or directory.get(_COMPRESSION, 1) not in COMPRESSION_INFO


def _directory(data: bytes) -> ImageFileDirectory_v2 | None:
    """The tags of the first picture; None where the list of them is cut off.

    Raises:
        UnreadableImage: It is damaged.
    """
    with decoding():
        directory = ImageFileDirectory_v2(data[: 16 if data[2] == _BIG else 8])
        file, first = io.BytesIO(data), directory.next
        file.seek(first)
        directory.load(file)
        return None if directory.next == first else directory  # it is read last


@dataclass(frozen=True)
class Bands:
    """How the numbers of a TIFF lie in its file, where they are packed as plain bytes.

    Attributes:
        width: Pixels.
        height: Pixels.
        count: How many bands there are besides alpha.
        bits: Of each number.
        turn: The orientation, as EXIF has it.
        pixel_bytes: Of all numbers that have to be decoded for one pixel.
        tile: Width and height of its tiles; 0 and 0 where it has none.
    """

    width: int
    height: int
    count: int
    bits: int
    turn: int
    tile: tuple[int, int]
    _data: bytes
    _order: str
    _form: int
    _samples: int
    _alpha: int | None
    _apart: bool
    _inverted: bool
    _predictor: int
    _packing: int
    _fill_order: int
    _rows: int
    _starts: tuple[int, ...]
    _lengths: tuple[int, ...]
    _no_data: float | None

    @property
    def pixel_bytes(self) -> int:
        return self.bits // 8 * (4 if self._apart else self._samples)

    def numbers(self, chosen: tuple[int, int, int]) -> Numbers:
        """Decode it.

        Args:
            chosen: Which bands are red, green and blue; the first three where there are not so
                many. Of two bands the first is grey.

        Raises:
            UnreadableImage: It is damaged.
        """
        places = [place for place in range(self._samples) if place != self._alpha]
        if self.count < 3:
            wanted = places[:1]
        else:
            wanted = [places[band] for band in (chosen if max(chosen) < self.count else (0, 1, 2))]
        needed = wanted if self._alpha is None else [*wanted, self._alpha]
        if self._apart:
            planes = {place: self._plane(place, 1) for place in needed}
        else:
            planes = {0: self._plane(0, self._samples)}

        def strips() -> Iterator[Strip]:
            for top, bottom in rows(self.width, self.height):
                if self._apart:
                    read = [self._read(planes[place], 1, top, bottom)[..., 0] for place in needed]
                else:
                    all_of_them = self._read(planes[0], self._samples, top, bottom)
                    read = [all_of_them[..., place] for place in needed]
                alpha = None if self._alpha is None else self._opacity(read.pop())
                values = read[0] if len(read) == 1 else np.stack(read, axis=-1)
                if self._no_data is not None:
                    values = np.where(values == self._no_data, np.nan, values.astype(np.float64))
                if self.bits == 8 and self._form == _SIGNED:
                    values = values.astype(np.int16) + 128
                yield top, values, alpha

        if self.bits == 8:
            usual: tuple[float, ...] = (255.0,)
        else:
            usual = (1.0, 255.0) if self._form == _FLOAT else Numbers.usual
        inverted = self._inverted and len(wanted) == 1
        return Numbers(self.width, self.height, strips, usual, inverted, deep=self.bits > 8)

    def _opacity(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        most = 1.0 if self._form == _FLOAT else float(2**self.bits - 1)
        share = np.nan_to_num(values.astype(np.float64), nan=0.0) / most
        return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)

    def _plane(self, number: int, samples: int) -> Image.Image:
        """Bytes as they lie in the file, one a pixel, of a picture that is so much wider.

        libtiff unpacks bytes whatever they mean, so it is told that they are greys of 8 bits.
        """
        across = samples * self.bits // 8
        tags: dict[int, tuple[int, ...]] = {
            _HEIGHT: (self.height,),
            _BITS: (8,),
            _COMPRESSION: (self._packing,),
            _PHOTOMETRIC: (_BLACK_IS_ZERO,),
            _FILL_ORDER: (self._fill_order,),
            _SAMPLES: (1,),
        }
        if all(self.tile):
            wide, high = self.tile
            columns, lines = -(-self.width // wide), -(-self.height // high)
            pieces = slice(number * columns * lines, (number + 1) * columns * lines)
            tags |= {
                _WIDTH: (columns * wide * across,),
                _TILE_WIDTH: (wide * across,),
                _TILE_HEIGHT: (high,),
                _TILES: self._starts[pieces],
                _TILE_BYTES: self._lengths[pieces],
            }
        else:
            lines = -(-self.height // self._rows)
            pieces = slice(number * lines, (number + 1) * lines)
            tags |= {
                _WIDTH: (self.width * across,),
                _STRIPS: self._starts[pieces],
                _STRIP_ROWS: (self._rows,),
                _STRIP_BYTES: self._lengths[pieces],
            }
        with decoding(), TiffImageFile(io.BytesIO(_with_tags(self._data, tags))) as plain:
            plain.load()
            return plain.copy()

    def _read(
        self, plane: Image.Image, samples: int, top: int, bottom: int
    ) -> npt.NDArray[np.generic]:
        """Numbers of some rows, [rows, width, samples]."""
        raw = np.asarray(plane.crop((0, top, plane.width, bottom)))
        size, wide = self.bits // 8, self.tile[0] or self.width
        kind = np.dtype(f"{self._order}{_KINDS[self._form]}{size}")
        high = len(raw)
        if self._predictor == _OF_BYTES:
            summed = np.cumsum(raw.reshape(high, -1, wide * size, samples), axis=2, dtype=np.uint8)
            apart = summed.reshape(high, -1, size, wide * samples).swapaxes(2, 3)
            values = np.ascontiguousarray(apart).view(f">f{size}")
        else:
            values = np.ascontiguousarray(raw).view(kind)
            if self._predictor == _DIFFERENCES:
                whole = np.dtype(f"u{size}")
                steps = values.view(f"{self._order}u{size}").reshape(high, -1, wide, samples)
                values = np.cumsum(steps, axis=2, dtype=whole).view(kind.newbyteorder("="))
        return values.reshape(high, -1, samples)[:, : self.width]


def bands(data: bytes) -> Bands | None:
    """How the numbers of a TIFF lie in its file; None where they are not packed as plain bytes.

    Raises:
        UnreadableImage: It is damaged.
    """
    tags = _directory(data)
    if tags is None:
        return None
    width, height, samples = (_ints(tags, tag, 1)[0] for tag in (_WIDTH, _HEIGHT, _SAMPLES))
    bits, forms = set(_ints(tags, _BITS, 1)), set(_ints(tags, _FORM, _UNSIGNED))
    packing, photometric = _ints(tags, _COMPRESSION, 1)[0], _ints(tags, _PHOTOMETRIC, 1)[0]
    if width < 1 or height < 1 or samples < 1 or len(bits) > 1 or len(forms) > 1:
        return None
    (each,), (form,) = bits, forms
    sound = (16, 32, 64) if form == _FLOAT else (8, 16, 32, 64)
    known = packing in _PLAIN and form in _KINDS and each in sound
    if not known or photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return None
    tile = _ints(tags, _TILE_WIDTH, 0)[0], _ints(tags, _TILE_HEIGHT, 0)[0]
    tiled = min(tile) > 0
    high = _ints(tags, _STRIP_ROWS, height)[0]
    starts = _ints(tags, _TILES if tiled else _STRIPS, 0)
    lengths = _ints(tags, _TILE_BYTES if tiled else _STRIP_BYTES, 0)
    extra = [*_ints(tags, _EXTRA, 0)] if _EXTRA in tags else []
    first = samples - len(extra)
    see_through = [first + place for place, kind in enumerate(extra) if kind in (1, 2)]
    alpha = see_through[0] if see_through and see_through[0] > 0 else None
    # Offsets of a whole file: one that is larger than a picture may be is not read at all.
    if not all(0 <= number < 1 << 32 for number in (*starts, *lengths)):
        return None
    return Bands(
        width=width,
        height=height,
        count=samples - (alpha is not None),
        bits=each,
        turn=_ints(tags, _ORIENTATION, 1)[0],
        tile=tile if tiled else (0, 0),
        _data=data,
        _order=">" if data.startswith(b"MM") else "<",
        _form=form,
        _samples=samples,
        _alpha=alpha,
        _apart=samples > 1 and _ints(tags, _PLANES, 1)[0] == _APART,
        _inverted=photometric == _WHITE_IS_ZERO,
        _predictor=_ints(tags, _PREDICTOR, 1)[0] if packing in _PREDICTED else 1,
        _packing=packing,
        _fill_order=_ints(tags, _FILL_ORDER, 1)[0],
        _rows=min(max(1, high), height),
        _starts=starts,
        _lengths=lengths,
        _no_data=_number(tags.get(_NO_DATA)),
    )


def _ints(tags: ImageFileDirectory_v2, tag: int, default: int) -> tuple[int, ...]:
    """What a tag says, where it says whole numbers; a hostile file may say anything."""
    with decoding():
        said = tags.get(tag, default)
    values = said if isinstance(said, tuple) else (said,)
    whole = values and all(isinstance(value, int) for value in values)
    return tuple(values) if whole else (default,)


def _number(said: object) -> float | None:
    """A number that is written in letters, as GDAL writes which one stands for nothing."""
    try:
        return float(str(said).strip("\0 ")) if said is not None else None
    except ValueError:
        return None


def _with_tags(data: bytes, tags: dict[int, tuple[int, ...]]) -> bytes:
    """A TIFF that has these tags in place of its own, its pixels where they were."""
    table, behind, start = struct.pack("<H", len(tags)), b"", len(data) + len(data) % 2
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            at = start + 2 + 12 * len(tags) + 4 + len(behind)
            behind += packed
            packed = struct.pack("<I", at)
        table += struct.pack("<HHI", tag, 4, len(values)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", start)
    return b"".join((head, data[8:], b"\0" * (len(data) % 2), table, bytes(4), behind))


def is_misread(opened: Any) -> bool:
    """Whether Pillow has opened a TIFF that it will not decode, or not rightly."""
    packing = opened.info.get("compression")
    # It reads the colours of such a picture as if they had 8 bits.
    tags = opened.tag_v2
    apart = _ints(tags, _PLANES, 1)[0] == _APART and _ints(tags, _SAMPLES, 1)[0] > 1
    return packing == _NOT_BUILT_IN or (packing == "raw" and apart and _bits(opened) > 8)


def tile(opened: Any) -> tuple[int, int, int]:
    """Width and height of a TIFF's tiles, and how often a pixel of them fills 4 bytes.

    A decoder holds a whole tile, however small the picture is. A strip is never larger than that.
    """
    tags = opened.tag_v2
    fills = max(1, -(-_bits(opened) * _ints(tags, _SAMPLES, 1)[0] // 32))
    return _ints(tags, _TILE_WIDTH, 0)[0], _ints(tags, _TILE_HEIGHT, 0)[0], fills


def greys(opened: Any) -> Greys:
    """How the numbers of a TIFF are meant, where its mode does not say so."""
    kind = opened.mode, _ints(opened.tag_v2, _FORM, _UNSIGNED)[0], _bits(opened)
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
    return max(_ints(opened.tag_v2, _BITS, 1))
