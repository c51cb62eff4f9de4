"""What happens after every batch and every epoch: progress is told, the best epoch is kept."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.errors import StopRequested, UserError
from core.storage.job import Stage
from core.storage.progress import Pace
from core.storage.runs import Run, best_epoch
from core.training.batches import FOR_STATISTICS, Batches

_SECONDS_BETWEEN_HEARTBEATS = 0.4


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the run's log of each epoch and, a few times a second, of the step within it.

    Attributes:
        steady: Whether the epochs to come take as long as these. Those that warm the head up do
            not, so no time left is shown meanwhile.
        at_once: How many steps Keras takes for one.
    """

    def __init__(self, run: Run, epochs: int, steps: int, epoch: int = 0) -> None:
        """
        Args:
            run: The run that the log belongs to.
            epochs: How many there will be.
            steps: In each.
            epoch: How many are over.
        """
        super().__init__()
        self.steady = True
        self.at_once = 1
        self._run = run
        self._epochs = epochs
        self._steps = steps
        self._epoch = epoch
        self._done = epoch * steps
        self._epoch_began = self._beat = time.monotonic()
        self._pace = Pace(late=1)  # validation comes once an epoch
        self._warm = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._warm = False
        self._pace.restart(self._done)
        self._tell_stage(self._done)

    def shorten(self, epochs: int) -> None:
        """Tell of fewer epochs than it was made for."""
        self._epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        logs = logs or {}
        _check_finite(logs)
        step = min((batch + 1) * self.at_once, self._steps)
        done = (self._epoch - 1) * self._steps + step
        if batch == 0 and not self._warm:
            self._pace.restart(done)  # TensorFlow traces what it meets for the first time
        if now - self._beat >= _SECONDS_BETWEEN_HEARTBEATS:
            self._beat = now
            self._run.log.append(
                "batch", epoch=self._epoch, step=step, steps=self._steps, **_rounded(logs)
            )
            self._tell_stage(done)
        self.look_for_a_stop()

    def look_for_a_stop(self) -> None:
        """Raise StopRequested where somebody wants the run to end."""
        if self._run.stop_requested:
            raise StopRequested

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        _check_finite(logs or {})  # the last step may have diverged: validation shows it
        seconds = round(time.monotonic() - self._epoch_began, 3)
        self._run.log.append("epoch", epoch=epoch + 1, **_rounded(logs or {}), seconds=seconds)
        done = (epoch + 1) * self._steps
        if not self._warm:
            self._pace.restart(done)
            self._warm = True
        self._tell_stage(done)

    def _tell_stage(self, done: int) -> None:
        self._done = done
        total = self._epochs * self._steps
        left = self._pace.seconds_left(done, total) if self.steady else None
        self._run.log.append(
            "stage", stage=Stage.TRAINING, done=done, total=total, seconds_left=left
        )


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Remembers the best epoch's value of everything that training changes (see `best_epoch`).

    Attributes:
        history: One row an epoch: epoch, accuracy, loss, val_accuracy, val_loss.
        epoch: The best one so far, or None before the first has ended.
        values: The arrays of that epoch.
    """

    def __init__(self, variables: Sequence[Any], patience: int = 0) -> None:
        """
        Args:
            variables: What training changes.
            patience: Training ends when so many epochs were no better; 0 never ends it.
        """
        super().__init__()
        self._variables = variables
        self._patience = patience
        self.waited_from = 0
        self.history: list[dict[str, Any]] = []
        self.epoch: int | None = None
        self.values: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = {"epoch": epoch + 1, **_rounded(logs or {})}
        self.history.append(row)
        self.epoch = best_epoch(self.history)
        if self.epoch == epoch + 1:
            self.values = values_of(self._variables)
        waited = epoch + 1 - max(self.epoch, self.waited_from)
        if self._patience and waited >= self._patience:
            self.model.stop_training = True

    def remember(self, history: list[dict[str, Any]], values: list[Any]) -> None:
        """Take up where an earlier process left off."""
        self.history, self.values = history, values
        self.epoch = best_epoch(history)

    def restore(self) -> None:
        """Put the best epoch's weights back."""
        assign(self._variables, self.values)


def values_of(variables: Sequence[Any]) -> list[np.ndarray]:
    """What Keras variables hold now."""
    return [variable.numpy().copy() for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Put values back into Keras variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Rate(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rates before every step, or before every few that are taken at once."""

    def __init__(
        self,
        setters: Sequence[tuple[Callable[[np.ndarray], None], float]],
        share_at: Callable[[float], float],
        steps: int,
        at_once: int = 1,
    ) -> None:
        """
        Args:
            setters: Each receives the rates of the next steps, [at_once]; with the full rate.
            share_at: What to take of it, given the epochs done with the fraction of the one under
                way.
            steps: In an epoch.
            at_once: How many steps Keras takes for one.
        """
        super().__init__()
        self._setters = setters
        self._share_at = share_at
        self._steps = steps
        self._at_once = at_once
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        first = batch * self._at_once
        shares = np.array(
            [
                self._share_at(self._epoch + step / self._steps)
                for step in range(first, first + self._at_once)
            ]
        )
        for set_rates, rate in self._setters:
            set_rates(rate * shares)


class Validation(keras.callbacks.Callback):  # type: ignore[misc]
    """Looks at images that training never sees at the end of every epoch, for those listed after.

    What Keras does with `validation_data` takes longer than an epoch of a head: it builds its
    input pipeline anew each time.
    """

    def __init__(self, batches: Batches, before_each: Callable[[], None]) -> None:
        """
        Args:
            batches: Of these images.
            before_each: Called before each batch and at the end; may raise to end the training.
        """
        super().__init__()
        self._batches = batches
        self._before_each = before_each

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        assert logs is not None
        sums: dict[str, float] = defaultdict(float)
        images = 0
        for batch in range(len(self._batches)):
            self._before_each()
            features, labels = self._batches[batch]
            means = self.model.test_on_batch(features, labels, return_dict=True)
            for name, value in means.items():
                sums[name] += float(value) * len(labels)
            images += len(labels)
        self._before_each()  # a run that was stopped in its first epoch has ended without it
        logs |= {f"val_{name}": total / images for name, total in sums.items()}


class Keep(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls a function at the end of every epoch, after all that are listed before it."""

    def __init__(self, keep: Callable[[int], None]) -> None:
        """
        Args:
            keep: Told how many epochs are over.
        """
        super().__init__()
        self._keep = keep

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._keep(epoch + 1)


class EndEarly(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training after an epoch where there is no point in another one."""

    def __init__(self, hopeless: Callable[[], bool]) -> None:
        """
        Args:
            hopeless: Asked after each epoch.
        """
        super().__init__()
        self._hopeless = hopeless

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._hopeless():
            self.model.stop_training = True


def _check_finite(logs: dict[str, Any]) -> None:
    if not all(math.isfinite(value) for value in logs.values()):
        raise UserError(
            "Training diverged: the loss is NaN or infinite. "
            "Choose a lower learning rate and train again."
        )


def _rounded(logs: dict[str, Any]) -> dict[str, float]:
    """Keras' logs as the run's events hold them: enough digits to tell epochs apart."""
    return {name: round(float(value), 6) for name, value in logs.items()}


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
