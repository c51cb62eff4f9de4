"""How familiar a picture is: how near its features are to those of training pictures.

A trained network names a class for anything it is shown. Whether the picture looks like anything it
was taught is another question, and the untouched backbone's features answer it: the mean cosine to
the nearest training pictures (Sun et al. 2022, arXiv:2204.06507). It beat the largest probability,
energy and Mahalanobis distances on strangers of all kinds (benchmarks/README.md), needs no classes,
and is a few plain layers, so it is part of `model.keras` and of everything that is made of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

PROBABILITIES, FAMILIAR = "probabilities", "familiar"  # outputs of a model that has a memory
THRESHOLD = 0.05  # 95 % of one's own pictures are accepted
FEWEST = 10  # pictures; what a few have in common says little of what others will
_NEAREST = 3
_BYTES = 2 << 20  # of remembered features
_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.075, *np.arange(0.1, 1, 0.05), 0.99)
_TAIL = 2.0  # what is so many times as far below the least familiar as that is below the middle
_GAP = 1e-5  # least distance of two knots: below it, float32 has no more digits

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Memory:
    """Training pictures' features, and how near a picture's own ones usually are.

    Attributes:
        features: Each of length 1, [remembered, channels].
        nearness: Mean cosine to the nearest ones, rising, [knots].
        shares: The share of pictures like the training pictures that are less near, [knots].
    """

    features: npt.NDArray[np.float32]
    nearness: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @classmethod
    def of(cls, features: Numbers) -> "Memory | None":
        """Remember pictures, each judged by the others.

        Args:
            features: Of training pictures, those first that are to be remembered if there is not
                room for all, [pictures, channels].

        Returns:
            None where there are too few.
        """
        if len(features) < FEWEST:
            return None
        unit = _unit(features)
        kept = unit[: max(_NEAREST + 1, _BYTES // (4 * unit.shape[1]))]
        among = kept @ kept.T
        np.fill_diagonal(among, -np.inf)  # each is judged by the others
        near = np.concatenate([_nearest(among), _nearness(unit[len(kept) :], kept)])
        return cls(kept, *_knots(near))

    def familiar(self, features: Numbers) -> npt.NDArray[np.float64]:
        """The share of pictures like the training pictures that look less familiar, [pictures].

        Args:
            features: Of any pictures, [pictures, channels].
        """
        near = _nearness(_unit(features), self.features)
        found: npt.NDArray[np.float64] = np.interp(near, self.nearness, self.shares)
        return found

    def layers(self, features: Any, name: str) -> Any:
        """The same in Keras: features [N, channels] to shares [N, 1].

        Args:
            features: A symbolic tensor.
            name: Of the layer that answers.
        """
        from core.backbones.frameworks import keras

        unit = keras.layers.UnitNormalization(name="unit_length")(features)
        remembered = keras.layers.Dense(len(self.features), use_bias=False, name="remembered")
        nearest, _ = keras.ops.top_k(remembered(unit), min(_NEAREST, len(self.features)))
        near = keras.ops.mean(nearest, axis=-1, keepdims=True)
        # A line from knot to knot: each stretch rises from 0 to 1, and counts by its share.
        stretches = keras.layers.Dense(len(self.shares) - 1, name="stretches")
        answer = keras.layers.Dense(1, use_bias=False, name=name)
        told = answer(keras.layers.ReLU(max_value=1.0, name="risen")(stretches(near)))
        slopes = 1 / np.diff(self.nearness)
        remembered.set_weights([self.features.T])
        stretches.set_weights([slopes[None], -self.nearness[:-1] * slopes])
        answer.set_weights([np.diff(self.shares)[:, None]])
        return told


def _unit(features: Numbers) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = (features / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _nearness(unit: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> Numbers:
    """Mean cosine of each to the nearest of others, [pictures]."""
    return _nearest(unit @ others.T)


def _nearest(cosines: Numbers) -> Numbers:
    """Mean of the largest of each row, [rows]."""
    count = min(_NEAREST, cosines.shape[1])
    found: Numbers = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    return found


def _knots(near: Numbers) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Nearness and the share that is less near, from 0 to 1."""
    ordered = np.sort(near.astype(np.float64))
    ranks = np.arange(1, len(ordered) + 1) / (len(ordered) + 1)
    inside = [share for share in _SHARES if ranks[0] <= share <= ranks[-1]]
    shares = np.unique([0, ranks[0], *inside, ranks[-1], 1])
    middle, least = np.median(ordered), ordered[0]
    below = least - max(_TAIL * (middle - least), _GAP)
    above = max(ordered[-1], min(1.0, 2 * ordered[-1] - middle))
    at = np.interp(shares, [0, *ranks, 1], [below, *ordered, above])
    # Downwards where many are the same: those are familiar then.
    return at - _GAP * np.arange(len(at))[::-1], shares
