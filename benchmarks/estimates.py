"""What a training was said to take and what it took: python -m benchmarks.estimates FOLDER

For every backbone that is ready on this machine and light enough, with everything frozen and with
its last blocks thawed, in the app's own warm worker on images that are new to it. Prints a table
and writes benchmarks/results/estimates-<name of the data>.csv. Uses a THAW_HOME of its own.
"""

import argparse
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.__main__ import keep
from benchmarks.warm_worker import bring, wait
from core.advice.estimate import estimate
from core.backbones.catalogue.backbone import Backbone, Level
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights.weights import ready_offline
from core.datasets import store
from core.jobs import foresight, queue
from core.settings import ALL, TrainingSettings
from core.storage import home
from core.training.racing.candidates import first_of

_HEAVIEST = 1_000_000_000  # multiply-adds: a thawed VGG16 takes an hour


def ready() -> list[Backbone]:
    """Every network that is here, at every width."""
    widths = [
        backbone.of_width(width.alpha) if width else backbone
        for backbone in BACKBONES.values()
        for width in (backbone.widths or (None,))
        if not backbone.sealed
    ]
    return [b for b in widths if ready_offline(b) and b.multiply_adds <= _HEAVIEST]


def measure(data: str, backbone: Backbone, thawed: bool, epochs: int) -> dict[str, Any]:
    """One training, told and timed."""
    settings = TrainingSettings(
        backbone.name,
        alpha=backbone.alpha,
        frozen_layers=first_of(backbone, Level.WHOLES) if thawed else ALL,
        epochs=epochs,
    )
    wait(lambda: foresight.probe(home.HOME.dataset(data), settings) is not None)
    probe = foresight.known_probe(home.HOME.dataset(data), settings)
    assert probe is not None
    counts = store.load(home.HOME.datasets() / data).split_counts
    told = estimate(probe, settings, backbone, counts)
    run = queue.submit_training(home.HOME.dataset(data), settings)
    wait(lambda: queue.status(run).status.final)
    state, results = queue.status(run), run.results()
    if results is None or state.ended is None or state.started is None:
        raise SystemExit(f"the run failed: {state.message}")
    took = state.ended - state.started
    return {
        "backbone": backbone.title,
        "frozen": "in part" if thawed else "all",
        "epochs": epochs,
        "told": round(told.seconds, 1),
        "took": round(took, 1),
        "ratio": round(told.seconds / took, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frozen-epochs", type=int, default=20)
    parser.add_argument("--thawed-epochs", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        owner = queue.ensure_started()
        try:
            data = bring(args.folder)
            rows = []
            for backbone in ready():
                for thawed in (False, True):
                    epochs = args.thawed_epochs if thawed else args.frozen_epochs
                    rows.append(measure(data, backbone, thawed, epochs))
                    print(*rows[-1].values(), sep="\t", flush=True)
        finally:
            assert owner is not None
            os.kill(owner.pid, signal.SIGTERM)
    keep(f"estimates-{args.folder.name}", rows)


if __name__ == "__main__":
    main()
