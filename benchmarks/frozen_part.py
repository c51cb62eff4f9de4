"""The frozen part against OpenVINO's own benchmark tool: python -m benchmarks.frozen_part FOLDER

The same graph in the same precision, all processors at work, for every backbone that is ready on
this machine. "Decoded" is what Thaw reaches on pixels, "from files" with reading and decoding on
the same processors. Images a second; writes benchmarks/results/frozen_part.csv.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from benchmarks.estimates import ready
from core.backbones.catalogue.backbone import Backbone
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
from core.training.setup import Setup

_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        for backbone in ready():
            rows.append(measure(folder, backbone))
            print(*rows[-1].values(), sep="\t", flush=True)
    keep("frozen_part", rows)


def measure(folder: Path, backbone: Backbone) -> dict[str, Any]:
    """Images a second, each way with a compiled graph and everything warm."""
    settings = TrainingSettings(backbone.name, alpha=backbone.alpha)
    setup = Setup.of(home.HOME, settings, USUAL, lambda *_: None)
    network = setup.build(1000)
    prefix, size = network.prefix, backbone.input_size
    cache = FeatureCache("bench", prefix.shape, prefix.dtype)
    compiled = prefix.compile(lambda: network.prefix_model(prefix), cache.add)
    feed = SourceFeed(open_source(folder), SplitSettings())
    pixels: list[np.ndarray] = []
    feed.read(
        lambda _: True, lambda one: pixels.append(to_square(one.image, size)), size, lambda *_: None
    )

    def decoded(seconds: float) -> float:
        began = time.perf_counter()
        done = 0
        while time.perf_counter() - began < seconds:
            compiled.submit(f"{done:064x}", pixels[done % len(pixels)])
            done += 1
        compiled.wait()
        return done / (time.perf_counter() - began)

    def from_files() -> float:
        submitting = Lock()

        def each(one: Decoded) -> None:
            square = to_square(one.image, size)
            with submitting:
                compiled.submit(one.digest, square)

        began = time.perf_counter()
        feed.read(lambda _: True, each, size, lambda *_: None)
        compiled.wait()
        return len(pixels) / (time.perf_counter() - began)

    decoded(1)
    rounds = [(by_the_tool(prefix), decoded(_SECONDS), from_files()) for _ in range(3)]
    tool, ours, files = map(statistics.median, zip(*rounds, strict=True))
    return {
        "backbone": f"{backbone.title} {backbone.alpha:g}",
        "tool": round(tool, 1),
        "decoded": round(ours, 1),
        "share": round(ours / tool, 3),
        "from_files": round(files, 1),
    }


def by_the_tool(prefix: Prefix) -> float:
    """What `benchmark_app` says of the graph that Thaw has converted."""
    graph = home.graphs() / prefix.graph / "graph.xml"
    return throughput(started(graph, engine.HINTS[prefix.precision]))


def started(graph: Path, precision: str) -> "subprocess.Popen[str]":
    """OpenVINO's tool at work on a graph; on the processors of this process."""
    tool = Path(sys.executable).with_name("benchmark_app")
    asked = ["-hint", "throughput", "-infer_precision", precision, "-t", str(_SECONDS)]
    return subprocess.Popen(
        [str(tool), "-m", str(graph), *asked], stdout=subprocess.PIPE, text=True
    )


def throughput(process: "subprocess.Popen[str]") -> float:
    """Images a second, once the tool has ended."""
    output = process.communicate()[0]
    said = re.search(r"Throughput:\s*([\d.]+) FPS", output)
    if said is None:
        raise SystemExit(f"OpenVINO's tool says no throughput:\n{output[-2000:]}")
    return float(said[1])


if __name__ == "__main__":
    main()
