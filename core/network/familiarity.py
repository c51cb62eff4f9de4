"""How familiar a picture is: how near its features are to those of training pictures.

A trained network names a class for anything it is shown. Whether the picture looks like anything it
was taught is another question, and the untouched backbone's features answer it: the mean cosine to
the nearest training pictures (Sun et al. 2022, arXiv:2204.06507). It beat the largest probability,
energy and Mahalanobis distances on strangers of all kinds (benchmarks/README.md).

A stranger that resembles the training pictures, such as a sixth kind of flower, is as near to them
as they are to one another. The network is less sure of it, though, so the log-odds of the largest
probability count as well, if it is known how sure the network is of pictures that it has not
learned from. A sure answer is no excuse for looking like nothing: pictures that are less near than
nearly all of one's own lose more than it can make up for.

All of it is a few plain layers, so it is part of `model.keras` and of everything made from it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

PROBABILITIES, FAMILIAR = "probabilities", "familiar"  # outputs of a model that has a memory
THRESHOLD = 0.05  # 95 % of one's own pictures are accepted
FEWEST = 10  # pictures; what a few have in common says little of what others will
_NEAREST = 3
_FAR = 0.05  # share of its own pictures that are less near than a sure answer makes up for
_GATE = 20.0  # times what is missing in nearness there is taken off
_SURE = np.array([0, 0.25, 0.5, 0.75, 0.9, 0.97, 1])  # between these, log-odds are straight lines
_ODDS = np.log(np.maximum(_SURE, 1e-3)) - np.log(1.01 - _SURE)
_LEAST_SPREAD = 0.2  # of log-odds: networks that are always sure still err
_BYTES = 2 << 20  # of remembered features
_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.075, *np.arange(0.1, 1, 0.05), 0.99)
_TAIL = 2.0  # what is so many times as far below the least familiar as that is below the middle
_GAP = 1e-5  # least distance of two knots: below it, float32 has no more digits

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Memory:
    """Training pictures' features, and how pictures like them usually score.

    Attributes:
        features: Each of length 1, [remembered, channels].
        weight: How much the log-odds of the largest probability count, against the mean cosine to
            the nearest features; 0 where that alone is the score.
        near: The mean cosine below which a sure answer makes up for nothing, if there is a weight.
        scores: Rising, [knots].
        shares: The share of pictures like the training pictures that score lower, [knots].
    """

    features: npt.NDArray[np.float32]
    weight: float
    near: float
    scores: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @classmethod
    def of(cls, features: Numbers, sure: Numbers | None = None) -> "Memory | None":
        """Remember pictures, each judged by the others.

        Args:
            features: Of training pictures, those first that are to be remembered if there is not
                room for all, [pictures, channels].
            sure: The largest probability that the network gave to each of them when it had learned
                from the others, [pictures]; NaN where that is not known, None if it nowhere is.

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
        sure = np.full(len(near), np.nan) if sure is None else sure
        both = np.isfinite(sure)
        if both.sum() < FEWEST or not np.ptp(sure[both]):
            return cls(kept, 0.0, -1.0, *_knots(near, 1.0))
        weight = _usual(near) / max(_usual(_odds(sure[both])), _LEAST_SPREAD)
        least = float(np.quantile(near, _FAR))
        scores = _score(near[both], sure[both], weight, least)
        return cls(kept, weight, least, *_knots(scores, 1 + weight * _ODDS[-1]))

    def familiar(
        self, features: Numbers, probabilities: Numbers | None = None
    ) -> npt.NDArray[np.float64]:
        """The share of pictures like the training pictures that look less familiar, [pictures].

        Args:
            features: Of any pictures, [pictures, channels].
            probabilities: What the network says of them, [pictures, classes]; only needed where
                it counts.
        """
        scores = _nearness(_unit(features), self.features)
        if self.weight:
            assert probabilities is not None
            scores = _score(scores, probabilities.max(axis=1), self.weight, self.near)
        found: npt.NDArray[np.float64] = np.interp(scores, self.scores, self.shares)
        return found

    def layers(self, features: Any, name: str, probabilities: Any = None) -> Any:
        """The same in Keras: features [N, channels] to shares [N, 1].

        Args:
            features: A symbolic tensor.
            name: Of the layer that answers.
            probabilities: Another, [N, classes]; only needed where it counts.
        """
        from core.backbones.frameworks import keras

        unit = keras.layers.UnitNormalization(name="unit_length")(features)
        remembered = keras.layers.Dense(len(self.features), use_bias=False, name="remembered")
        nearest, _ = keras.ops.top_k(remembered(unit), min(_NEAREST, len(self.features)))
        counted = near = keras.ops.mean(nearest, axis=-1, keepdims=True)
        remembered.set_weights([self.features.T])
        weights = np.ones(1)
        if self.weight:
            surest, _ = keras.ops.top_k(probabilities, 1)
            missing = keras.layers.Dense(1, activation="relu", name="missing")
            sure = _stretches(surest, np.ones(1), _SURE, "sure")
            counted = keras.layers.Concatenate(name="counted")([near, missing(near), sure])
            missing.set_weights([np.array([[-1.0]]), np.array([self.near])])
            weights = np.array([1, -_GATE, *(self.weight * np.diff(_ODDS))])
        answer = keras.layers.Dense(1, use_bias=False, name=name)
        least = self.weight * _ODDS[0]
        told = answer(_stretches(counted, weights, self.scores - least, "stretches"))
        answer.set_weights([np.diff(self.shares)[:, None]])
        return told


def _score(near: Numbers, sure: Numbers, weight: float, least: float) -> Numbers:
    """How near and how sure, [pictures]."""
    score: Numbers = near + weight * _odds(sure) - _GATE * np.maximum(least - near, 0)
    return score


def _odds(sure: Numbers) -> Numbers:
    """Log-odds of probabilities, nearly."""
    odds: Numbers = np.interp(sure, _SURE, _ODDS)
    return odds


def _stretches(x: Any, weights: Numbers, knots: Numbers, name: str) -> Any:
    """A weighted sum from knot to knot: each stretch between two rises from 0 to 1, in Keras.

    What is added up of these, each by its height, is a line through the knots.
    """
    from core.backbones.frameworks import keras

    layer = keras.layers.Dense(len(knots) - 1, name=name)
    risen = keras.layers.ReLU(max_value=1.0, name=f"{name}_risen")(layer(x))
    slopes = 1 / np.diff(knots)
    layer.set_weights([np.outer(weights, slopes), -knots[:-1] * slopes])
    return risen


def _usual(numbers: Numbers) -> float:
    """How far below the middle a low number usually is."""
    middle, low = np.quantile(numbers, [0.5, 0.05])
    return float(middle - low)


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


def _knots(scores: Numbers, most: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scores, none above the most that there can be, and the share that is lower, from 0 to 1."""
    ordered = np.sort(scores.astype(np.float64))
    ranks = np.arange(1, len(ordered) + 1) / (len(ordered) + 1)
    inside = [share for share in _SHARES if ranks[0] <= share <= ranks[-1]]
    shares = np.unique([0, ranks[0], *inside, ranks[-1], 1])
    middle, least = np.median(ordered), ordered[0]
    below = least - max(_TAIL * (middle - least), _GAP)
    above = max(ordered[-1], min(most, 2 * ordered[-1] - middle))
    at = np.interp(shares, [0, *ranks, 1], [below, *ordered, above])
    # Downwards where many are the same: those are familiar then.
    return at - _GAP * np.arange(len(at))[::-1], shares
