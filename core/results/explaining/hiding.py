"""A test for shortcuts: what becomes of an answer when parts of the picture are hidden.

What is hidden follows the heat map, which knows places of a coarse grid and no outlines. So this
tells whether an answer rests on a region; it does not tell an object from its background.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.uint8]

_HOTTEST = 0.5  # of all that speaks for a class: the fewest places that add so much are hidden
_MATTERS = 0.8  # the same of the places that stay sharp while the rest is blurred
_BLUR = 1 / 12  # of the picture's side


@dataclass(frozen=True)
class Trial:
    """A changed picture and what the network says of it.

    Attributes:
        pixels: The picture, uint8 [size, size, 3].
        label: The class that it is most sure of now.
        confidence: How sure.
        before: How sure it still is of the class that the map is about.
        share: Share of the picture that was changed.
    """

    pixels: Pixels
    label: str
    confidence: float
    before: float
    share: float


@dataclass(frozen=True)
class Hidden:
    """Both trials.

    Attributes:
        hottest: With the hottest region painted over in the picture's average colour.
        rest: With all but the places that speak for the class blurred.
    """

    hottest: Trial
    rest: Trial


def hide(
    pixels: Pixels,
    heat: npt.NDArray[np.floating],
    probabilities: Callable[[Iterable[Pixels]], npt.NDArray[np.floating]],
    classes: tuple[str, ...],
    place: int,
) -> Hidden:
    """Hide what speaks for a class, then everything else.

    Args:
        pixels: The square picture, uint8 [size, size, 3].
        heat: What each place adds, [places, places].
        probabilities: What the network says of pictures, [pictures, classes].
        classes: Its classes.
        place: The class that the map is about.
    """
    hottest, rest = region(heat, _HOTTEST), ~region(heat, _MATTERS)
    changed = [_painted_over(pixels, hottest), _blurred(pixels, rest)]
    trials = []
    for picture, said, where in zip(changed, probabilities(changed), (hottest, rest), strict=True):
        best = int(said.argmax())
        told = float(said[best]), float(said[place]), float(where.mean())
        trials.append(Trial(picture, classes[best], *told))
    return Hidden(*trials)


def region(heat: npt.NDArray[np.floating], share: float) -> npt.NDArray[np.bool_]:
    """The fewest places that add so much of all that speaks for a class.

    Args:
        heat: What each place adds, [places, places].
        share: How much of the sum of what is positive.

    Returns:
        Whether each place is among them, of the shape of `heat`.
    """
    positive = np.maximum(heat, 0).ravel().astype(np.float64)
    order = np.argsort(-positive, kind="stable")
    reached = np.cumsum(positive[order]) - positive[order]  # before each of them
    chosen = order[(reached < share * positive.sum()) & (positive[order] > 0)]
    found = np.zeros(len(positive), bool)
    found[chosen] = True
    return found.reshape(heat.shape)


def _mask(where: npt.NDArray[np.bool_], size: int) -> Image.Image:
    """Places as pixels, with soft edges: a hard one may itself look like something."""
    mask = Image.fromarray((where * 255).astype(np.uint8))
    return mask.resize((size, size), Image.Resampling.BILINEAR)


def _painted_over(pixels: Pixels, where: npt.NDArray[np.bool_]) -> Pixels:
    picture = Image.fromarray(pixels)
    red, green, blue = np.rint(pixels.reshape(-1, 3).mean(axis=0)).astype(int).tolist()
    average = Image.new("RGB", picture.size, (red, green, blue))
    return np.asarray(Image.composite(average, picture, _mask(where, len(pixels))))


def _blurred(pixels: Pixels, where: npt.NDArray[np.bool_]) -> Pixels:
    picture = Image.fromarray(pixels)
    blurred = picture.filter(ImageFilter.GaussianBlur(_BLUR * len(pixels)))
    return np.asarray(Image.composite(blurred, picture, _mask(where, len(pixels))))
