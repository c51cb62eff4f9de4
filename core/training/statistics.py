"""Has batch norm know what the images look like to the network that is validated."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.training.batches import FOR_STATISTICS


class Statistics(keras.callbacks.Callback):  # type: ignore[misc]
    """Estimates batch norm's moving statistics anew at the end of every epoch.

    While a network learns, moving averages describe the weights of many steps ago. On a small data
    set that is most of the training, and validation by them says nothing of the network ("precise
    batch norm": Wu and Johnson 2021, arXiv:2105.07576). Training itself does not use them.
    """

    def __init__(
        self,
        layers: Iterable[Any],
        batches_of: Callable[[int], Iterable[tuple[Any, ...]]],
        before_each: Callable[[], None],
    ) -> None:
        """
        Args:
            layers: Of the network, those that learn.
            batches_of: Gives the batches that an epoch learned from, features first.
            before_each: May raise to end the training.
        """
        super().__init__()
        self._norms = [each for each in layers if isinstance(each, keras.layers.BatchNormalization)]
        self._batches_of = batches_of
        self._before_each = before_each

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        momenta = [norm.momentum for norm in self._norms]
        try:
            for number, (features, *_) in enumerate(
                islice(self._batches_of(epoch), FOR_STATISTICS)
            ):
                self._before_each()
                for norm in self._norms:
                    norm.momentum = number / (number + 1)  # the mean of all batches so far
                self.model(np.asarray(features), training=True)
        finally:
            for norm, momentum in zip(self._norms, momenta, strict=True):
                norm.momentum = momentum
