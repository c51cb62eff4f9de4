"""What each image would be taken for by a classifier that has learned from all the others."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.network import ridge

_PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # for a thousand images

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
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))[labels]
    penalties = [penalty * len(labels) / 1000 for penalty in _PENALTIES]
    found = ridge.leave_one_out(described, labels, classes, weights, penalties)
    return Guesses(labels, found.probabilities)
