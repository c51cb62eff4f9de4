"""Thaw's recipes against a tuned logistic regression on the same frozen features, paired seeds.

python -m benchmarks.recipes FOLDER [FOLDER …] [--seeds 8] [--best-seeds 3]

Each seed divides the images in its own way, the same for all, into three fifths to learn from, a
fifth for validation and a fifth for the test, on which all are judged and which none has seen. The
regression's penalty is chosen by cross-validation on the training side alone. "Quick" is Train
pressed with nothing changed; "best" is what the advisor proposes, tried with fewer seeds since it
thaws. Both keep the epoch that was best in validation.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from core.advice import advisor, survey
from core.datasets.dataset import Dataset
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.network.features import FeatureCache
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit
from core.training.setup import Setup

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--best-seeds", type=int, default=3)
    args = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        for folder in args.folders:
            rows += tried(folder, Path(scratch) / folder.name, args.seeds, args.best_seeds)
    keep("recipes", rows)


def tried(folder: Path, runs: Path, seeds: int, best_seeds: int) -> list[Row]:
    """One row a seed, told as they come."""
    rows: list[Row] = []
    for seed in range(seeds):
        feed = SourceFeed(open_source(folder), SplitSettings(seed=seed, test=0.2))
        quick = TrainingSettings(seed=seed)
        made = Run.create(runs / f"quick-{seed}", quick, data_name=folder.name)
        found = fit.train(made, feed)
        row: Row = {"data": folder.name, "seed": seed, "images": found["images"]}
        row |= {"logistic": round(regression(feed, quick), 4), "quick": round(found["accuracy"], 4)}
        row |= {"best": "", "best_frozen": ""}
        if seed < best_seeds:
            dataset, alike = survey.measure(feed, lambda *_: None)
            advice = advisor.advise(dataset, alike).settings
            chosen = TrainingSettings.from_dict(advice.to_dict() | {"seed": seed})
            made = Run.create(runs / f"best-{seed}", chosen, data_name=folder.name)
            row["best"] = round(fit.train(made, feed)["accuracy"], 4)
            row["best_frozen"] = chosen.to_dict()["frozen_layers"]
        print(row, flush=True)
        rows.append(row)
    for name in ("logistic", "quick", "best"):
        values = [row[name] for row in rows if row[name] != ""]
        if values:
            print(f"{folder.name} {name}: {statistics.fmean(values):.4f}")
    return rows


def regression(feed: SourceFeed, settings: TrainingSettings) -> float:
    """Test accuracy of a logistic regression on the features that the run has left."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold

    setup = Setup.of(settings, feed.preparation(lambda *_: None), lambda *_: None)
    (prefix,) = setup.prefixes(lambda: None)  # type: ignore[arg-type, return-value]
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    found = feed.read(lambda _: False, lambda _: None, 64, lambda *_: None)
    (x, y), (x_new, y_new) = (sides(found, cache, side) for side in ("train", "test"))
    folds = StratifiedKFold(min(3, int(np.bincount(y).min())))
    penalties = np.logspace(-3, 1, 5)
    model = LogisticRegressionCV(Cs=penalties, cv=folds, max_iter=200)
    return float(model.fit(x, y).score(x_new, y_new))


def sides(found: Dataset, cache: FeatureCache, side: Any) -> tuple[np.ndarray, np.ndarray]:
    records = found.of(side)
    features = cache.rows([record.digest for record in records]).take(range(len(records)))
    return features, np.array([found.classes.index(record.label) for record in records])


if __name__ == "__main__":
    main()
