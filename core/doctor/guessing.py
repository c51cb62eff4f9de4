"""What each image would be taken for by a classifier that has learned from all the others.

The classifier is a ridge regression of the classes on numbers that describe an image. Its answer to
an image that it has not seen follows from its answer to all of them and one number an image (the
leverage), so leaving out each of 20,000 images in turn costs one decomposition of a small matrix,
where cross-validated logistic regression takes minutes and needs several images in every fold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_SHARPNESS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # from scores to probabilities

Floats = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Guesses:
    """Answers to images that were left out.

    Attributes:
        labels: The class that each image has, by its place.
        probabilities: Of each class, [images, classes].
    """

    labels: Places
    probabilities: npt.NDArray[np.float64]

    @property
    def guessed(self) -> Places:
        """The likeliest class of each image."""
        likeliest: Places = self.probabilities.argmax(axis=1)
        return likeliest

    @property
    def accuracy(self) -> float:
        """Mean over classes of the share guessed right, so that a large class counts no more."""
        right = self.guessed == self.labels
        return float(np.mean([right[self.labels == each].mean() for each in set(self.labels)]))


def leave_one_out(described: Floats, labels: Places, classes: int) -> Guesses:
    """Guess each image from all the others, every class counting alike.

    Args:
        described: Of each image some numbers of a like scale, [images, numbers].
        labels: The place of each image's class.
        classes: How many classes there are.
    """
    counts = np.bincount(labels, minlength=classes)
    share = (1 / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels]
    weights = np.sqrt(share * len(labels))
    centre = share @ described
    centred = (described - centre) * weights[:, None].astype(described.dtype)
    spread, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    turned = centred @ axes.astype(described.dtype)
    asked = np.eye(classes)[labels]
    targets = (asked - share @ asked) * weights[:, None]
    best: tuple[float, npt.NDArray[np.float64]] | None = None
    for penalty in _PENALTIES:
        strength = 1 / (np.maximum(spread, 0) + penalty * len(labels) / 1000)
        answered = turned @ ((turned.T @ targets) * strength[:, None])
        leverage = np.minimum((turned**2) @ strength + share, 1 - 1e-6)[:, None]
        unseen = asked - (targets - answered) / (1 - leverage) / weights[:, None]
        for sharpness in _SHARPNESS:
            probabilities = _softmax(sharpness * unseen)
            hit = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)
            loss = -float(share @ np.log(hit))
            if best is None or loss < best[0]:
                best = loss, probabilities
    assert best is not None
    return Guesses(labels, best[1])


def _softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares
