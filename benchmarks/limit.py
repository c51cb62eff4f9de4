"""How near Thaw comes to this machine's limit: python -m benchmarks.limit FOLDER [--rounds 5]

The way from picture files to features, everything warm, with EfficientNet-Lite0. The limit is what
decoding alone and the graph alone leave room for on the same processors: the harmonic sum of their
speeds. Decoding alone is Pillow in a process for each processor, so that nothing waits for Python's
lock; the graph alone is OpenVINO on the same pixels again and again. Both do without anything of
Thaw's. "Thaw" checks, digests, decodes and runs each picture, and writes its features.

Pictures a second, and milliseconds of processor time a picture, which say more on a machine that is
not idle. Writes benchmarks/results/limit-<name of the data>.csv.
"""

import argparse
import io
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from PIL import Image

from benchmarks.__main__ import keep
from core.datasets.dataset import Decoded
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.intake.pictures.images import to_square
from core.intake.pictures.preparation import USUAL
from core.network import engine
from core.network.features import FeatureCache
from core.network.prefix import Prefix
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.training.extraction import Extraction
from core.training.setup import Setup

_AT_ONCE = 20  # files that a process of the decoder is handed


def decode(files: list[Path], size: int) -> None:
    """Read and decode pictures and make them square, with Pillow alone."""
    for file in files:
        with Image.open(io.BytesIO(file.read_bytes())) as picture:
            square = picture.resize((size, size), Image.Resampling.BILINEAR)
        np.array(square)


def graph_alone(prefix: Prefix) -> Callable[[int], None]:
    """What runs a converted graph so many times with OpenVINO alone."""
    hints = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": engine.HINTS[prefix.precision],
    }
    graph = ov.Core().compile_model(home.graphs() / prefix.graph / home.GRAPH, "CPU", hints)
    shape = graph.inputs[0].shape
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    at_once = 2 * graph.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    requests = [graph.create_infer_request() for _ in range(at_once)]

    def run(images: int) -> None:
        for number in range(images):
            request = requests[number % at_once]
            request.wait()
            request.start_async({0: pixels})
        for request in requests:
            request.wait()

    return run


def thaw(feed: SourceFeed, prefix: Prefix, size: int, key: str) -> None:
    """Every picture from its file into a new cache, as a training does it."""
    cache = FeatureCache(key, prefix.shape, prefix.dtype)

    def converted() -> Any:
        raise AssertionError("the graph is not converted")

    compiler = partial(prefix.compile, converted)
    with Extraction(cache, compiler, size * size * 3) as extraction:

        def each(one: Decoded) -> None:
            if extraction.wants(one.digest):
                extraction.add(one.digest, to_square(one.image, size))

        feed.read(lambda _: True, each, size, lambda *_: None)
        extraction.finish(lambda *_: None)


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that something takes, by the clock and of the processors; children have ended."""

    def processor() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    began, before = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - before


def measure(folder: Path, rounds: int) -> list[dict[str, Any]]:
    settings = TrainingSettings()
    setup = Setup.of(home.HOME, settings, USUAL, lambda *_: None)
    network = setup.build(1000)
    prefix, size = network.prefix, setup.backbone.input_size
    prefix.compile(lambda: network.prefix_model(prefix), lambda *_: None)  # converts it
    run = graph_alone(prefix)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    packs = [files[first : first + _AT_ONCE] for first in range(0, len(files), _AT_ONCE)]

    def decode_all() -> None:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(decode, packs, [size] * len(packs)))

    found: dict[str, list[tuple[float, float]]] = {}
    run(100)
    for number in range(rounds):
        feed = SourceFeed(open_source(folder), SplitSettings())
        for name, work in {
            "decoding alone": decode_all,
            "the graph alone": partial(run, len(files)),
            "Thaw": partial(thaw, feed, prefix, size, f"bench-{number}"),
        }.items():
            found.setdefault(name, []).append(spent(work))
    limits = [
        (one[0] + other[0], one[1] + other[1])
        for one, other in zip(found["decoding alone"], found["the graph alone"], strict=True)
    ]
    found = {"decoding alone": found["decoding alone"], "the graph alone": found["the graph alone"],
             "the limit": limits, "Thaw": found["Thaw"]}  # fmt: skip
    rows = []
    for name, times in found.items():
        wall = statistics.median(wall for wall, _ in times)
        processor = statistics.median(used for _, used in times)
        shares = [limit[0] / took[0] for limit, took in zip(limits, times, strict=True)]
        of_processor = [limit[1] / took[1] for limit, took in zip(limits, times, strict=True)]
        rows.append(
            {
                "what": name,
                "a_second": round(len(files) / wall, 1),
                "processor_ms": round(1000 * processor / len(files), 3),
                "share": round(statistics.median(shares), 3),
                "processor_share": round(statistics.median(of_processor), 3),
                "precision": prefix.precision,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        rows = measure(args.folder.resolve(), args.rounds)
    for row in rows:
        print(*row.values(), sep="\t")
    keep(f"limit-{args.folder.name}", rows)


if __name__ == "__main__":
    main()
