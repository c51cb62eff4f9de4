"""All runs as a table for a spreadsheet (CSV)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from core import shown, spreadsheet
from core.results.overview.rows import Row
from core.storage.runs import Run, RunState

_COLUMNS = (
    *("id", "name", "state", "accuracy", "low", "high", "correct", "images", "data", "version"),
    *("backbone", "alpha", "weights", "frozen_layers", "layers", "seconds", "trainable"),
    *("parameters", "created", "star", "note", "settings"),
)


def csv_of(rows: Sequence[Row], state_of: Callable[[Run], RunState]) -> str:
    """A CSV with one line a run.

    Args:
        rows: The runs.
        state_of: Tells the state of one.
    """
    return spreadsheet.text([_COLUMNS, *(_line(row, state_of) for row in rows)])


def _line(row: Row, state_of: Callable[[Run], RunState]) -> list[object]:
    settings = row.settings
    low, high = row.interval or (None, None)
    changed = settings.changed() if settings else {}
    return [
        row.run.id,
        shown.visible(row.name),
        "damaged" if row.problem else str(state_of(row.run).status),
        row.accuracy,
        low,
        high,
        row.correct,
        row.images,
        shown.visible(row.data),
        row.version,
        settings.backbone if settings else None,
        settings.alpha if settings else None,
        settings.weights if settings else None,
        settings.frozen_layers if settings else None,
        row.layers,
        row.seconds,
        row.trainable,
        row.parameters,
        datetime.fromtimestamp(row.created).astimezone().isoformat(timespec="seconds"),
        int(row.starred),
        shown.visible(row.note),
        " ".join(f"{name}={value}" for name, value in changed.items()),
    ]
