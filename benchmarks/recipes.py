"""Thaw's recipes against a tuned logistic regression on the same frozen features, paired seeds.

python -m benchmarks.recipes FOLDER [FOLDER …] [--seeds 8] [--best-seeds 3]

Each seed divides the images in its own way, the same for all, into three fifths to learn from, a
fifth for validation and a fifth for the test, which nothing learns from and all are judged on. The
regression sees the last features of training and validation images; its penalty is chosen by
cross-validation among them. "Quick" is Train pressed with nothing changed, "measured" the same
before it has learned from the validation images. "Best" is a race within its usual budget, with
fewer seeds since each takes two minutes.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from core.backbones.catalogue.rows import backbone_of
from core.datasets.dataset import Dataset, Decoded
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.intake.pictures.images import to_square
from core.network.features import FeatureCache
from core.results.predictor import Submit, of_run
from core.settings import BEST, SplitSettings, TrainingSettings
from core.storage import home
from core.storage.runs import Run
from core.training import fit
from core.training.racing.candidates import told
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
        row |= {"logistic": round(regression(feed, quick), 4)}
        row |= {"quick": round(tested(made, feed), 4), "measured": round(found["accuracy"], 4)}
        row |= {"kept": found["kept"], "best": "", "winner": ""}
        if seed < best_seeds:
            best = TrainingSettings(seed=seed, budget=BEST)
            made = Run.create(runs / f"best-{seed}", best, data_name=folder.name)
            fit.train(made, feed)
            row["best"] = round(tested(made, feed), 4)
            row["winner"] = str(told(made.settings))
        print(row, flush=True)
        rows.append(row)
    for name in ("logistic", "measured", "quick", "best"):
        values = [row[name] for row in rows if row[name] != ""]
        if values:
            print(f"{folder.name} {name}: {statistics.fmean(values):.4f}")
    gains = [100 * (row["quick"] - row["logistic"]) for row in rows]
    if len(gains) > 1:
        error = statistics.stdev(gains) / len(gains) ** 0.5
        print(
            f"{folder.name} quick − logistic: {statistics.fmean(gains):+.2f} ± {error:.2f} points"
        )
    return rows


def tested(run: Run, feed: SourceFeed) -> float:
    """Test accuracy of the model that a run has left, after it has learned from all the rest."""
    predictor = of_run(run.folder)
    size, square = predictor.input_size, run.settings.square
    judged = feed.read(lambda _: False, lambda _: None, size, lambda *_: None).of("test")
    wanted = {record.digest for record in judged}

    def read(submit: Submit) -> Dataset:
        def each(decoded: Decoded) -> None:
            submit(decoded.digest, to_square(decoded.image, size, square))

        return feed.read(wanted.__contains__, each, size, lambda *_: None)

    found, answers = predictor.answers(read)
    places = [answers[record.digest][: len(found.classes)].argmax() for record in judged]
    right = [
        found.classes[place] == record.label for place, record in zip(places, judged, strict=True)
    ]
    return statistics.fmean(right)


def regression(feed: SourceFeed, settings: TrainingSettings) -> float:
    """Test accuracy of a logistic regression on the last features that the run has left."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold

    last = slice(-backbone_of(settings).features, None)
    x, y = sides(feed, settings, "train", "validation")
    x_new, y_new = sides(feed, settings, "test")
    folds = StratifiedKFold(min(3, int(np.bincount(y).min())))
    model = LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), cv=folds, max_iter=200)
    return float(model.fit(x[:, last], y).score(x_new[:, last], y_new))


def sides(
    feed: SourceFeed, settings: TrainingSettings, *names: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Pooled outputs of all stages, and class numbers, of some sides' images."""
    setup = Setup.of(home.HOME, settings, feed.preparation(lambda *_: None), lambda *_: None)
    (prefix,) = setup.prefixes(lambda: None)  # type: ignore[arg-type, return-value]
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    found = feed.read(lambda _: False, lambda _: None, 64, lambda *_: None)
    records = [record for name in names for record in found.of(name)]
    features = cache.rows([record.digest for record in records]).take(range(len(records)))
    return features, np.array([found.classes.index(record.label) for record in records])


if __name__ == "__main__":
    main()
