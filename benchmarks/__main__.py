"""Thaw against plain Keras, side by side: python -m benchmarks [FOLDER] [--repeats 3] [--seeds 10]

Same images, same split, same weights, same epochs, one after the other on this machine. FOLDER
holds class folders; without it the sketches of the starter set are used. Prints a table and
writes benchmarks/results/<machine>.csv.
"""

import argparse
import csv
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.data import dataset, samples
from core.data.archive import open_source
from core.settings import SplitSettings, TrainingSettings

RESULTS = Path(__file__).with_name("results")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        folder = args.folder
        if folder is None:
            folder = work / "sketches"
            samples.write("sketches", folder)
        name = folder.name
        rows = [
            *cold_and_second(divided(folder, work / name, seed=0), work, args.repeats, args.epochs),
            *accuracy(folder, work, args.seeds, args.epochs),
            prediction(divided(folder, work / f"{name}-again", seed=0), work),
        ]
    write(rows, name)


def divided(folder: Path, target: Path, seed: int) -> Path:
    """A copy with train/ and validation/, so that both sides read the very same split."""
    found = dataset.read(open_source(folder), split=SplitSettings(seed=seed), at_least=64)
    for record in found.records:
        to = target / record.split / record.label / f"{record.digest[:16]}.jpg"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / record.file, to)
    return target


def cold_and_second(folder: Path, work: Path, repeats: int, epochs: int) -> list[Row]:
    """From the command to the evaluated model; then another head on the same images."""
    thaw, thaw_again, plain, thaw_second, plain_second = [], [], [], [], []
    peaks: dict[str, int] = {}
    for repeat in range(repeats):
        home = work / f"home-{repeat}"
        for times, run in ((thaw, "first"), (thaw_again, "again")):
            command = ["-m", "core", "train", str(folder), "--run", str(home / run), "--json"]
            seconds, output = timed([*command, "--epochs", str(epochs)], home)
            times.append(seconds)
            peaks["thaw"] = output["peak_rss_mb"]
            shutil.rmtree(home / "cache" / "features")  # the images are new, the machine is not
        thaw_second += warm_second_run(folder, home, epochs)
        command = ["-m", "benchmarks.plain_keras", str(folder), "--epochs", str(epochs)]
        seconds, _ = timed(command, home)
        plain.append(seconds)
        _, output = timed([*command, "--second-head"], home)
        plain_second.append(output["second"])
        peaks["plain"] = output["peak_rss_mb"]
    return [
        row("cold: first command on a new machine", "s", thaw, plain),
        row("cold: later commands, new images", "s", thaw_again, plain),
        row("second run with another head, warm worker", "s", thaw_second, plain_second),
        row("peak memory", "MB", [peaks["thaw"]], [peaks["plain"]]),
    ]


def warm_second_run(folder: Path, home: Path, epochs: int) -> list[float]:
    """Train in the app's own cluster, then again with another head: seconds from submit to end."""
    os.environ["THAW_HOME"] = str(home)
    from core.jobs import queue

    upload = home / "home" / "uploads" / "bench"
    shutil.copytree(folder, upload)
    data = queue.submit_import(upload, "bench", SplitSettings())
    wait(lambda: queue.import_state(data).status.final)
    seconds = 0.0
    for dense in ((), (128,)):
        began = time.perf_counter()
        run = queue.submit_training(data, TrainingSettings(epochs=epochs, dense=dense), data="b")
        wait(lambda run=run: queue.status(run).status.final)
        seconds = time.perf_counter() - began
        assert run.results(), queue.status(run).message
    return [seconds]


def accuracy(folder: Path, work: Path, seeds: int, epochs: int) -> list[Row]:
    """Best validation accuracy over paired seeds; each seed splits and starts in its own way."""
    thaw, plain = [], []
    for seed in range(seeds):
        home, split = work / "accuracy", divided(folder, work / f"split-{seed}", seed)
        command = ["-m", "core", "train", str(split), "--run", str(home / f"run-{seed}"), "--json"]
        _, output = timed([*command, "--seed", str(seed), "--epochs", str(epochs)], home)
        thaw.append(output["val_accuracy"])
        command = ["-m", "benchmarks.plain_keras", str(split), "--seeds", str(seed)]
        _, output = timed([*command, "--epochs", str(epochs)], home)
        plain.append(output["runs"][0]["val_accuracy"])
        shutil.rmtree(split)
    return [row(f"mean accuracy over {seeds} paired seeds", "", thaw, plain, statistics.fmean)]


def prediction(folder: Path, work: Path) -> Row:
    """One warm picture through the app's prediction process."""
    from core.jobs import queue
    from core.runs import all_runs

    run = all_runs()[0]
    pictures = sorted((folder / "validation").rglob("*.jpg"))[:20]
    queue.predict(run, pictures[:1], 3)
    times = []
    for picture in pictures:
        began = time.perf_counter()
        queue.predict(run, [picture], 3)
        times.append(1000 * (time.perf_counter() - began))
    stop_cluster()
    return row("one warm prediction", "ms", times, [])


def timed(arguments: list[str], home: Path) -> tuple[float, Row]:
    """Run Python on arguments; seconds, and the JSON object on the last line."""
    environment = os.environ | {"THAW_HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{arguments} failed:\n{done.stderr[-2000:]}")
    return seconds, json.loads(done.stdout.splitlines()[-1])


def wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit("it did not end within ten minutes")
        time.sleep(0.02)


def row(
    what: str, unit: str, thaw: list[Any], plain: list[Any], middle: Any = statistics.median
) -> Row:
    ours = middle(thaw)
    theirs = middle(plain) if plain else None
    return {
        "what": what, "unit": unit, "thaw": round(ours, 4),
        "plain_keras": "" if theirs is None else round(theirs, 4),
        "ratio": "" if theirs is None else round(theirs / ours, 3),
        "thaw_all": " ".join(f"{x:.4g}" for x in thaw),
        "plain_all": " ".join(f"{x:.4g}" for x in plain),
    }  # fmt: skip


def machine() -> str:
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return f"{cpu}, {os.cpu_count()} cores"


def write(rows: list[Row], name: str) -> None:
    versions = " ".join(f"{p} {version(p)}" for p in ("tensorflow", "keras", "openvino"))
    facts = {"data": name, "machine": machine(), "versions": f"Python {platform.python_version()} {versions}"}
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}.csv"
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], *facts])
        writer.writeheader()
        writer.writerows(each | facts for each in rows)
    print(f"{facts['machine']}; {facts['versions']}; {name}")
    for each in rows:
        print(f"{each['what']:45} {each['thaw']:>10} {each['plain_keras']:>10} {each['unit']:3} × {each['ratio']}")


if __name__ == "__main__":
    main()
