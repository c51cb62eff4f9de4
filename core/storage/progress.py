"""Progress of a long stage, written to an event log a few times a second with the time left."""

import time
from collections import deque
from collections.abc import Callable

from core.errors import StopRequested
from core.storage.events import EventLog

SECONDS_BETWEEN = 0.25
_SECONDS_OF_LATE = 2.0


class Pace:
    """How fast something goes, by what was met of late."""

    def __init__(self, late: float = 0.5) -> None:
        """
        Args:
            late: What share of the time counts, and at least 2 s: what runs beside it changes, and
                with it the speed. 1 for what comes in long bursts.
        """
        self._late = late
        self._began = 0.0
        self._met: deque[tuple[float, int]] = deque()

    def restart(self, done: int) -> None:
        """Forget what was met so far: now so much is done."""
        self._began = time.monotonic()
        self._met = deque([(self._began, done)])

    def seconds_left(self, done: int, total: int) -> float | None:
        """The time left, to be asked whenever something is done.

        Returns:
            Seconds; None until something was done since the beginning or `restart`.
        """
        now = time.monotonic()
        if not self._met or done <= self._met[0][1]:
            self.restart(done)  # waiting for the first to be done is no measure
        self._met.append((now, done))
        window = max(_SECONDS_OF_LATE, (now - self._began) * self._late)
        while len(self._met) > 1 and self._met[1][0] <= now - window:
            self._met.popleft()
        if done >= total:
            return 0.0
        since, before = self._met[0]
        if done == before:
            return None
        return round((now - since) * (total - done) / (done - before), 1)


class StageReporter:
    """A `report(done, total)` callback that writes `stage` events and looks for a stop.

    It does so at the first and the last report, and between at most four times a second.

    Args:
        log: Where the events go.
        stage: Name of the stage, written into each event.
        should_stop: Asked whether to go on.
    """

    def __init__(
        self, log: EventLog, stage: str, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._log = log
        self._stage = str(stage)
        self._should_stop = should_stop
        self._pace = Pace()
        self._told: float | None = None

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` are done.

        Raises:
            StopRequested: The user has asked to stop; the report is written all the same.
        """
        now = time.monotonic()
        if self._told is not None and done < total and now - self._told < SECONDS_BETWEEN:
            return
        self._told = now
        left = self._pace.seconds_left(done, total)
        self._log.append("stage", stage=self._stage, done=done, total=total, seconds_left=left)
        if self._should_stop():
            raise StopRequested
