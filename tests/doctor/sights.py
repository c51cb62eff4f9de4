"""What the data doctor might have seen, made up: no network, no files."""

from typing import Any

import numpy as np

from core.datasets.dataset import Dataset, Record
from core.doctor.looking import SMALL, TINY, Sight


def record(number: int, label: str, **more: Any) -> Record:
    """One image; its digest is its own unless it is given."""
    values = {
        "file": f"{label}/{number}.png",
        "label": label,
        "split": "train",
        "digest": f"{number:064x}",
        "width": 100,
        "height": 80,
        "bytes": 1000,
    }
    return Record(**values | more)


def sight(records: list[Record], seed: int = 0, **more: Any) -> Sight:
    """Images that are nothing alike, unless it is said what they are like."""
    chance = np.random.default_rng(seed)
    digests = tuple(dict.fromkeys(each.digest for each in records))
    count = len(digests)
    features = more.pop("features", chance.normal(size=(count, 40)))
    values = {
        "dataset": Dataset(
            "made up",
            tuple(sorted({each.label for each in records})),
            tuple(records),
            (),
            split_came_with_data=False,
        ),
        "lost": (),
        "digests": digests,
        "features": (features / np.linalg.norm(features, axis=1, keepdims=True)).astype("float32"),
        "small": chance.integers(0, 256, (count, SMALL, SMALL)).astype(np.uint8),
        "tiny": chance.integers(0, 256, (count, TINY, TINY, 3)).astype(np.uint8),
        "border": chance.integers(0, 256, (count, 8, 3)).astype(np.uint8),
        "spread": np.full(count, 50, np.float32),
    }
    return Sight(**values | more)


def clustered(places: np.ndarray, seed: int = 0, noise: float = 0.35) -> np.ndarray:
    """Features of images of some classes, each class around a direction of its own."""
    chance = np.random.default_rng(seed)
    middles = chance.normal(size=(places.max() + 1, 40))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    return middles[places] + noise * chance.normal(size=(len(places), 40)) / np.sqrt(40)
