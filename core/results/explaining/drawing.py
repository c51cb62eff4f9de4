"""Lays a map over the picture that it is about."""

import numpy as np
import numpy.typing as npt
from PIL import Image

_LOW, _HIGH = np.array((214, 72, 139)), np.array((255, 225, 80))  # what speaks for it: some, most
_LONGEST = 480  # pixels of a side, at least: small squares are drawn larger


def overlay(
    pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.floating], strength: float
) -> Image.Image:
    """The picture with what speaks for a class laid over it; the rest is left dim.

    Args:
        pixels: The square picture, uint8 [size, size, 3].
        heat: What each place adds, [places, places].
        strength: How much of the map is seen, from 0 (the picture alone) to 1.
    """
    size = max(len(pixels), _LONGEST)
    picture = np.asarray(Image.fromarray(pixels).resize((size, size)), np.float64)
    positive = np.maximum(heat, 0).astype(np.float32)
    most = float(positive.max())
    shares = positive / most if most > 0 else positive
    drawn = Image.fromarray(shares, "F").resize((size, size), Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(drawn, np.float64), 0, 1)[..., None]
    colour = _LOW + (_HIGH - _LOW) * share
    shown = strength * np.sqrt(share)
    dim = picture * (1 - 0.5 * strength * (1 - share))
    return Image.fromarray(np.rint(dim * (1 - shown) + colour * shown).astype(np.uint8))
