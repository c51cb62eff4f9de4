"""The app's own cluster, warm: a run on new images, another head on them, and pictures named.

python -m benchmarks.warm_worker FOLDER: prints one JSON object. Uses THAW_HOME.
"""

import argparse
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from core.datasets import store
from core.jobs import foresight, queue, tasks
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.runs import Run

LOOKED = 30.0  # seconds between the import and Train


def wait(ready: Callable[[], bool]) -> None:
    """Look often, as a page does, for at most ten minutes."""
    deadline = time.monotonic() + 600
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit("it did not end within ten minutes")
        time.sleep(0.05)


def bring(folder: Path) -> str:
    """Import class folders as the app does; the id of the data set."""
    upload = home.HOME.uploads() / "bench"
    shutil.copytree(folder, upload)
    data = queue.submit_import(upload, "bench", SplitSettings())
    wait(lambda: queue.import_state(home.HOME.dataset(data)).status.final)
    return data


def train(data: str, epochs: int, dense: tuple[int, ...]) -> tuple[Run, float]:
    """Seconds from pressing Train to the results."""
    began = time.perf_counter()
    run = queue.submit_training(
        home.HOME.dataset(data), TrainingSettings(epochs=epochs, dense=dense)
    )
    wait(lambda: queue.status(run).status.final)
    seconds = time.perf_counter() - began
    if run.results() is None:
        raise SystemExit(f"the run failed: {queue.status(run).message}")
    return run, seconds


def look_at(data: str) -> None:
    """Do what the Data page does while somebody looks at their pictures for a while."""
    folder = home.HOME.dataset(data)
    images = len(store.load(folder).records)
    end = time.monotonic() + LOOKED
    while time.monotonic() < end:
        foresight.look_ahead(folder, images)
        time.sleep(0.25)


def rested(run: Run) -> None:
    """Wait: the worker compiles a model for prediction once its results are shown."""
    wait(lambda: not queue.is_busy(run))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    owner = queue.ensure_started()
    try:
        data = bring(args.folder)
        first, _ = train(data, 1, ())
        rested(first)
        shutil.rmtree(home.cache() / "features")
        run, new = train(data, args.epochs, ())
        rested(run)
        run, second = train(data, args.epochs, (128,))
        rested(run)
        for made in (home.cache() / "features", home.probes()):
            shutil.rmtree(made, ignore_errors=True)
        look_at(data)
        run, ahead = train(data, args.epochs, ())
        pictures = sorted(path for path in (args.folder / "validation").rglob("*.*"))[:21]
        times = []
        for picture in pictures:
            began = time.perf_counter()
            queue.ask(tasks.predict, run.folder, [picture], 3)
            times.append(1000 * (time.perf_counter() - began))
    finally:
        os.kill(owner.pid, signal.SIGTERM)
    told = {"new": new, "ahead": ahead, "second": second}
    print(json.dumps(told | {"first_ms": times[0], "warm_ms": times[1:]}))


if __name__ == "__main__":
    main()
