"""The code is run before it is offered: on the run's own pictures, in a process without Thaw."""

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from core.errors import UserError
from core.exports.lesson.plan import Plan
from core.exports.workshop import outside
from core.saying import Sentence, say

_REHEARSER = Path(__file__).parent / "rehearser.py"
_TOLD = re.compile(r"^accuracy: ([0-9.]+) of (\d+) pictures$", re.MULTILINE)
_POINTS = 0.02  # that the accuracy may differ by


@dataclass(frozen=True)
class Rehearsal:
    """What came out when the code was run.

    Attributes:
        accuracy: Of the network that it trained.
        thaw: Of the run, on the same pictures.
        pictures: How many these are.
        seconds: That it took here.
        warnings: What its users have to know.
    """

    accuracy: float
    thaw: float
    pictures: int
    seconds: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError: The values are not what `to_dict` wrote.
        """
        return cls(**values | {"warnings": tuple(values["warnings"])})


def rehearse(code: Path, plan: Plan, tell: Callable[[int, int], None]) -> Rehearsal:
    """Run the code, beside which all lies that it needs.

    Args:
        code: A script or a notebook.
        plan: What it is to repeat.
        tell: Called several times a second; what it raises ends the process and is raised.

    Raises:
        UserError: It does not run through, or is less accurate than chance would make it.
    """
    began = time.monotonic()
    outcome = outside(_REHEARSER, code, folder=code.parent, tell=lambda _: tell(0, 1))
    found = None if outcome.code else _TOLD.search(outcome.said)
    if found is None:
        outcome.log()
        raise UserError(
            "The code was written, but it did not run through here, so it is not offered. "
            "Close other programs and try again, or export to Keras."
        )
    accuracy, pictures = float(found[1]), int(found[2])
    made = Rehearsal(accuracy, plan.accuracy, pictures, round(time.monotonic() - began, 1))
    if objection := _objection(made, plan):
        raise UserError(objection)
    return _warned(made, plan) if _far(made) else made


def _far(made: Rehearsal) -> bool:
    """Whether the accuracy differs by more than two points and more than a single picture."""
    return abs(made.accuracy - made.thaw) > max(_POINTS, 1 / made.pictures) + 1e-6


def _objection(made: Rehearsal, plan: Plan) -> Sentence | None:
    """Why the code must not be offered: it is worse than chance explains, or judged others."""
    low, _ = plan.interval
    if made.pictures == plan.images and (not _far(made) or made.accuracy >= low):
        return None
    return say(
        "The code was written and run, but it got {here:.1%} of {count} pictures right, where the "
        "run got {thaw:.1%} of {images}. So it is not offered. Export to Keras.",
        here=made.accuracy,
        count=made.pictures,
        thaw=made.thaw,
        images=plan.images,
    )


def _warned(made: Rehearsal, plan: Plan) -> Rehearsal:
    low, high = plan.interval
    warning = say(
        "With the code, {here:.1%} of {count} pictures are right, in Thaw {thaw:.1%}. Chance may "
        "explain it: the 95% confidence interval reaches from {low:.0%} to {high:.0%}.",
        here=made.accuracy,
        count=made.pictures,
        thaw=made.thaw,
        low=low,
        high=high,
    )
    return replace(made, warnings=(warning,))
