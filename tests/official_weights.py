"""Weights files as Keras 1 and 2 wrote them, and as `keras.applications` publishes them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np


def write(file: Path | BinaryIO, layers: Iterable[tuple[str, Sequence[np.ndarray]]]) -> None:
    """Write a file: each layer's name and arrays, in the network's order."""
    with h5py.File(file, "w") as opened:
        stored = list(layers)
        opened.attrs["layer_names"] = [name.encode() for name, _ in stored]
        for layer, arrays in stored:
            group = opened.create_group(layer)
            names = [f"{layer}/{number}:0" for number in range(len(arrays))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, array in zip(names, arrays, strict=True):
                group[name] = array


def random_arrays(
    shapes: Iterable[Sequence[int]], numbers: np.random.Generator
) -> list[np.ndarray]:
    """An array of each shape, float32 in [0, 1)."""
    return [numbers.random(tuple(shape), np.float32) for shape in shapes]
