"""Divides cached features into batches."""

import itertools
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from core.datasets.dataset import Record, labels_of
from core.network.features import FeatureCache, Together
from core.training.augment import Augmentation

FOR_STATISTICS = 16  # batches from which batch norm is estimated; a few hundred images say enough


class Batches:
    """Features and class numbers of some images, in their own order."""

    def __init__(
        self,
        records: Sequence[Record],
        classes: Sequence[str],
        cache: FeatureCache | Together,
        batch_size: int,
        channels: slice = slice(None),
    ) -> None:
        self._labels = labels_of(records, classes)
        self._features = cache.rows((record.digest for record in records), channels)
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._labels) // self._batch_size)

    def __getitem__(self, batch: int) -> tuple[Any, Any]:
        chosen = np.arange(len(self._labels))[batch * self._batch_size :][: self._batch_size]
        return self._features.take(chosen), self._labels[chosen]


class Views:
    """Features of each training image and of its variants.

    Attributes:
        of_each: How many of an image are kept: itself and its variants.
    """

    def __init__(
        self,
        cache: FeatureCache | Together,
        digests: Sequence[str],
        variants: Sequence[Sequence[str]],
        anew: Augmentation | None = None,
        channels: slice = slice(None),
    ) -> None:
        """
        Args:
            cache: Where their features are.
            digests: Of the images.
            variants: The cache's names of each image's variants, the same number for all.
            anew: How to vary pixels in every epoch, where what is cached is pixels.
            channels: Which of the features' last axis.
        """
        self.of_each = 1 + len(variants[0])
        self._anew = anew
        self._digests = digests
        every = (
            key for digest, more in zip(digests, variants, strict=True) for key in (digest, *more)
        )
        self._features = cache.rows(every, channels)

    def take(self, images: np.ndarray, views: np.ndarray, epoch: int) -> np.ndarray:
        """The features of these images, [n, …].

        Args:
            images: Their places in the list of records.
            views: Which variant of each; 0 is the image itself.
            epoch: How many epochs are over.
        """
        taken = self._features.take(images * self.of_each + views)
        if self._anew is None:
            return taken
        return np.stack(
            [
                self._anew.view(Image.fromarray(pixels), self._digests[image], epoch, len(pixels))
                for image, pixels in zip(images, taken, strict=True)
            ]
        )


class Lessons:
    """What a network learns from: batches without end, every image once an epoch.

    Keras fetches batches ahead, beyond the end of an epoch. An order that changed in
    `on_epoch_end` would change under its hands, so this is one endless stream. Each epoch's order
    depends on the seed and its number alone: a training that is resumed meets the same batches.
    """

    def __init__(
        self,
        records: Sequence[Record],
        classes: Sequence[str],
        views: Views,
        batch_size: int,
        weights: np.ndarray | None = None,
    ) -> None:
        """
        Args:
            records: The images.
            classes: In the network's order.
            views: Their features.
            batch_size: Images a batch.
            weights: How much an image of each class counts, where not all count the same.
        """
        self._labels = labels_of(records, classes)
        self._weights = weights
        self._views = views
        self._batch_size = batch_size

    def __len__(self) -> int:
        """Batches an epoch."""
        return -(-len(self._labels) // self._batch_size)

    def from_epoch(self, epoch: int, seed: int, at_once: int = 1) -> Iterator[tuple[Any, ...]]:
        """Batches from the beginning of an epoch on, for as long as there are these lessons.

        TensorFlow keeps a generator that it was given for as long as the process lives. So this
        one keeps no features, and no file open that holds them.

        Args:
            epoch: How many epochs are over.
            seed: Of the run.
            at_once: How many batches to give in one, of the same epoch.
        """
        return _stream(weakref.ref(self), epoch, seed, at_once)

    def parts(self, number: int, seed: int, at_once: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The images of each batch of an epoch, and which variant of each."""
        random = np.random.default_rng([seed, number])
        order = random.permutation(len(self._labels))
        views = random.integers(0, self._views.of_each, len(self._labels))
        size = self._batch_size * at_once
        parts = [order[first : first + size] for first in range(0, len(order), size)]
        return [(chosen, views[chosen]) for chosen in parts]

    def batch(self, chosen: np.ndarray, views: np.ndarray, number: int) -> tuple[Any, ...]:
        """One of these batches."""
        labels = self._labels[chosen]
        batch = self._views.take(chosen, views, number), labels
        return batch if self._weights is None else (*batch, self._weights[labels])

    def whole_batches(self, epoch: int, seed: int) -> Iterator[tuple[Any, ...]]:
        """The batches of one epoch, without a last one that is smaller than the others.

        Args:
            epoch: How many epochs were over when it began.
            seed: Of the run.
        """
        whole = max(1, len(self._labels) // self._batch_size)
        return itertools.islice(self.from_epoch(epoch, seed), whole)


def _stream(
    kept: "weakref.ref[Lessons]", epoch: int, seed: int, at_once: int
) -> Iterator[tuple[Any, ...]]:
    """See `Lessons.from_epoch`."""
    for number in itertools.count(epoch):
        if (lessons := kept()) is None:
            return
        parts = lessons.parts(number, seed, at_once)
        for chosen, views in parts:
            if (lessons := kept()) is None:
                return
            batch = lessons.batch(chosen, views, number)
            del lessons  # while it waits to be asked again
            yield batch


def balancing(labels: np.ndarray, classes: int) -> np.ndarray:
    """How much an image of each class counts so that all classes count the same; 1 on average.

    As scikit-learn's `class_weight="balanced"`.
    """
    return len(labels) / (classes * np.maximum(np.bincount(labels, minlength=classes), 1))
