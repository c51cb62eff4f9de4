"""One network against two side by side, on the exact solution of the head; paired seeds.

python -m benchmarks.pairs FOLDER [FOLDER …] [--seeds 8]

Each seed divides the images in its own way into a fifth for the test and the rest to learn from, of
which a fifth is for validation while the choice between one network and two is made as in a race.
All are judged on the test images after they have learned from all others.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from core.datasets.dataset import labels_of
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.network.ridge import softmax
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.training import exact, fit
from core.training.racing.candidates import SECOND
from core.training.racing.judging import Judged
from core.training.setup import Setup

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=8)
    args = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        for folder in args.folders:
            rows += tried(folder, args.seeds)
    keep("pairs", rows)


def tried(folder: Path, seeds: int) -> list[Row]:
    """One row a seed."""
    rows = []
    for seed in range(seeds):
        split = SplitSettings(seed=seed, test=0.2, validation=0.16)
        feed = SourceFeed(open_source(folder), split)
        pair = Setup.of(
            home.HOME, TrainingSettings(beside=SECOND[0]), feed.preparation(quiet), quiet
        )
        assert pair.beside is not None
        setups = [replace(pair, beside=None), pair.beside]
        rows.append({"data": folder.name, "seed": seed} | judged(feed, setups))
        print(rows[-1], flush=True)
    for name in ("second", "pair", "chosen"):
        gains = [100 * (row[name] - row["one"]) for row in rows]
        error = statistics.stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
        print(f"{folder.name} {name} − one: {statistics.fmean(gains):+.2f} ± {error:.2f} points")
    return rows


def judged(feed: SourceFeed, setups: list[Setup]) -> Row:
    """Test accuracy of each network, of both, and of what a race would choose."""
    caches = []
    for setup in setups:
        dataset, cache = fit.frozen_features(setup, feed, quiet)
        caches.append(cache)
    classes = len(dataset.classes)

    def numbers(*sides: str) -> tuple[np.ndarray, np.ndarray, list[Any]]:
        records = [record for side in sides for record in dataset.of(side)]
        digests = [record.digest for record in records]
        parts = [cache.rows(digests).take(range(len(digests))) for cache in caches]
        return np.concatenate(parts, axis=1), labels_of(records, dataset.classes), records

    width = sum(setups[0].backbone.stages)
    stages = [setup.backbone.stages for setup in setups]
    looks = {
        "one": (slice(0, width), stages[:1]),
        "second": (slice(width, None), stages[1:]),
        "pair": (slice(None), stages),
    }
    found: Row = {}
    answers = {}
    for name, (seen, networks) in looks.items():
        for sides, asked in ((("train", "validation"), "test"), (("train",), "validation")):
            features, labels, records = numbers(*sides)
            weights = np.ones(len(labels))
            choice = exact.choose(features[:, seen], labels, weights, networks, classes)
            solved = choice.solution(features[:, seen], labels, weights, classes)
            others, truth, theirs = numbers(asked)
            scores = (others[:, seen] * choice.scale + choice.offset) @ solved.kernel + solved.bias
            if asked == "test":
                found[name] = round(float((scores.argmax(axis=1) == truth).mean()), 4)
                continue
            left_out = [records[place] for place in choice.left_out]
            answers[name] = Judged.of(theirs, softmax(scores), dataset.classes).with_(
                Judged.of(left_out, choice.answers, dataset.classes)
            )
    better = answers["pair"].better_than(answers["one"])
    return found | {"chosen": found["pair" if better else "one"], "pair chosen": better}


def quiet(done: int, total: int) -> None:
    """Nobody is told."""


if __name__ == "__main__":
    main()
