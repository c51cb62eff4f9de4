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

TINY = 32  # pixels of the shorter side; a network sees 224
BLANK = 4.0  # deviation of 255; a thin line across white paper makes 20, a photo 40 to 90


def findings(sight: Sight) -> Iterator[Finding]:
    """What is the matter with single pictures."""
    lost = tuple(_removal(each.file, each.reason) for each in sight.lost)
    if lost:
        yield Finding(
            Problem.UNREADABLE,
            serious=True,
            title=f"{_pictures(len(lost))} can no longer be read",
            sentence="Their files are damaged or gone, so a training would end with an error. "
            "Remove them.",
            cases=lost,
        )
    tiny = tuple(
        _removal(record.file, f"{record.width} × {record.height} pixels")
        for record in sorted(sight.dataset.records, key=lambda one: min(one.width, one.height))
        if min(record.width, record.height) < TINY
    )
    if tiny:
        yield Finding(
            Problem.TINY,
            serious=False,
            title=f"{_pictures(len(tiny))} of less than {TINY} pixels",
            sentence="So small a picture is only a blur to a network. Remove it, or bring it "
            "larger.",
            cases=tiny,
        )
    blank = tuple(_removal(record.file, "the same colour everywhere") for record in _blank(sight))
    if blank:
        yield Finding(
            Problem.BLANK,
            serious=True,
            title=f"{_pictures(len(blank))} with nothing on {'it' if len(blank) == 1 else 'them'}",
            sentence="Nearly the same colour everywhere: that colour is all that a network can "
            "learn from it.",
            cases=blank,
        )


def _blank(sight: Sight) -> list[Record]:
    blank = {
        digest for digest, spread in zip(sight.digests, sight.spread, strict=True) if spread < BLANK
    }
    return [record for record in sight.dataset.records if record.digest in blank]


def _removal(file: str, told: str) -> Case:
    return Case((file,), told, (Fix(Action.REMOVE, (file,), "Remove it"),))


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"
