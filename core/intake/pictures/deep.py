"""Pictures of more than 8 bits a colour, or of more than three bands: numbers, then colours."""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.intake.pictures.decoders import decoding

Levels = tuple[float, float]
Strip = tuple[int, npt.NDArray[Any], npt.NDArray[np.uint8] | None]

STRIP = 2 << 20  # pixels that are changed together
_SAMPLED = 16_384  # pixels of a picture that its levels are found by
_SIXTEEN_BITS = (255.0, 1023.0, 4095.0, 16_383.0, 65_535.0)
# What Pillow calls the layout of a PNG's 16 bits: as if so, it takes the bytes that count most, and
# the other way round those that count least.
_HALVES = {"RGB": ("RGB;16B", "RGB;16L"), "RGBA": ("RGBA;16B", "RGBA;16L")}
_GREY_WITH_ALPHA = "LA;16B"
_HALVED = ("RGB;16B", "RGBA;16B", _GREY_WITH_ALPHA)


@dataclass(frozen=True)
class Numbers:
    """A picture's numbers as its file holds them.

    Attributes:
        width: Pixels.
        height: Pixels.
        strips: Gives rows from the top down: where they begin, their numbers [rows, width] or
            [rows, width, 3], and their opacity, uint8 [rows, width], where there is any. What is
            missing is NaN.
        usual: Numbers that are white in files of this kind, the least first.
        inverted: Whether the least number is white.
        deep: Whether it has more than 8 bits, so that the levels of a data set hold for it.
    """

    width: int
    height: int
    strips: Callable[[], Iterator[Strip]]
    usual: tuple[float, ...] = _SIXTEEN_BITS
    inverted: bool = False
    deep: bool = True


@dataclass(frozen=True)
class Greys:
    """How the numbers of a grey picture are meant, where its mode does not say so.

    Attributes:
        numbers: A numpy type as wide as that of the mode; None where the mode is right.
        inverted: Whether 0 is white, in a deep picture.
    """

    numbers: type[np.generic] | None = None
    inverted: bool = False


