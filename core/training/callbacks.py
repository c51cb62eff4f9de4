"""What happens after every batch and every epoch: progress is told, the best epoch is kept."""

import math
import time
from collections.abc import Sequence
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

    def __init__(self, run: Run, epochs: int, steps: int) -> None:
        super().__init__()
        self.steady = True
        self._run = run
        self._epochs = epochs
        self._steps = steps
        self._epoch = 0
        self._done = self._before = 0
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

    Args:
        variables: What that is.

    Attributes:
        history: One row an epoch: epoch, accuracy, loss, val_accuracy, val_loss.
        epoch: The best one so far, or None before the first has ended.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        super().__init__()
        self._variables = variables
        self.history: list[dict[str, Any]] = []
        self.epoch: int | None = None
        self._weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = {"epoch": epoch + 1, **_rounded(logs or {})}
        self.history.append(row)
        self.epoch = best_epoch(self.history)
        if self.epoch == epoch + 1:
            self._weights = [variable.numpy().copy() for variable in self._variables]

    def restore(self) -> None:
        """Put the best epoch's weights back."""
        for variable, value in zip(self._variables, self._weights, strict=True):
            variable.assign(value)


def _check_finite(logs: dict[str, Any]) -> None:
    if not all(math.isfinite(value) for value in logs.values()):
        raise UserError(
            "The training went astray: the loss is no longer a number. "
            "Choose a lower learning rate and train again."
        )


def _rounded(logs: dict[str, Any]) -> dict[str, float]:
    """Keras' logs as the run's events hold them: enough digits to tell epochs apart."""
    return {name: round(float(value), 6) for name, value in logs.items()}
