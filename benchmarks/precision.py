"""Accuracy with features in float32 and in bfloat16: python -m benchmarks.precision FOLDER …

Train pressed with nothing changed, everything frozen, paired seeds. Where the processor has no
bfloat16, the graph is made to round like it: every constant and every result to 8 binary digits.
That is more than a processor with bfloat16 rounds, which adds up in float32. Writes
benchmarks/results/precision.csv.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from benchmarks.__main__ import keep
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.network import engine
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

Row = dict[str, Any]
_LOST = 16  # binary digits that bfloat16 has less than float32
_native = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
_convert = engine._convert


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=8)
    args = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        for folder in args.folders:
            rows += [
                tried(folder, Path(scratch) / folder.name / str(seed), seed)
                for seed in range(args.seeds)
            ]
            for precision in engine.HINTS:
                mean = statistics.fmean(
                    row[f"{precision}_last"] for row in rows if row["data"] == folder.name
                )
                print(f"{folder.name} {precision}: {mean:.4f}")
    keep("precision", rows)


def tried(folder: Path, runs: Path, seed: int) -> Row:
    """One division of the images, learned from in either precision."""
    row: Row = {"data": folder.name, "seed": seed, "native": _native}
    for precision in engine.HINTS:
        compute_in(precision)
        made = Run.create(runs / precision, TrainingSettings(seed=seed), data_name=folder.name)
        feed = SourceFeed(open_source(folder), SplitSettings(seed=seed))
        found = fit.train(made, feed)
        last = found["history"][-1]["val_accuracy"]
        row |= {
            f"{precision}_kept": round(found["val_accuracy"], 4),
            f"{precision}_last": round(last, 4),
        }
    print(row, flush=True)
    return row


def compute_in(precision: str) -> None:
    """Have features computed so from now on."""
    engine.feature_precision = lambda: precision
    rounds = precision == engine.BFLOAT16 and not _native
    engine._convert = (lambda model: rounding(_convert(model))) if rounds else _convert


def rounding(graph: Any) -> Any:
    """The graph, with every number in it rounded to 8 binary digits (Veltkamp's splitting)."""
    for operation in graph.get_ordered_ops():
        for output in operation.outputs():
            readers = output.get_target_inputs()
            if not readers or output.get_element_type().get_type_name() != "f32":
                continue
            large = ops.multiply(output, ops.constant(np.float32(2**_LOST + 1)))
            rounded = ops.subtract(large, ops.subtract(large, output))
            for reader in readers:
                reader.replace_source_output(rounded.output(0))
    return graph


if __name__ == "__main__":
    main()
