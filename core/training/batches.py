"""Feeds cached features to Keras a batch at a time, in a seeded order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.data.dataset import Record
from core.network.features import FeatureCache


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Features and class numbers of some images.

    With a seed the images come in another order each epoch, the same order for the same seed;
    without one they come in their own order.
    """

    def __init__(
        self,
        records: Sequence[Record],
        classes: Sequence[str],
        cache: FeatureCache,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        index = {label: number for number, label in enumerate(classes)}
        self._labels = np.array([index[record.label] for record in records])
        self._features = cache.rows(record.digest for record in records)
        self._batch_size = batch_size
        self._random = None if seed is None else np.random.default_rng(seed)
        self._order = np.arange(len(records))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, batch: int) -> tuple[Any, Any]:
        chosen = self._order[batch * self._batch_size :][: self._batch_size]
        return self._features.take(chosen), self._labels[chosen]

    def on_epoch_end(self) -> None:
        if self._random is not None:
            self._random.shuffle(self._order)
