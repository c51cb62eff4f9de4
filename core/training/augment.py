"""Varies training images: each variant is turned, zoomed, mirrored and lit a little differently.

A variant depends on the image, its number and the strength alone, so that it is the same on every
machine and what a frozen network says of it can be kept.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from core.intake.pictures.images import to_square
from core.settings import Squaring, Strength

_RECIPE = 1  # part of every key: count it up when what `view` does changes


@dataclass(frozen=True)
class _Reach:
    """How far a variant may be from its image.

    Attributes:
        turn: Degrees to either side.
        zoom: The least share of each side that is left.
        light: Brightness and contrast, as a share more or less.
        colour: Saturation, likewise; a quarter of it for the balance of red, green and blue.
    """

    turn: float
    zoom: float
    light: float
    colour: float


_REACHES = {
    Strength.LIGHT: _Reach(turn=5, zoom=0.9, light=0.1, colour=0.1),
    Strength.MEDIUM: _Reach(turn=10, zoom=0.75, light=0.2, colour=0.25),
    Strength.STRONG: _Reach(turn=20, zoom=0.6, light=0.35, colour=0.5),
}


@dataclass(frozen=True)
class Augmentation:
    """How images are varied.

    Attributes:
        strength: How much; not NONE.
        mirror: Whether left and right may be swapped: harmless for most things, wrong for letters.
        square: How images become square before they are varied.
    """

    strength: Strength
    mirror: bool
    square: Squaring = Squaring.SQUASH

    def key(self, digest: str, number: int) -> str:
        """What one variant of an image is called in a cache, 64 hex digits.

        How images become square is not part of it: the cache's own key tells that.

        Args:
            digest: Of the image's bytes.
            number: Of the variant, from 0.
        """
        told = f"{_RECIPE} {self.strength} {self.mirror} {digest} {number}"
        return hashlib.sha256(told.encode()).hexdigest()

    def view(
        self, image: Image.Image, digest: str, number: int, size: int
    ) -> npt.NDArray[np.uint8]:
        """One variant of an image.

        Args:
            image: RGB, of any size; made square first, as `images.to_square` does.
            digest: Of the image's bytes.
            number: Of the variant, from 0.
            size: Pixels of its sides.

        Returns:
            uint8 [size, size, 3].
        """
        random = np.random.default_rng(int(self.key(digest, number), 16))
        reach = _REACHES[self.strength]
        angle = math.radians(random.uniform(-reach.turn, reach.turn))
        # A turned square of this side lies within the picture: there are no empty corners.
        inside = 1 / (math.cos(angle) + abs(math.sin(angle)))
        left = min(random.uniform(reach.zoom, 1.0), inside)
        x, y = random.uniform(-0.5, 0.5, 2) * (1 - left / inside)
        mirrored = -1 if self.mirror and random.random() < 0.5 else 1
        # Scaled so that what is left has the size wanted; then turning needs no scaling.
        whole = max(size, round(size / left))
        square = Image.fromarray(to_square(image, whole, self.square))
        cos, sin = math.cos(angle) * left * whole / size, math.sin(angle) * left * whole / size
        across, down = mirrored * cos, mirrored * sin
        middle_x, middle_y = whole * (0.5 + x), whole * (0.5 + y)
        half = size / 2
        turned = square.transform(
            (size, size),
            Image.Transform.AFFINE,
            (
                across, -sin, middle_x - half * (across - sin),
                down, cos, middle_y - half * (down + cos),
            ),
            Image.Resampling.BILINEAR,
        )  # fmt: skip
        return np.array(_lit(turned, reach, random), np.uint8)


def _lit(image: Image.Image, reach: _Reach, random: np.random.Generator) -> Image.Image:
    """The same picture in another light."""
    brightness, contrast = 1 + random.uniform(-reach.light, reach.light, 2)
    saturation = 1 + random.uniform(-reach.colour, reach.colour)
    balance = 1 + random.uniform(-reach.colour, reach.colour, 3) / 4
    image = ImageEnhance.Contrast(image).enhance(float(contrast))
    image = ImageEnhance.Color(image).enhance(float(saturation))
    levels = np.arange(256)[None] * (brightness * balance)[:, None]
    return image.point(np.clip(np.rint(levels), 0, 255).astype(int).ravel().tolist())
