"""The head's exact solution on the output of every stage: what to weigh by, and how much to trust.

Features of all stages help where the last ones alone miss something (Head2Toe, Evci et al. 2022,
arXiv:2201.03529). How much the early stages should count differs from data set to data set: a stage
has few channels or many, and only emphasis by the number of channels brings out the few. Emphasis
and penalty are the ones that answer best to training images that were left out, each in turn
(see `core.network.ridge`).
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.backbones.frameworks import keras
from core.network import ridge

_EMPHASES = (0.0, 0.5, 1.0, 1.5)
_PENALTIES = tuple(0.1 * 10**power for power in np.arange(0, 4.1, 0.25))
SAMPLE = 600  # images that a choice goes by; ten times as many take a thousand times as long
_AT_ONCE = 2048  # images
_LENGTH = 10.0  # of an image's numbers, root mean square: steps of the default rate suit it
_FLOOR = 1e-3  # of a stage's mean deviation: what hardly ever changes is not made large

Numbers = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Choice:
    """What was chosen for a data set.

    Attributes:
        scale: What each number is multiplied by, [numbers].
        offset: What is added to it then, [numbers].
        emphases: By which power of its share of the channels a stage of each network counts more.
        penalties: Of the ridge regression on the numbers of each network.
        widths: How many numbers each network gives.
        sharpness: From the mean of their scores to probabilities.
        left_out: The places of the images that it was chosen by, [left out].
        answers: To each of these by what was learned from all others, [left out, classes].
    """

    scale: Numbers
    offset: Numbers
    emphases: tuple[float, ...]
    penalties: tuple[float, ...]
    widths: tuple[int, ...]
    sharpness: float
    left_out: Places
    answers: npt.NDArray[np.float64]

    def layer(self) -> Any:
        """What makes the numbers of one scale, as a layer of the head."""
        scale, offset = self.scale.tolist(), self.offset.tolist()
        return keras.layers.Rescaling(scale, offset, name="standardised")

    def solution(
        self, features: Numbers, labels: Places, weights: npt.NDArray[np.float64], classes: int
    ) -> "Solution":
        """Kernel and bias of the last layer, behind `layer`.

        Args:
            features: Of the images to learn from, [images, numbers].
            labels: The place of each image's class.
            weights: How much each image counts.
            classes: How many classes there are.
        """
        kernels, biases = [], []
        for part, penalty in zip(_parts(self.widths), self.penalties, strict=True):
            numbers = features[:, part] * self.scale[part]
            numbers += self.offset[part]
            kernel, bias = ridge.solve(numbers, labels, classes, weights, penalty)
            kernels.append(kernel)
            biases.append(bias)
        share = self.sharpness / len(self.widths)
        return Solution(self, share * np.concatenate(kernels), share * np.sum(biases, axis=0))


@dataclass(frozen=True)
class Solution:
    """The last layer that was solved for some images.

    Attributes:
        choice: What it was solved with.
        kernel: Behind the layer of this choice, [numbers, classes].
        bias: …, [classes].
    """

    choice: Choice
    kernel: Numbers
    bias: Numbers

    def behind(self, layer: Choice) -> list[Numbers]:
        """The same kernel and bias behind the layer of another choice."""
        own = self.choice
        factors = own.scale / layer.scale
        bias = self.bias + (own.offset - layer.offset * factors) @ self.kernel
        return [factors[:, None] * self.kernel, bias]


def choose(
    features: Numbers,
    labels: Places,
    weights: npt.NDArray[np.float64],
    networks: Sequence[Sequence[int]],
    classes: int,
) -> Choice:
    """Choose by images that were left out.

    Where there are two networks, each has its own solution and the answer is the mean of their
    scores: that is right more often than one solution on all their numbers (benchmarks/README.md).

    Args:
        features: Pooled outputs of all stages, [images, numbers].
        labels: The place of each image's class.
        weights: How much each image counts.
        networks: How many of the numbers each stage of each network has.
        classes: How many classes there are.
    """
    few = spread(labels, SAMPLE)
    widths = tuple(sum(stages) for stages in networks)
    found = [
        _choose(features[:, part], labels, weights, stages, classes, few)
        for part, stages in zip(_parts(widths), networks, strict=True)
    ]
    scores = np.mean([each.best.scores for each in found], axis=0)
    together = ridge.sharpened(scores, labels[few], weights[few])
    return Choice(
        scale=np.concatenate([each.scale for each in found]),
        offset=np.concatenate([each.offset for each in found]),
        emphases=tuple(each.emphasis for each in found),
        penalties=tuple(each.best.penalty for each in found),
        widths=widths,
        sharpness=together.sharpness,
        left_out=few,
        answers=together.probabilities,
    )


def _parts(widths: Sequence[int]) -> list[slice]:
    """Where each network's numbers are."""
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


@dataclass(frozen=True)
class _OfOne:
    """What suits the numbers of one network, as `Choice` has it."""

    scale: Numbers
    offset: Numbers
    emphasis: float
    best: ridge.LeftOut


def _choose(
    features: Numbers,
    labels: Places,
    weights: npt.NDArray[np.float64],
    stages: Sequence[int],
    classes: int,
    few: Places,
) -> _OfOne:
    """Choose for the numbers of one network by a few images that are left out in turn."""
    mean, deviation = _moments(features)
    floors = [part.mean() for part in np.split(deviation, np.cumsum(stages)[:-1])]
    deviation = np.maximum(deviation, _FLOOR * np.repeat(floors, stages) + 1e-9)
    sample = features[few]

    def suited(emphasis: float) -> _OfOne:
        factors = np.repeat(np.asarray(stages, float), stages) ** (-emphasis / 2)
        factors *= _LENGTH / np.linalg.norm(factors)
        scale = (factors / deviation).astype(np.float32)
        offset = (-mean * factors / deviation).astype(np.float32)
        best = ridge.leave_one_out(
            sample * scale + offset, labels[few], classes, weights[few], _PENALTIES
        )
        return _OfOne(scale, offset, emphasis, best)

    emphases = _EMPHASES if len(stages) > 1 else _EMPHASES[:1]
    # Each of these is too small for several threads, but they can be worked out side by side.
    with ridge.threads(sample), ThreadPoolExecutor(len(emphases), "emphasis") as pool:
        return min(pool.map(suited, emphases), key=lambda each: each.best.loss)


def _moments(features: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of each number, without a second copy of all of them."""
    parts = range(0, len(features), _AT_ONCE)
    mean = features.mean(axis=0, dtype=np.float64)
    squares = sum(np.square(features[i : i + _AT_ONCE] - mean).sum(axis=0) for i in parts)
    return mean, np.sqrt(squares / len(features))


def spread(labels: Places, count: int) -> Places:
    """The places of so many images, of every class in proportion; always the same ones."""
    order = np.random.default_rng(0).permutation(len(labels))
    counts = np.bincount(labels)
    seen = np.zeros(len(counts))
    share = np.empty(len(labels))
    for place in order:
        share[place] = seen[labels[place]] / counts[labels[place]]
        seen[labels[place]] += 1
    return np.argsort(share, kind="stable")[:count]


def beyond_noise(better: npt.NDArray[np.bool_], worse: npt.NDArray[np.bool_]) -> bool:
    """Whether one of two classifiers is right more often, by two standard deviations.

    Only images that one gets right and the other does not tell them apart (McNemar 1947).

    Args:
        better: Which images the one gets right that may be better, [images].
        worse: Which the other one gets right.
    """
    gained, lost = int((better & ~worse).sum()), int((worse & ~better).sum())
    return gained - lost > 2 * math.sqrt(gained + lost)
