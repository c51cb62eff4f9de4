"""How far percentages are off, before and after calibration, on a test side.

python -m benchmarks.calibration FOLDER [FOLDER …] [--seeds 5]

Each seed divides the images into three fifths to learn from, a fifth for validation and a fifth
for the test. "exact" is Train pressed with nothing changed. The others keep an epoch: a head with a
dense layer, one on the last features alone without weight decay, one with label smoothing.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

WAYS: dict[str, dict[str, Any]] = {
    "exact": {},
    "dense": {"dense": (64,), "refit": False},
    "no decay": {"head_sees": "last", "weight_decay": 0.0, "refit": False},
    "smoothed": {"head_sees": "last", "label_smoothing": 0.2, "refit": False},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        for folder in args.folders:
            for way, changed in WAYS.items():
                found = [
                    tried(folder, Path(scratch) / f"{folder.name}-{way}-{seed}", seed, changed)
                    for seed in range(args.seeds)
                ]
                row: dict[str, Any] = {"data": folder.name, "way": way}
                for key in ("before", "error", "temperature"):
                    values = [each[key] for each in found]
                    row[key] = "" if None in values else round(float(np.mean(values)), 4)
                print(row, flush=True)
                rows.append(row)
    keep("calibration", rows)


def tried(folder: Path, run: Path, seed: int, changed: dict[str, Any]) -> dict[str, Any]:
    """What one training says of its calibration."""
    feed = SourceFeed(open_source(folder), SplitSettings(seed=seed, test=0.2))
    made = Run.create(run, TrainingSettings(seed=seed, **changed), data_name=folder.name)
    told: dict[str, Any] = fit.train(made, feed)["calibration"]
    return told


if __name__ == "__main__":
    main()
