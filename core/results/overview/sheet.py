"""All runs as a table for a spreadsheet (CSV)."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime

from core import shown
from core.results.overview.rows import Row
from core.storage.runs import Run, RunState

_COLUMNS = (
    *("id", "name", "state", "accuracy", "low", "high", "correct", "images", "data", "version"),
    *("backbone", "alpha", "weights", "frozen_layers", "layers", "seconds", "trainable"),
    *("parameters", "created", "star", "note", "settings"),
)


def csv_of(rows: Sequence[Row], state_of: Callable[[Run], RunState]) -> str:
    """A CSV with one line a run.

    A name or note that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        rows: The runs.
        state_of: Tells the state of one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        settings = row.settings
        low, high = row.interval or (None, None)
        changed = settings.changed() if settings else {}
        writer.writerow(
            [
                row.run.id,
                _text(row.name),
                "damaged" if row.problem else str(state_of(row.run).status),
                row.accuracy,
                low,
                high,
                row.correct,
                row.images,
                _text(row.data),
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
                _text(row.note),
                " ".join(f"{name}={value}" for name, value in changed.items()),
            ]
        )
    return text.getvalue()


def _text(written: str) -> str:
    """What a person wrote, for a cell."""
    seen = shown.visible(written)
    return f"'{seen}" if seen.startswith(tuple("=+-@\t\r")) else seen
