"""Feeds cached features to Keras a batch at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.data.dataset import Record
from core.network.features import FeatureCache


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Features and class numbers of some images, in their own order."""

    def __init__(
        self,
        records: Sequence[Record],
        classes: Sequence[str],
        cache: FeatureCache,
        batch_size: int,
    ) -> None:
        super().__init__()
        index = {label: number for number, label in enumerate(classes)}
        self._labels = np.array([index[record.label] for record in records])
        self._features = cache.rows(record.digest for record in records)
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._labels) // self._batch_size)

    def __getitem__(self, batch: int) -> tuple[Any, Any]:
        return self._batch(np.arange(len(self._labels)), batch)

    def shuffled(self, seed: int | Sequence[int]) -> Iterator[tuple[Any, Any]]:
        """Batches without end: every image once an epoch, each epoch in another order.

        Keras fetches batches ahead, beyond the end of an epoch. An order that changed in
        `on_epoch_end` would change under its hands.
        """
        random = np.random.default_rng(seed)
        while True:
            order = random.permutation(len(self._labels))
            for batch in range(len(self)):
                yield self._batch(order, batch)

    def _batch(self, order: np.ndarray, batch: int) -> tuple[Any, Any]:
        chosen = order[batch * self._batch_size :][: self._batch_size]
        return self._features.take(chosen), self._labels[chosen]
