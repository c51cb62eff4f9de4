"""Thaw against plain Keras, side by side: python -m benchmarks [FOLDER] [--repeats 3] [--seeds 10]

Same images, same split, same weights, same epochs, one after the other on this machine. FOLDER
holds class folders; without it the sketches of the starter set are used. Speed is measured on as
many images as --photos says, made from those in FOLDER. Prints a table and writes
benchmarks/results/<name of the data>.csv.
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
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.photos import several
from core.datasets import reading
from core.datasets.samples import samples
from core.intake.archives.archive import open_source
from core.settings import SplitSettings

RESULTS = Path(__file__).with_name("results")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--photos", type=int, default=3000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        folder = args.folder
        if folder is None:
            folder = work / "sketches"
            samples.write("sketches", folder)
        name = folder.name
        photos = several(folder, args.photos, work / "photos")
        rows = speed(divided(photos, work / name, seed=0), work, args.repeats, args.epochs)
        if args.seeds:
            rows += accuracy(folder, work, args.seeds, args.epochs)
    write(rows, name)


def divided(folder: Path, target: Path, seed: int) -> Path:
    """A copy with train/ and validation/, so that both sides read the very same split."""
    found = reading.read(open_source(folder), split=SplitSettings(seed=seed), at_least=64)
    for record in found.records:
        to = target / record.split / record.label / f"{record.digest[:16]}.jpg"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / record.file, to)
    return target


def speed(folder: Path, work: Path, repeats: int, epochs: int) -> list[Row]:
    """From the command to the evaluated model; then, warm, another head on the same images.

    What is warm is compared with plain Keras from the loaded weights on: the second head costs
    it as much as the first, since it runs the whole network either way.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for repeat in range(repeats):
        home = work / f"home-{repeat}"
        for case in ("first", "later"):
            command = ["core", "train", str(folder), "--run", str(home / case), "--json"]
            seconds, output = timed([*command, "--epochs", str(epochs)], home)
            times[case].append(seconds)
            times["memory"].append(output["peak_rss_mb"])
            shutil.rmtree(home / "cache" / "features")  # the images are new, the machine is not
        _, output = timed(["benchmarks.warm_worker", str(folder), "--epochs", str(epochs)], home)
        times["new"].append(output["new"])
        times["ahead"].append(output["ahead"])
        times["second"].append(output["second"])
        times["prediction"] += output["warm_ms"]
        command = ["benchmarks.plain_keras", str(folder), "--epochs", str(epochs)]
        seconds, output = timed(command, home)
        times["plain"].append(seconds)
        times["plain fit"].append(output["runs"][0]["fit"])
        times["plain memory"].append(output["peak_rss_mb"])
    return [
        row("cold: first command on a new machine", "s", times["first"], times["plain"]),
        row("cold: later command, new images", "s", times["later"], times["plain"]),
        row("warm worker: new images", "s", times["new"], times["plain fit"]),
        row(
            "warm worker: new images, half a minute later", "s", times["ahead"], times["plain fit"]
        ),
        row("warm worker: images seen before", "s", times["second"], times["plain fit"]),
        row("warm worker: one picture named", "ms", times["prediction"], []),
        row("peak memory of the command", "MB", times["memory"], times["plain memory"]),
    ]


def accuracy(folder: Path, work: Path, seeds: int, epochs: int) -> list[Row]:
    """Best validation accuracy over paired seeds; each seed splits and starts in its own way."""
    thaw, plain = [], []
    for seed in range(seeds):
        home, split = work / "accuracy", divided(folder, work / f"split-{seed}", seed)
        command = ["core", "train", str(split), "--run", str(home / f"run-{seed}"), "--json"]
        _, output = timed([*command, "--seed", str(seed), "--epochs", str(epochs)], home)
        thaw.append(output["val_accuracy"])
        command = ["benchmarks.plain_keras", str(split), "--seeds", str(seed)]
        _, output = timed([*command, "--epochs", str(epochs)], home)
        plain.append(output["runs"][0]["val_accuracy"])
        shutil.rmtree(split)
    return [row(f"mean accuracy over {seeds} paired seeds", "", thaw, plain, statistics.fmean)]


def timed(arguments: list[str], home: Path) -> tuple[float, Row]:
    """Run a Python module with arguments; seconds, and the JSON object on its last line."""
    environment = os.environ | {"THAW_HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{arguments} failed:\n{done.stderr[-2000:]}")
    return seconds, json.loads(done.stdout.splitlines()[-1])


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
    """The processor's name and how many there are."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{(names or [platform.processor() or platform.machine()])[0]}, {os.cpu_count()} cores"


def keep(name: str, rows: list[Row], facts: Row | None = None) -> None:
    """Write benchmarks/results/<name>.csv, each row with what it was measured on."""
    facts = facts or {"machine": machine()}
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], *facts])
        writer.writeheader()
        writer.writerows(each | facts for each in rows)


def write(rows: list[Row], name: str) -> None:
    """Print a table, and keep all numbers with what they were measured on."""
    versions = " ".join(f"{p} {version(p)}" for p in ("tensorflow", "keras", "openvino"))
    facts = {
        "data": name,
        "machine": machine(),
        "versions": f"Python {platform.python_version()} {versions}",
    }
    keep(name, rows, facts)
    print(f"{facts['machine']}; {facts['versions']}; {name}")
    print(f"{'':40} {'Thaw':>10} {'Keras':>10}")
    for each in rows:
        ratio = f"× {each['ratio']}" if each["ratio"] else ""
        numbers = f"{each['thaw']:>10} {each['plain_keras']:>10} {each['unit']:3}"
        print(f"{each['what']:40} {numbers} {ratio}")


if __name__ == "__main__":
    main()
