"""What happens after every batch and every epoch: progress is told, the best epoch is kept."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from core.backbones.frameworks import keras
from core.errors import StopRequested, UserError
from core.runs import Run, Stage, best_epoch

_SECONDS_BETWEEN_HEARTBEATS = 0.4


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the run's log of each epoch and, a few times a second, of the step within it.

    Attributes:
        steady: Whether the epochs to come take as long as these. Those that warm the head up do
            not, so no time left is told meanwhile.
    """

    def __init__(self, run: Run, epochs: int, steps: int, epoch: int = 0) -> None:
        """
        Args:
            run: Whose log is told.
            epochs: How many there will be.
            steps: In each.
            epoch: How many are over.
        """
        super().__init__()
        self.steady = True
        self._run = run
        self._epochs = epochs
        self._steps = steps
        self._epoch = epoch
        self._done = self._before = epoch * steps
        self._began = self._epoch_began = self._beat = time.monotonic()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._began, self._before = time.monotonic(), self._done
        self._tell_stage(self._done)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        logs = logs or {}
        _check_finite(logs)
        if now - self._beat >= _SECONDS_BETWEEN_HEARTBEATS:
            self._beat = now
            self._run.log.append(
                "batch", epoch=self._epoch, step=batch + 1, steps=self._steps, **_rounded(logs)
            )
            self._tell_stage((self._epoch - 1) * self._steps + batch + 1)
        self._look_for_a_stop()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._look_for_a_stop()

    def _look_for_a_stop(self) -> None:
        if self._run.stop_requested:
            raise StopRequested

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        _check_finite(logs or {})  # the last step may have gone astray: validation shows it
        seconds = round(time.monotonic() - self._epoch_began, 3)
        self._run.log.append("epoch", epoch=epoch + 1, **_rounded(logs or {}), seconds=seconds)
        self._tell_stage((epoch + 1) * self._steps)

    def _tell_stage(self, done: int) -> None:
        self._done = done
        total, here = self._epochs * self._steps, done - self._before
        elapsed = time.monotonic() - self._began
        left = round(elapsed * (total - done) / here, 1) if here and self.steady else None
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
            self.values = [variable.numpy().copy() for variable in self._variables]
        waited = epoch + 1 - max(self.epoch, self.waited_from)
        if self._patience and waited >= self._patience:
            self.model.stop_training = True

    def remember(self, history: list[dict[str, Any]], values: list[Any]) -> None:
        """Take up where an earlier process left off."""
        self.history, self.values = history, values
        self.epoch = best_epoch(history)

    def restore(self) -> None:
        """Put the best epoch's weights back."""
        for variable, value in zip(self._variables, self.values, strict=True):
            variable.assign(value)


class Rate(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate before every step."""

    def __init__(
        self,
        optimizers: Sequence[tuple[Any, float]],
        share_at: Callable[[float], float],
        steps: int,
    ) -> None:
        """
        Args:
            optimizers: Each with its full rate.
            share_at: What to take of it, given the epochs done with the fraction of the one under
                way.
            steps: In an epoch.
        """
        super().__init__()
        self._optimizers = optimizers
        self._share_at = share_at
        self._steps = steps
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        share = self._share_at(self._epoch + batch / self._steps)
        for optimizer, rate in self._optimizers:
            optimizer.learning_rate = share * rate


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


def _check_finite(logs: dict[str, Any]) -> None:
    if not all(math.isfinite(value) for value in logs.values()):
        raise UserError(
            "The training went astray: the loss is no longer a number. "
            "Choose a lower learning rate and train again."
        )


def _rounded(logs: dict[str, Any]) -> dict[str, float]:
    """Keras' logs as the run's events hold them: enough digits to tell epochs apart."""
    return {name: round(float(value), 6) for name, value in logs.items()}
