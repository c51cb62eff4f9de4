"""Which of two trained networks is better, by their answers to the same images."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record, labels_of
from core.network import temperature

_LEAST = 1e-6  # of a probability: one picture alone must not decide


class OutOfTime(Exception):
    """A candidate cannot be trained in what is left of the budget."""


@dataclass(frozen=True)
class Heat:
    """The rules for one candidate of a race.

    Attributes:
        checkpoint: Its own.
        seconds_left: For its training; None where its epochs are settled.
        hopeless: Told its history after each epoch and how many epochs there are to be, says
            whether it ends there.
    """

    checkpoint: Path
    seconds_left: Callable[[], float] | None
    hopeless: Callable[[Sequence[dict[str, Any]], int], bool]


@dataclass(frozen=True)
class Judged:
    """Answers to images that a network has not learned from.

    Attributes:
        digests: Of the images.
        labels: The place of each one's class, [images].
        probabilities: Of the classes, [images, classes].
    """

    digests: tuple[str, ...]
    labels: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.floating]

    @classmethod
    def of(
        cls, records: Sequence[Record], probabilities: npt.NDArray[Any], classes: Sequence[str]
    ) -> Self:
        """The answers to some images, [images, classes]."""
        digests = tuple(each.digest for each in records)
        return cls(digests, labels_of(records, classes), probabilities)

    def with_(self, others: "Judged") -> "Judged":
        """Answers to other images as well."""
        return Judged(
            self.digests + others.digests,
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.probabilities, others.probabilities]),
        )

    def better_than(self, other: "Judged") -> bool:
        """Whether these answers are better, beyond noise, on the images that both are about.

        They are where the mean logarithm of the probability of the true class is larger by two
        standard errors, image by image, and no fewer answers are right. Few images tell two
        networks apart by what they get right; how sure they are of it says far more. Each is as
        sure as suits it best, so that being too sure throughout is not held against it.
        """
        common = sorted(set(self.digests) & set(other.digests))
        own, others = self._scored(common), other._scored(common)
        gains = own[0] - others[0]
        error = gains.std() / math.sqrt(len(gains))
        return bool(gains.mean() > 2 * error and own[1] >= others[1])

    def _scored(self, digests: Sequence[str]) -> tuple[npt.NDArray[np.float64], int]:
        """Of these images: the logarithm of the true class's probability; how many are right."""
        where = {digest: place for place, digest in enumerate(self.digests)}
        places = [where[digest] for digest in digests]
        probabilities, labels = self.probabilities[places], self.labels[places]
        suited = temperature.apply(probabilities, temperature.fit(probabilities, labels))
        told = np.log(np.maximum(suited[np.arange(len(labels)), labels], _LEAST))
        return told, int((probabilities.argmax(axis=1) == labels).sum())
