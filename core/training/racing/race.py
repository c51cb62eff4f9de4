"""Trains one candidate after another within a budget of seconds, and keeps what is clearly better.

A candidate takes the lead only where images that neither has learned from prove it better beyond
noise (see `Judged.better_than`); the smaller one stays where they are equal. What was tried and
what came out is in the run's log. A race that is resumed does the same again from cached features
and goes on where it was; so does a replay.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import StopRequested
from core.settings import TrainingSettings
from core.storage.events import Event
from core.storage.runs import Run
from core.training.racing.judging import Heat, Judged, OutOfTime

if TYPE_CHECKING:
    from core.training.learn import Learning

_FINISHING = 4.0  # seconds to evaluate, learn from everything and write
_OF_THE_LOG = ("event", "time", "history", "solved")

Learn = Callable[[TrainingSettings, Heat], "Learning"]


class Race:
    """One race of a run.

    Attributes:
        tried: The candidates that were judged so far, as the log holds them.
        winner: The number of the one that leads.
    """

    def __init__(self, run: Run, budget: float, began: float) -> None:
        """
        Args:
            run: Its log says what has been tried before, and records what is tried now.
            budget: Seconds.
            began: When the run's work began, by `time.monotonic`.
        """
        self.tried: list[Event] = []
        self.winner = 0
        self._run = run
        self._before = list(run.state().planned)
        self._deadline = budget - _FINISHING
        self._began = began
        self._leader: Learning | None = None
        self._judged: Judged | None = None

    @property
    def seconds(self) -> float:
        """Seconds of the budget that are used up, in all turns."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Seconds that are left to try things."""
        return self._deadline - self.seconds

    def run(self, candidates: Iterable[TrainingSettings], learn: Learn) -> "Learning":
        """Try the candidates in their order.

        Args:
            candidates: The first is tried whatever it takes.
            learn: Trains one; it may raise OutOfTime.

        Returns:
            The best.

        Raises:
            StopRequested: Nothing has been learned that could be kept.
        """
        for number, settings in enumerate(candidates):
            if number and (self._run.stop_requested or not self._worth_it(number)):
                break
            try:
                self._try(number, settings, learn)
            except StopRequested:
                if self._leader is None or not self._run.keeps:
                    raise
                break
        assert self._leader is not None
        self._run.log.append("chosen", number=self.winner)
        return self._leader

    def _worth_it(self, number: int) -> bool:
        return number < len(self._before) or self.left() > 0

    def _try(self, number: int, settings: TrainingSettings, learn: Learn) -> None:
        before = self._before[number] if number < len(self._before) else None
        if before is not None:
            settings = TrainingSettings.from_dict(settings.to_dict() | {"epochs": before["epochs"]})
        self._run.log.append("candidate", number=number, settings=settings.to_dict())
        if before is not None and before["given_up"]:
            self._tell(before)
            return
        heat = Heat(
            checkpoint=self._run.checkpoint_of(number),
            seconds_left=self.left if number and before is None else None,
            hopeless=self._hopeless(before["ended"] if before else None),
        )
        try:
            learning = learn(settings, heat)
        except OutOfTime:
            self._tell(self._result(number, settings, given_up=True))
            return
        judged = learning.judged()
        leads = self._judged is None or judged.better_than(self._judged)
        if leads:
            self._leader, self._judged, self.winner = learning, judged, number
        result = self._result(number, settings, given_up=False) | {
            "epochs": learning.epochs,
            "ended": len(learning.best.history),
            "val_accuracy": learning.val_accuracy,
            "leads": leads,
        }
        if before is not None:
            result["seconds"] = before["seconds"]
        if not self._run.stop_requested or learning.through:
            self._tell(result)

    def _result(self, number: int, settings: TrainingSettings, *, given_up: bool) -> Event:
        return {
            "number": number,
            "settings": settings.to_dict(),
            "seconds": round(self.seconds, 1),
            "given_up": given_up,
            "epochs": settings.epochs,
            "ended": 0,
            "val_accuracy": None,
            "leads": False,
        }

    def _tell(self, result: Event) -> None:
        self.tried.append({k: v for k, v in result.items() if k not in _OF_THE_LOG})
        self._run.log.append("judged", **self.tried[-1])
        if len(self.tried) == len(self._before):  # from here on the clock runs again
            self._began = time.monotonic() - max(self.seconds, self.tried[-1]["seconds"])

    def _hopeless(self, ended: int | None) -> Callable[[Sequence[dict[str, Any]], int], bool]:
        """Whether a candidate that trains for long may as well end.

        Args:
            ended: After how many epochs it did, where that is known.
        """
        if ended is not None:
            return lambda history, _: len(history) >= ended
        leader, lap = self._leader, time.monotonic()

        def hopeless(history: Sequence[dict[str, Any]], epochs: int) -> bool:
            nonlocal lap
            if leader is None:
                return False
            now = time.monotonic()
            lap, took = now, now - lap
            if self.left() < took:
                return True
            to_beat, images = leader.val_accuracy, len(leader.dataset.of("validation"))
            noise = math.sqrt(max(to_beat * (1 - to_beat), 1 / images) / images)
            best = max(row["val_accuracy"] for row in history)
            return 2 * len(history) >= epochs and best < to_beat - noise

        return hopeless
