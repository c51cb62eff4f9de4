"""Whether two pictures are one picture: the one is laid over the other as well as it can be.

A copy that somebody has resized, saved again or cropped a little differs from its original by a
stretch and a shift along each side of the square that both are squashed into, and by noise. These
four numbers are found by Gauss-Newton steps on the grey values, from coarse to fine (the method of
Lucas and Kanade), for many pairs at a time.

How well the two agree then says little by itself: two digits of eight by eight dots agree better
than two copies of a lawn. So what they differ by is held against their finest detail, which copying
blurs: where it is more than that, or the detail is another, they are two pictures.
"""

from collections.abc import Callable
from contextlib import closing

import numpy as np
import numpy.typing as npt

from core.intake.parallel import in_order, threads_for_pictures

_LEVELS = ((16, 8), (32, 5), (64, 4))  # pixels of a side, and steps
_PAIRS = 32  # at a time: what is worked on then stays in a processor's cache
_STRETCH = (0.7, 1.4)  # a tenth cropped off each side is 0.8, seen from the other picture 1.25
_OVERLAP = 0.5  # of the area, at least
_PROMISING = 0.7  # agreement on a coarse level, below which a finer one is not worth its time
_AGREE = 0.94  # of copies, at least
_DETAIL = 1.5  # pixels that the finest detail is about as large as
_DETAIL_AGREES = 0.85

Floats = npt.NDArray[np.float32]


def same(
    pictures: npt.NDArray[np.uint8],
    pairs: npt.NDArray[np.intp],
    report: Callable[[int, int], None] = lambda *_: None,
) -> npt.NDArray[np.bool_]:
    """Which pairs are one picture, cropped a little, resized or saved again.

    Args:
        pictures: Grey, [pictures, 64, 64].
        pairs: Places of two pictures, [pairs, 2].
        report: Told pairs done and in total; what it raises ends the work.

    Returns:
        [pairs].
    """

    def some(first: int) -> npt.NDArray[np.bool_]:
        chosen = pairs[first : first + _PAIRS]
        return _same(*(pictures[chosen[:, side]].astype(np.float32) for side in (0, 1)))

    found = np.zeros(len(pairs), np.bool_)
    firsts = range(0, len(pairs), _PAIRS)
    with closing(in_order(some, firsts, threads_for_pictures())) as outcomes:
        for first, copies in zip(firsts, outcomes, strict=True):
            found[first : first + _PAIRS] = copies
            report(first + len(copies), len(pairs))
    return found


def _same(one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    """Stretch and shift `one` until it lies over `other`, as long as that is promising."""
    rows = np.arange(len(one))
    stretch, shift = np.ones((len(one), 2), np.float32), np.zeros((len(one), 2), np.float32)
    for side, steps in _LEVELS:
        small, target = _reduced(one[rows], side), _reduced(other[rows], side)
        slopes = [np.gradient(small, axis=axis) for axis in (1, 2)]
        for _ in range(steps):
            change = _step(small, slopes, _standard(target), stretch, shift)
            stretch = np.clip(stretch + change[:, :2], *_STRETCH)
            shift = np.clip(shift + change[:, 2:], -0.25, 0.25)
        laid, inside = _laid(small, stretch, shift)
        laid, target = _standard(laid, inside), _standard(target, inside)
        agreed = _mean(laid * target, inside)[:, 0, 0]
        promising = (agreed >= _PROMISING) & (inside.mean((1, 2)) >= _OVERLAP)
        rows, stretch, shift = rows[promising], stretch[promising], shift[promising]
    details = [_detail(each, inside) for each in (laid, target)]
    sizes = [_mean(each**2, inside)[:, 0, 0] for each in details]
    alike = _mean(details[0] * details[1], inside)[:, 0, 0]
    copies = (
        (agreed >= _AGREE)
        & (1 - agreed <= np.minimum(*sizes))
        & (alike >= _DETAIL_AGREES * np.sqrt(sizes[0] * sizes[1]))
    )
    found = np.zeros(len(one), np.bool_)
    found[rows] = copies[promising]
    return found


def _step(
    picture: Floats, slopes: list[Floats], target: Floats, stretch: Floats, shift: Floats
) -> Floats:
    """What to add to stretch and shift, [pairs, 4]: along rows and columns, first the stretch."""
    laid, inside = _laid(picture, stretch, shift)
    scale = _deviation(laid, inside)
    missing = (target - _standard(laid, inside)) * inside
    side = picture.shape[1]
    away = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / side
    down, right = (_laid(slope, stretch, shift)[0] * side / scale * inside for slope in slopes)
    effects = (down * away[:, None], right * away, down, right)
    effect = np.stack(effects, axis=-1).reshape(len(picture), side * side, 4)
    square = effect.transpose(0, 2, 1) @ effect + 1e-2 * side * np.eye(4, dtype=np.float32)
    towards = effect.transpose(0, 2, 1) @ missing.reshape(len(picture), side * side, 1)
    solved: Floats = np.linalg.solve(square, towards)[:, :, 0]
    return np.clip(solved, -0.1, 0.1)


def _laid(picture: Floats, stretch: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """The picture read at stretched and shifted places, and where these lie inside it."""
    side = picture.shape[1]
    places = np.arange(side, dtype=np.float32)
    middle = (side - 1) / 2
    at = (places - middle) * stretch[..., None] + middle + shift[..., None] * side
    held = np.clip(at, 0, side - 1)[..., None]
    mix = np.maximum(0, 1 - np.abs(held - places))  # bilinear, along each axis
    within = (at >= -0.5) & (at <= side - 0.5)
    inside = (within[:, 0, :, None] & within[:, 1, None, :]).astype(np.float32)
    return mix[:, 0] @ picture @ mix[:, 1].transpose(0, 2, 1), inside


def _detail(picture: Floats, inside: Floats) -> Floats:
    """What is lost when the picture is blurred, and 0 outside."""
    places = np.arange(picture.shape[1], dtype=np.float32)
    blur = np.exp(-((places[:, None] - places) ** 2) / (2 * _DETAIL**2))
    near = (blur @ inside @ blur).clip(min=1e-6)
    lost: Floats = (picture - blur @ picture @ blur / near) * inside
    return lost


def _standard(picture: Floats, inside: Floats | None = None) -> Floats:
    """Of mean 0 and deviation 1 inside, and 0 outside."""
    inside = np.ones_like(picture) if inside is None else inside
    return (picture - _mean(picture, inside)) / _deviation(picture, inside) * inside


def _deviation(picture: Floats, inside: Floats) -> Floats:
    spread = _mean((picture - _mean(picture, inside)) ** 2, inside)
    return np.sqrt(np.maximum(spread, 1.0))


def _mean(picture: Floats, inside: Floats) -> Floats:
    area = inside.sum((1, 2), keepdims=True).clip(min=1)
    mean: Floats = (picture * inside).sum((1, 2), keepdims=True) / area
    return mean


def _reduced(picture: Floats, side: int) -> Floats:
    factor = picture.shape[1] // side
    blocks: Floats = picture.reshape(len(picture), side, factor, side, factor).mean((2, 4))
    return blocks
