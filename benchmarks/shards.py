"""One data set's frozen part on one worker and on two: python -m benchmarks.shards FOLDER

Workers of one processor each, as on a cluster of small machines: each takes its part of the images
by digest, reads and decodes it and leaves features in the cache (`fit.help_out`). Seconds from a
worker's first line to its last feature, with the graph converted. Beside it what OpenVINO's own
tool gains on that graph: two processors that share caches and memory are less than twice one.
Writes benchmarks/results/shards.csv.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.__main__ import keep
from benchmarks.photos import several
from core.datasets import store
from core.datasets.feed import StoredFeed
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.runs import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=3000)
    parser.add_argument("--part", type=int, nargs=2, help="be the worker of this part of so many")
    args = parser.parse_args()
    if args.part:
        print(json.dumps({"seconds": work(*args.part)}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        photos = several(args.folder, args.photos, Path(scratch) / "photos")
        store.import_dataset(
            open_source(photos),
            home.HOME.datasets() / "photos",
            split=SplitSettings(),
            name="photos",
        )
        Run.create(
            home.HOME.runs() / "shards", TrainingSettings(), data_name="photos", dataset_id="photos"
        )
        together(1)  # converts the graph
        rows = []
        for workers in (1, 2):
            seconds = together(workers)
            rows.append({"workers": workers, "seconds": round(seconds, 1)})
            rows[-1]["speedup"] = round(rows[0]["seconds"] / seconds, 2)
            rows[-1]["tool"] = round(by_the_tool(workers), 1)
            rows[-1]["tool_speedup"] = round(rows[-1]["tool"] / rows[0]["tool"], 2)
            print(rows[-1], flush=True)
    keep("shards", rows)


def together(workers: int) -> float:
    """Seconds that the slowest of so many workers takes."""
    for segment in home.features().glob("*/*.npy"):
        segment.unlink()
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.shards", ".", "--part", str(part), str(workers)],
            stdout=subprocess.PIPE,
        )
        for part in range(workers)
    ]
    return max(json.loads(process.communicate()[0])["seconds"] for process in started)


def by_the_tool(processors: int) -> float:
    """Images a second of so many of OpenVINO's tools at once, with one processor each."""
    from benchmarks import frozen_part
    from core.network import engine

    (graph,) = home.graphs().glob("*/graph.xml")
    mine = os.sched_getaffinity(0)
    started = []
    for processor in sorted(mine)[:processors]:
        os.sched_setaffinity(0, {processor})
        started.append(frozen_part.started(graph, engine.HINTS[engine.feature_precision()]))
    os.sched_setaffinity(0, mine)
    return sum(map(frozen_part.throughput, started))


def work(part: int, parts: int) -> float:
    """Take one part, on one processor."""
    began = time.perf_counter()
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[part]})
    from core.training import fit

    feed = StoredFeed(home.HOME.datasets() / "photos")
    fit.help_out(Run.open(home.HOME.runs() / "shards"), feed, part, parts)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
