"""Pixels of any mode, depth and colour profile, to sRGB."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

LARGEST_PROFILE = 4 << 20  # those of printing presses are 2 or 3 MB

_WHITE = (255, 255, 255)
_WITH_PROFILES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}  # a mode, and what a profile calls it
_STRIP = 2 << 20  # pixels that are changed together
_BARELY = 2  # of 255: what nobody sees


@dataclass(frozen=True)
class Greys:
    """How the numbers of a grey picture are meant, where its mode does not say so.

    Attributes:
        numbers: A numpy type as wide as that of the mode; None where the mode is right.
        inverted: Whether 0 is white, in a deep picture.
    """

    numbers: type[np.generic] | None = None
    inverted: bool = False


_AS_THEY_ARE = Greys()


def to_srgb(image: Image.Image, factor: int = 1, greys: Greys = _AS_THEY_ARE) -> Image.Image:
    """A new RGB picture in sRGB, on white where see-through.

    Args:
        image: In any mode, with the profile that came with it; a broken one is ignored.
        factor: Make it so many times smaller.
        greys: How its numbers are meant.
    """
    profile = image.info.get("icc_profile")
    if greys.numbers or image.mode == "F" or image.mode.startswith("I"):
        image = _from_deep(image, greys)
    if image.width * image.height <= _STRIP:
        made = _rgb(_reduced(_in_bytes(image), factor), profile)
        made.info = {}
        return made
    made = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    # Strip by strip, so that a large picture is never in memory in a second mode.
    for box in _strips(image, factor):
        strip = _reduced(_in_bytes(image.crop(box)), factor)
        made.paste(_rgb(strip, profile), (0, box[1] // factor))
    return made


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _strips(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of so many rows that they are few pixels, and a multiple of a factor."""
    rows = max(1, _STRIP // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)


def _rgb(image: Image.Image, profile: object) -> Image.Image:
    if image.mode == "RGBA":
        paper = Image.new("RGB", image.size, _WHITE)
        paper.paste(image, mask=image)
        image = paper
    known = isinstance(profile, bytes) and len(profile) <= LARGEST_PROFILE
    transform = _to_srgb(cast(bytes, profile), image.mode) if known else None
    if transform is None:
        return image.convert("RGB")
    # None comes only when it is asked to work in place.
    return cast(Image.Image, ImageCms.applyTransform(image, transform))


@lru_cache(maxsize=16)  # the pictures of one camera share one
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What makes sRGB of pixels in a profile's colours; None where that would change nothing."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _WITH_PROFILES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
        )
    except Exception:  # LittleCMS and Pillow raise anything at broken ones, and the pixels are fine
        return None
    return transform if mode == "CMYK" or _shows(transform, mode) else None


def _shows(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform changes colours so that somebody could see it."""
    steps = np.arange(0, 256, 15).astype(np.uint8)
    if mode == "L":
        colours = Image.fromarray(steps[None])
    else:
        cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        colours = Image.fromarray(cube.reshape(1, -1, 3))
    after = np.asarray(ImageCms.applyTransform(colours, transform), np.int16)
    return bool(np.abs(after - np.asarray(colours.convert("RGB"))).max() > _BARELY)


def _in_bytes(image: Image.Image) -> Image.Image:
    """A picture of any mode that is not deep as L, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode == "LAB":
        transform = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        return cast(Image.Image, ImageCms.applyTransform(image, transform))
    if mode in ("RGBa", "La"):
        return image.convert("RGBA" if mode == "RGBa" else "LA").convert("RGBA")
    if mode in ("LA", "PA") or (mode in ("1", "L", "P", "RGB") and "transparency" in image.info):
        return image.convert("RGBA")
    return image if mode in ("L", "RGB", "RGBA", "CMYK") else image.convert("RGB")


def _from_deep(image: Image.Image, greys: Greys) -> Image.Image:
    """16-bit, 32-bit, float and signed greys, scaled to 8 bits where Pillow would clip them.

    Cameras of 10, 12 or 14 bits store their values as they are in 16: the smallest of these depths
    that holds the brightest pixel is taken for white, or such pictures would come out black.
    """
    ranges = [(float(np.min(strip)), float(np.max(strip))) for _, strip in _floats(image, greys)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    whites = [1, 255] if image.mode == "F" else [255, 1023, 4095, 16_383, 65_535]
    if low >= 0 and high <= whites[-1]:
        low, high = 0.0, float(next(white for white in whites if high <= white))
    grey = Image.new("L", image.size)
    for top, strip in _floats(image, greys):
        scaled = (strip - low) * (255.0 / ((high - low) or 1.0))
        if greys.inverted:
            scaled = 255.0 - scaled
        grey.paste(Image.fromarray(np.rint(scaled).astype(np.uint8)), (0, top))
    return grey


def _floats(image: Image.Image, greys: Greys) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Strips of a deep picture, each with where it begins.

    In double precision, in which even the largest and the smallest float can be subtracted.
    """
    for box in _strips(image):
        values = np.asarray(image.crop(box))
        if greys.numbers:
            values = values.view(greys.numbers)
        yield box[1], np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
