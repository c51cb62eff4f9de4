"""Ridge regression of classes on numbers: solved at once, and judged on each image left out.

The answer to an image that was left out follows from the answer to all of them and one number an
image (the leverage), so that leaving out each of 20,000 images in turn costs one decomposition of a
small matrix, where cross-validated logistic regression takes minutes.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

_SHARPNESS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # from scores to probabilities
_AT_ONCE = 2048  # images
_SMALL = 3000  # rows of a matrix
_THREADS = ThreadpoolController()

Numbers = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class LeftOut:
    """Answers to images that were each left out in turn, with the penalty that suits best.

    Attributes:
        penalty: What is added to the spread of the numbers, times the number of images.
        sharpness: What scores are multiplied by before the softmax.
        loss: Mean cross-entropy of the answers, if one more image were answered wrongly.
        probabilities: Of each class, [images, classes].
        scores: What they come from, [images, classes].
    """

    penalty: float
    sharpness: float
    loss: float
    probabilities: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sharpened:
    """Scores made probabilities, as sharp as suits best.

    Attributes:
        sharpness: What scores are multiplied by before the softmax.
        loss: Mean cross-entropy of the answers, if one more image were answered wrongly.
        probabilities: Of each class, [images, classes].
    """

    sharpness: float
    loss: float
    probabilities: npt.NDArray[np.float64]


def leave_one_out(
    numbers: Numbers,
    labels: Places,
    classes: int,
    weights: npt.NDArray[np.float64],
    penalties: Sequence[float],
) -> LeftOut:
    """Answer to each image by what was learned from all others.

    Args:
        numbers: That describe each image, of a like scale, [images, numbers].
        labels: The place of each image's class.
        classes: How many classes there are.
        weights: How much each image counts, [images].
        penalties: Those to choose from.
    """
    with threads(numbers):
        share = weights / weights.sum()
        roots = np.sqrt(weights)
        centred = (numbers - share @ numbers) * roots[:, None].astype(numbers.dtype)
        if numbers.shape[1] <= len(labels):
            spread, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
            turned = centred @ axes.astype(numbers.dtype)
        else:
            spread, turned = np.linalg.eigh((centred @ centred.T).astype(np.float64))
            turned = turned * np.sqrt(np.maximum(spread, 0))
        asked = np.eye(classes)[labels]
        targets = (asked - share @ asked) * roots[:, None]
        along, squares = turned.T @ targets, turned**2
        best: LeftOut | None = None
        for penalty in penalties:
            strength = 1 / (np.maximum(spread, 0) + penalty)
            answered = turned @ (along * strength[:, None])
            leverage = np.minimum(squares @ strength + share, 1 - 1e-6)[:, None]
            unseen = asked - (targets - answered) / (1 - leverage) / roots[:, None]
            made = sharpened(unseen, labels, weights)
            if best is None or made.loss < best.loss:
                best = LeftOut(penalty, made.sharpness, made.loss, made.probabilities, unseen)
        assert best is not None
        return best


def threads(numbers: Numbers) -> AbstractContextManager[object]:
    """One thread for a small matrix: several wait for each other longer than they compute.

    It holds for the whole process, so that whoever solves several side by side holds it for all.
    """
    limited: AbstractContextManager[object] = _THREADS.limit(
        limits=1 if min(numbers.shape) <= _SMALL else None, user_api="blas"
    )
    return limited


def sharpened(
    scores: npt.NDArray[np.float64], labels: Places, weights: npt.NDArray[np.float64]
) -> Sharpened:
    """Make probabilities of scores for images that were left out.

    Args:
        scores: Of each class, [images, classes].
        labels: The place of each image's class.
        weights: How much each image counts.
    """
    share = weights / weights.sum()
    images, least = np.arange(len(labels)), np.log(1e-12)
    # With these the largest score of each image is 0, and stays it however sharp they are.
    below = scores - scores.max(axis=1, keepdims=True)
    losses = []
    for sharpness in _SHARPNESS:
        sharp = sharpness * below
        told = np.maximum(sharp - np.log(np.exp(sharp).sum(axis=1, keepdims=True)), least)
        right, any_class = told[images, labels], told.mean(axis=1)
        # Laplace's rule: who is always right among n may still err once in n + 1. Without it,
        # answers that are all right would make the sharpest ones best.
        losses.append(-float(share @ (right + (any_class - right) / (len(labels) + 1))))
    best = int(np.argmin(losses))
    sharpness = _SHARPNESS[best]
    return Sharpened(sharpness, losses[best], softmax(sharpness * scores))


def solve(
    numbers: Numbers,
    labels: Places,
    classes: int,
    weights: npt.NDArray[np.float64],
    penalty: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Kernel [numbers, classes] and bias [classes] whose scores come nearest to the classes.

    Args:
        numbers: As for `leave_one_out`, as are the next three.
        labels: …
        classes: …
        weights: …
        penalty: As it found.
    """
    with threads(numbers):
        share = weights / weights.sum()
        centre = share @ numbers
        asked = np.eye(classes)[labels]
        base = share @ asked
        wide = numbers.shape[1] > len(labels)
        if wide:
            centred = (numbers - centre) * np.sqrt(weights)[:, None]
            targets = (asked - base) * np.sqrt(weights)[:, None]
            inner = centred @ centred.T
            inner[np.diag_indices_from(inner)] += penalty
            kernel = centred.T @ np.linalg.solve(inner, targets)
        else:
            size = numbers.shape[1]
            spread, answers = np.zeros((size, size)), np.zeros((size, classes))
            roots = np.sqrt(weights)[:, None]
            for first in range(0, len(labels), _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                centred = (numbers[some] - centre) * roots[some]
                spread += centred.T @ centred  # symmetric, which costs half
                answers += centred.T @ ((asked[some] - base) * roots[some])
            spread[np.diag_indices_from(spread)] += penalty
            kernel = np.linalg.solve(spread, answers)
        return kernel, base - centre @ kernel


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scores to probabilities, [images, classes]."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares
