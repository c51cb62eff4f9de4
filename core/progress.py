"""How far a long stage has come, told to an event log a few times a second with the time left."""

import time
from collections.abc import Callable

from core.errors import StopRequested
from core.events import EventLog

SECONDS_BETWEEN = 0.25


class StageReporter:
    """A `report(done, total)` callback that writes `stage` events and looks for a stop.

    The first and the last report are always written, those between at most four times a second.
    The time left is what remains at the speed met since something was first done, None until then.

    Args:
        log: Where the events go.
        stage: Name of the stage, written into each event.
        should_stop: Asked at every report.
    """

    def __init__(
        self, log: EventLog, stage: str, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._log = log
        self._stage = str(stage)
        self._should_stop = should_stop
        self._first: tuple[float, int] | None = None
        self._written = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` are done.

        Raises:
            StopRequested: The user has asked to stop; the report is written all the same.
        """
        now = time.monotonic()
        started = self._first is None
        if self._first is None or done <= self._first[1]:
            self._first = (now, done)  # waiting for the network to be built is no measure
        if started or done >= total or now - self._written >= SECONDS_BETWEEN:
            self._written = now
            left = self._seconds_left(now, done, total)
            self._log.append("stage", stage=self._stage, done=done, total=total, seconds_left=left)
        if self._should_stop():
            raise StopRequested

    def _seconds_left(self, now: float, done: int, total: int) -> float | None:
        assert self._first is not None
        if done >= total:
            return 0.0
        began, before = self._first
        if done <= before:
            return None
        return round((now - began) * (total - done) / (done - before), 1)