def rows(width: int, height: int, factor: int = 1) -> Iterator[tuple[int, int]]:
    """Where strips of few pixels begin and end, the beginnings multiples of a factor."""
    step = max(1, STRIP // (max(1, width) * factor)) * factor
    for top in range(0, height, step):
        yield top, min(top + step, height)


def is_grey(image: Image.Image, greys: Greys) -> bool:
    """Whether a decoded picture holds greys that do not fit into 8 bits as they are."""
    return bool(greys.numbers) or image.mode == "F" or image.mode.startswith("I")


def of_greys(image: Image.Image, greys: Greys, *, see_through: bool = False) -> Numbers:
    """The numbers of 16-bit, 32-bit, float and signed greys, as Pillow has decoded them.

    Args:
        image: Decoded.
        greys: How its numbers are meant.
        see_through: Whether the number that a PNG calls transparent is so.
    """
    key = image.info.get("transparency") if see_through else None

    def strips() -> Iterator[Strip]:
        for top, bottom in rows(*image.size):
            values = np.asarray(image.crop((0, top, image.width, bottom)))
            if greys.numbers:
                values = values.view(greys.numbers)
            alpha = None
            if isinstance(key, int):
                alpha = np.where(values == key, 0, 255).astype(np.uint8)
            yield top, values, alpha

    usual = (1.0, 255.0) if image.mode == "F" else _SIXTEEN_BITS
    narrow = image.mode == "L"
    return Numbers(image.width, image.height, strips, usual, greys.inverted, deep=not narrow)


def is_png_of_halves(opened: Any) -> bool:
    """Whether a picture is a PNG with colours or alpha of 16 bits, of which Pillow takes half."""
    return opened.format == "PNG" and bool(opened.tile) and opened.tile[0].args in _HALVED


def of_png(opened: Any, data: bytes) -> Numbers:
    """The numbers of such a PNG, in full."""
    see_through = opened.info.get("transparency")
    if opened.tile[0].args == _GREY_WITH_ALPHA:
        (both,) = _decoded(opened, data, "RGBA")  # grey and alpha, two bytes each
        return Numbers(both.width, both.height, lambda: _grey_strips(both))
    high, low = _decoded(opened, data, *_HALVES[opened.mode])

    def strips() -> Iterator[Strip]:
        for top, bottom in rows(*high.size):
            box = 0, top, high.width, bottom
            values = np.asarray(high.crop(box)).astype(np.uint16) << 8
            values |= np.asarray(low.crop(box))
            alpha = None
            if values.shape[2] == 4:
                alpha = (values[..., 3] >> 8).astype(np.uint8)
            elif isinstance(see_through, tuple):
                key = (values == np.array(see_through, np.uint16)).all(axis=2)
                alpha = np.where(key, 0, 255).astype(np.uint8)
            yield top, values[..., :3], alpha

    return Numbers(high.width, high.height, strips)


def _decoded(opened: Any, data: bytes, *layouts: str) -> list[Image.Image]:
    """A PNG, decoded as if its bytes were laid out like this.

    Pillow has no mode for colours of 16 bits. Of each it keeps one byte, and which one the name of
    the layout says.
    """
    found = []
    for layout in layouts:
        with decoding(), type(opened)(io.BytesIO(data), "") as again:
            again.tile = [part._replace(args=layout) for part in again.tile]
            again.load()
            found.append(again.copy())
    return found


def _grey_strips(both: Image.Image) -> Iterator[Strip]:
    for top, bottom in rows(*both.size):
        values = np.asarray(both.crop((0, top, both.width, bottom)))
        grey = values[..., 0].astype(np.uint16) << 8 | values[..., 1]
        yield top, grey, values[..., 2]


def shown(numbers: Numbers, levels: Levels | None) -> Image.Image:
    """A picture in L or RGB, with alpha where it has any.

    Args:
        numbers: Of the picture.
        levels: What is black and what is white; None where each picture is scaled by itself.
    """
    black, white = levels or _guessed(numbers)
    missing = black if levels else 0.0
    most, least = (white, black) if levels else (0.0, 0.0)
    image: Image.Image | None = None
    for top, values, alpha in numbers.strips():
        plain = np.nan_to_num(values.astype(np.float64), nan=missing, posinf=most, neginf=least)
        scaled = (np.clip(plain, black, white) - black) * (255.0 / ((white - black) or 1.0))
        if numbers.inverted:
            scaled = 255.0 - scaled
        strip = Image.fromarray(np.rint(scaled).astype(np.uint8))
        if alpha is not None:
            strip = strip.convert("RGB")
            strip.putalpha(Image.fromarray(alpha))
        if image is None:
            image = Image.new(strip.mode, (numbers.width, numbers.height))
        image.paste(strip, (0, top))
    assert image is not None
    return image


def _guessed(numbers: Numbers) -> Levels:
    """Levels of one picture alone, where no data set says them.

    Cameras of 10, 12 or 14 bits store their values as they are in 16: the smallest of these depths
    that holds the brightest pixel is taken for white, or such pictures would come out black.
    """
    low, high = math.inf, -math.inf
    for _, values, _ in numbers.strips():
        plain = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
        low, high = min(low, float(np.min(plain))), max(high, float(np.max(plain)))
    if low >= 0 and high <= numbers.usual[-1]:
        return 0.0, next(white for white in numbers.usual if high <= white)
    return low, high


def are_fractions(values: npt.NDArray[np.float64]) -> bool:
    """Whether numbers of a picture are broken ones, all of them from 0 to 1."""
    return bool(values.size and values.min() >= 0 and values.max() <= 1 and (values % 1 > 0).any())


def sampled(numbers: Numbers) -> npt.NDArray[np.float64]:
    """Some of a picture's numbers, evenly spread over it; what is missing or endless is left out.

    Returns:
        float64 [numbers], of all three colours.
    """
    step = max(1, math.isqrt(numbers.width * numbers.height // _SAMPLED))
    found = []
    for top, values, _ in numbers.strips():
        some = values[-top % step :: step, ::step].astype(np.float64).ravel()
        found.append(some[np.isfinite(some)])
    return np.concatenate(found)
