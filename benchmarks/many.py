"""Many pictures at once against the frozen part: python -m benchmarks.many FOLDER [--rounds 5]

Trains the default recipe on the class folders in FOLDER, packs their pictures into a zip, and names
them all as a worker does for the Predict page: read, decoded, named, drawn small, and kept with the
run. By turns with that, the frozen part of a training runs over the same files with everything
warm: in float32, as predictions are computed, and in the precision that features have here.

Pictures a second, milliseconds of processor time a picture, and the share of the frozen part's
rate in float32. Writes benchmarks/results/many-<name of the data>.csv.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.__main__ import keep, machine
from benchmarks.limit import spent, thaw
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.intake.pictures.preparation import USUAL
from core.network.engine import FLOAT32
from core.results import predictions
from core.results.bulk import many
from core.results.predictor import of_run
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.events import EventLog
from core.storage.progress import StageReporter
from core.storage.runs import Run
from core.training.setup import Setup

_NAMED = "many pictures named"


def named(run: Run, packed: Path) -> None:
    """All pictures of a zip, and how far it has come in a log."""
    with closing(open_source(packed)) as source:
        many.answer(run, source, StageReporter(EventLog(packed.with_name("log")), "reading"))


def measure(folder: Path, work: Path, rounds: int) -> list[dict[str, Any]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    packed = work / "photos.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    command = ["train", str(folder), "--run", str(work / "run"), "--epochs", "2"]
    subprocess.run([sys.executable, "-m", "core", *command], check=True, capture_output=True)
    run = Run.open(work / "run")
    of_run(run.folder)  # converts it
    setup = Setup.of(home.HOME, TrainingSettings(), USUAL, lambda *_: None)
    network = setup.build(len(files))
    own, size = network.prefix, setup.backbone.input_size
    own.compile(lambda: network.prefix_model(own), lambda *_: None)  # converts it
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds):
        ways: dict[str, Callable[[], object]] = {}
        for precision in dict.fromkeys((FLOAT32, own.precision)):
            feed, key = SourceFeed(open_source(folder), SplitSettings()), f"{precision}-{number}"
            prefix = replace(own, precision=precision)
            ways[f"the frozen part in {precision}"] = partial(thaw, feed, prefix, size, key)
        for name, way in (ways | {_NAMED: partial(named, run, packed)}).items():
            found.setdefault(name, []).append(spent(way))
    kept = [each for each in predictions.kept(run) if not each.error]
    if not len(files) <= len(kept):
        raise SystemExit(f"only {len(kept)} of {len(files)} pictures were named")
    rows = []
    for name, times in found.items():
        clock, processor = (statistics.median(each) for each in zip(*times, strict=True))
        shares = [
            (limit[0] / took[0], limit[1] / took[1])
            for limit, took in zip(found[f"the frozen part in {FLOAT32}"], times, strict=True)
        ]
        by_clock, by_processor = (statistics.median(each) for each in zip(*shares, strict=True))
        rows.append(
            {
                "what": name,
                "pictures": len(files),
                "a_second": round(len(files) / clock, 1),
                "processor_ms": round(1000 * processor / len(files), 3),
                "share": round(by_clock, 3),
                "processor_share": round(by_processor, 3),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    load = f"{os.getloadavg()[1]:.1f} in 5 minutes"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        rows = measure(args.folder.resolve(), Path(scratch), args.rounds)
    for row in rows:
        print(*row.values(), sep="\t")
    keep(f"many-{args.folder.name}", rows, {"machine": machine(), "load before": load})


if __name__ == "__main__":
    main()
