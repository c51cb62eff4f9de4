"""Runs an export on pictures in a separate process, with its own runtime and its own code.

`prover.py EXPORT WORK` imports nothing of Thaw's. WORK holds `pixels.npy` and
`files/`, in the same order. It leaves the answers there as `answers.npz`, those for the pictures in
EXPORT's `samples/` too, and in `told.json` how long one took and which files could not be read.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Answer for every picture, first for Thaw's own pixels, then from the file."""
    export, work = Path(sys.argv[1]), Path(sys.argv[2])
    sys.dont_write_bytecode = True  # the export is packed as it is
    sys.path.insert(0, str(export))
    import predict  # type: ignore[import-not-found]  # of the export
    import runtime  # type: ignore[import-not-found]

    network = runtime.Network(export)
    pixels = np.load(work / "pixels.npy", mmap_mode="r")
    network(np.array(pixels[0]))  # the first one pays for what is set up once
    tensors, seconds = [], []
    for each in pixels:
        began = time.perf_counter()
        tensors.append(network(np.array(each)))
        seconds.append(time.perf_counter() - began)
        _tell(len(tensors), 2 * len(pixels))
    files: list[dict[str, np.ndarray]] = []
    unread: dict[int, str] = {}
    for place, file in enumerate(sorted((work / "files").iterdir())):
        try:
            files.append(predict.outputs_of(network, file.read_bytes()))
        except Exception as error:  # any decoder's: which files those are is what is asked
            unread[place] = f"{type(error).__name__}: {error}"
            files.append({name: np.full_like(value, np.nan) for name, value in tensors[0].items()})
        _tell(len(pixels) + len(files), 2 * len(pixels))
    answers: dict[str, Any] = {
        f"tensor_{name}": np.stack([each[name] for each in tensors]) for name in tensors[0]
    }
    answers |= {f"file_{name}": np.stack([each[name] for each in files]) for name in tensors[0]}
    samples = sorted((export / "samples").iterdir())
    told_of = [predict.outputs_of(network, each.read_bytes()) for each in samples]
    answers["samples"] = np.array([each["probabilities"] for each in told_of])
    np.savez(work / "answers.npz", **answers)
    told: dict[str, Any] = {"ms": 1000 * statistics.median(seconds), "unread": unread}
    (work / "told.json").write_text(json.dumps(told), encoding="utf-8")


def _tell(done: int, total: int) -> None:
    print(done, total, flush=True)


if __name__ == "__main__":
    main()
