"""Would more pictures help? Trainings on parts of a run's pictures, from kept features.

The last layer is solved exactly (see `core.network.ridge`) on parts of the training pictures, again
and again on other parts of the same size, and judged on the held-out pictures. What follows from it
is in `growth.py`.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.advice.growth import FEWEST_SIZES, Growth, Numbers, Places, Right, growth
from core.datasets.dataset import labels_of
from core.datasets.feed import ImageFeed
from core.errors import UserError
from core.network import ridge
from core.settings import ALL, Strength
from core.storage.runs import Run
from core.training import exact, fit
from core.training.batches import balancing
from core.training.setup import Setup

_SEEDS = 5
_MOST_SIZES = 6
_MOST = 3000  # training pictures that are looked at; the time grows with their cube
_JUDGED = 2000  # held-out pictures
_SAMPLE = 600  # pictures that a penalty is chosen by
_PENALTIES = tuple(0.1 * 10**power for power in np.arange(0, 4.1, 0.5))

Report = Callable[[int, int], None]


def of_run(run: Run, feed: ImageFeed, reading: Report, solving: Report) -> Growth:
    """How accuracy grows with the training pictures of a run.

    Args:
        run: The run.
        feed: Its pictures.
        reading: Told pictures looked at and in total; may raise to end it.
        solving: The same of trainings on parts of them.

    Raises:
        UserError: There are too few pictures, or the network starts from nothing.
    """
    settings = run.settings
    if settings.from_scratch:
        raise UserError(
            "This network learned from scratch, so nothing about it can be found out in seconds. "
            "Train it with fewer pictures and compare the two runs."
        )
    # Of two networks the first grows like both.
    frozen = replace(settings, frozen_layers=ALL, augment=Strength.NONE, beside="", budget=0)
    setup = Setup.of(run.space, frozen, feed.preparation(reading), reading)
    dataset, cache = fit.frozen_features(setup, feed, reading)
    classes, stages = dataset.classes, setup.backbone.stages
    learns, judged = dataset.of("train"), dataset.of("test") or dataset.of("validation")
    images = len(learns)
    labels = labels_of(learns, classes)
    if images > _MOST:
        few = exact.spread(labels, _MOST)
        learns, labels = [learns[place] for place in few], labels[few]
    truth = labels_of(judged, classes)
    if len(judged) > _JUDGED:
        few = exact.spread(truth, _JUDGED)
        judged, truth = [judged[place] for place in few], truth[few]
    seen = slice(None) if frozen.sees_stages else slice(-setup.backbone.features, None)
    features, theirs = (
        cache.rows([record.digest for record in records], seen).take(range(len(records)))
        for records in (learns, judged)
    )
    parts = tuple(stages) if frozen.sees_stages else (setup.backbone.features,)
    weights = balancing(labels, len(classes))[labels] if frozen.balanced else np.ones(len(labels))
    choice = exact.choose(features, labels, weights, [parts], len(classes))
    tried = try_sizes(
        features * choice.scale + choice.offset,
        labels,
        weights,
        theirs * choice.scale + choice.offset,
        truth,
        len(classes),
        solving,
    )
    found = growth(*tried, truth, labels, classes, [record.digest for record in judged])
    return replace(found, images=images, all_frozen=settings.frozen_layers == ALL)


def try_sizes(
    features: Numbers,
    labels: Places,
    weights: npt.NDArray[np.float64],
    judged: Numbers,
    truth: Places,
    classes: int,
    report: Report,
) -> tuple[list[int], Right]:
    """Learn from parts of the training pictures, and judge each time.

    Args:
        features: Of the training pictures, of a like scale, [pictures, numbers].
        labels: The place of each one's class.
        weights: How much each counts.
        judged: Features of the held-out pictures, [held-out, numbers].
        truth: The place of each one's class.
        classes: How many classes there are.
        report: Told trainings done and in total.

    Returns:
        The sizes, rising, and which held-out pictures were right, [sizes, seeds, held-out].

    Raises:
        UserError: There are too few training pictures.
    """
    sizes = _sizes(len(labels), classes)
    right = np.zeros((len(sizes), _SEEDS, len(truth)), bool)
    total, done = (len(sizes) - 1) * _SEEDS + 1, 0
    for seed in range(_SEEDS):
        order = _in_proportion(labels, seed)
        for row, size in enumerate(sizes):
            if size == len(labels) and seed:  # nothing is drawn there
                right[row, seed] = right[row, 0]
                continue
            report(done, total)
            part = order[:size]
            right[row, seed] = (
                _learned(features[part], labels[part], weights[part], judged, classes) == truth
            )
            done += 1
    report(total, total)
    return sizes, right


def _learned(
    features: Numbers,
    labels: Places,
    weights: npt.NDArray[np.float64],
    judged: Numbers,
    classes: int,
) -> Places:
    """What is said of held-out pictures after learning from some others."""
    few = exact.spread(labels, _SAMPLE)
    chosen = ridge.leave_one_out(features[few], labels[few], classes, weights[few], _PENALTIES)
    kernel, bias = ridge.solve(features, labels, classes, weights, chosen.penalty)
    said: Places = (judged @ kernel + bias).argmax(axis=1)
    return said


def _sizes(images: int, classes: int) -> list[int]:
    """All, half of them, a quarter, … as long as every class has two."""
    halves = [images >> times for times in range(_MOST_SIZES)]
    sizes = [size for size in reversed(halves) if size >= 2 * classes]
    if len(sizes) < FEWEST_SIZES:
        raise UserError(
            "There are too few training pictures to tell: {images}. It takes at least {least}, "
            "eight of each class.",
            images=images,
            least=8 * classes,
        )
    return sizes


def _in_proportion(labels: Places, seed: int) -> Places:
    """All places in an order in which every beginning has its share of each class."""
    order = np.random.default_rng(seed).permutation(len(labels))
    counts = np.bincount(labels)
    share = np.empty(len(labels))
    for label in np.unique(labels):
        own = order[labels[order] == label]
        share[own] = np.arange(len(own)) / counts[label]
    return order[np.argsort(share[order], kind="stable")]
