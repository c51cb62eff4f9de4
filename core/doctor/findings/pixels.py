"""Pictures that show nothing: they cannot be read, are tiny, or are of one colour."""

from collections.abc import Iterator

from core.datasets.dataset import Record
from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)
from core.doctor.looking import Sight
from core.saying import say, several

TINY = 32  # pixels of the shorter side; a network sees 224
BLANK = 4.0  # deviation of 255; a thin line across white paper makes 20, a photo 40 to 90


def findings(sight: Sight) -> Iterator[Finding]:
    """Findings about single pictures."""
    lost = tuple(_removal(each.file, each.reason) for each in sight.lost)
    if lost:
        yield Finding(
            Problem.UNREADABLE,
            serious=True,
            title=several(
                "{count} picture can no longer be read",
                "{count} pictures can no longer be read",
                len(lost),
            ),
            sentence=say(
                "The files are damaged or missing, so training would end with an error. Remove "
                "them."
            ),
            cases=lost,
        )
    tiny = tuple(
        _removal(
            record.file, say("{width} × {height} pixels", width=record.width, height=record.height)
        )
        for record in sorted(sight.dataset.records, key=lambda one: min(one.width, one.height))
        if min(record.width, record.height) < TINY
    )
    if tiny:
        yield Finding(
            Problem.TINY,
            serious=False,
            title=several(
                "{count} picture is smaller than {side} pixels",
                "{count} pictures are smaller than {side} pixels",
                len(tiny),
                side=TINY,
            ),
            sentence=say(
                "To a network, such a small picture is only a blur. Remove it or replace it by a "
                "larger one."
            ),
            cases=tiny,
        )
    blank = tuple(
        _removal(record.file, say("the same colour everywhere")) for record in _blank(sight)
    )
    if blank:
        yield Finding(
            Problem.BLANK,
            serious=True,
            title=several(
                "{count} picture shows nothing", "{count} pictures show nothing", len(blank)
            ),
            sentence=say(
                "They have nearly the same colour everywhere, and that colour is all that a "
                "network can learn from them."
            ),
            cases=blank,
        )


def _blank(sight: Sight) -> list[Record]:
    blank = {
        digest for digest, spread in zip(sight.digests, sight.spread, strict=True) if spread < BLANK
    }
    return [record for record in sight.dataset.records if record.digest in blank]


def _removal(file: str, told: str) -> Case:
    return Case((file,), told, (Fix(Action.REMOVE, (file,), say("Remove it")),))
