"""The pictures that a run has named, kept with it until somebody clears them.

`predictions/answers.json` lists them. Their pictures lie beside it as JPEGs that Thaw has made,
under names of ours. Classes are kept as they were called in training, for they may be renamed.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.results import names, thresholds
from core.results.prediction import Prediction
from core.results.thresholds import Thresholds
from core.storage import files, home
from core.storage.runs import Run

MOST = 1000  # of the latest answers, so many are kept at least
_PICTURES = ("thumbnail", "seen")
_NAME = re.compile(r"[0-9a-f]{16}")  # of a picture; a run folder may come from somebody else


def keep(run: Run, given: Sequence[Prediction], trained: Mapping[str, str]) -> None:
    """Add answers that came together: the least sure first, before all earlier ones.

    Earlier ones go once there are `MOST` that came later: all that came together at once.

    Args:
        run: It has a model. Nothing happens where it has been deleted meanwhile.
        given: The answers, each with its picture's name as it came.
        trained: What the classes were called in training, by their names in the answers.

    Raises:
        OSError: They can't be written.
    """
    ordered = sorted(given, key=lambda each: (bool(each.error), each.confidence))
    with _alone(run) as folder:
        if folder is None:
            return
        batch = {"batch": secrets.token_hex(8)}
        rows = [_written(folder, each, trained) | batch for each in ordered] + _rows(folder)
        latest = _latest(rows)
        files.write_json(folder / home.ANSWERS, {"answers": latest})
        _remove_pictures(folder, rows[len(latest) :])


def _latest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of whole batches, until there are enough."""
    latest: list[dict[str, Any]] = []
    for _, batch in groupby(rows, key=lambda row: row.get("batch")):
        if len(latest) >= MOST:
            break
        latest += batch
    return latest


def kept(run: Run) -> list[Prediction]:
    """The answers, those that came last first; pictures as the files that hold them.

    Raises:
        UserError: What stands beside the model is damaged.
    """
    rows = _rows(_folder(run))
    if not rows:
        return []
    by_now, counts = names.by_now(run), thresholds.of(run.folder)
    return [_read(_folder(run), row, by_now, counts) for row in rows]


def clear(run: Run) -> None:
    """Delete them all."""
    with _alone(run) as folder:
        if folder is not None:
            (folder / home.ANSWERS).unlink(missing_ok=True)
            for picture in folder.glob("*.jpg"):  # those of damaged rows as well
                picture.unlink(missing_ok=True)


def _folder(run: Run) -> Path:
    return run.folder / home.PREDICTIONS


@contextmanager
def _alone(run: Run) -> Iterator[Path | None]:
    """The folder, while no other tab changes what is in it; None where the run is gone."""
    if not run.folder.is_dir():
        yield None
        return
    _folder(run).mkdir(exist_ok=True)
    with FileLock(_folder(run) / home.LOCK):
        yield _folder(run)


def _rows(folder: Path) -> list[dict[str, Any]]:
    try:
        rows = list(files.read_json(folder / home.ANSWERS)["answers"])
    except (OSError, ValueError, TypeError, KeyError):
        return []  # there are none, or the file is damaged
    return [row for row in rows if _is_whole(row)]


def _is_whole(row: object) -> bool:
    """Whether a row is as we write it."""
    match row:
        case {
            "file": str(),
            "top": list(top),
            "error": str() | None,
            "thumbnail": _,
            "seen": _,
            **rest,
        }:
            familiar, model = rest.get("familiar"), rest.get("model")
            told = familiar is None or (isinstance(familiar, int | float) and 0 <= familiar <= 1)
            made = model is None or home.is_digest(model)
            return told and made and all(_is_guess(each) for each in top)
    return False


def _is_guess(each: object) -> bool:
    match each:
        case [str(), int() | float() as sure]:
            return 0 <= sure <= 1
    return False


def _written(folder: Path, answer: Prediction, trained: Mapping[str, str]) -> dict[str, Any]:
    """An answer as JSON holds it, its pictures written."""
    row: dict[str, Any] = {
        "file": answer.file,
        "top": [[trained.get(label, label), sure] for label, sure in answer.top],
        "error": answer.error,
        "familiar": answer.familiar,
        "model": answer.model,
    }
    for which in _PICTURES:
        data = getattr(answer, which)
        row[which] = None if data is None else secrets.token_hex(8)
        if data is not None:
            files.write_bytes(folder / f"{row[which]}.jpg", data, sync=False)
    return row


def _read(
    folder: Path, row: dict[str, Any], by_now: dict[str, str], counts: Thresholds
) -> Prediction:
    top = tuple((by_now.get(label, label), float(sure)) for label, sure in row["top"])
    label, sure = top[0] if top else ("", 0.0)
    thumbnail, seen = (_picture(folder, row[which]) for which in _PICTURES)
    familiar = row.get("familiar")
    return Prediction(
        row["file"],
        label,
        sure,
        top,
        thumbnail,
        seen,
        row["error"],
        familiar,
        counts.known(familiar),
        counts.sure(sure) if top else None,
        row.get("model"),
    )


def _picture(folder: Path, name: object) -> Path | None:
    """Where a picture of an answer is; None where it has none, or what names it is not ours."""
    ours = isinstance(name, str) and _NAME.fullmatch(name)
    return folder / f"{name}.jpg" if ours else None


def _remove_pictures(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        for which in _PICTURES:
            picture = _picture(folder, row[which])
            if picture is not None:
                picture.unlink(missing_ok=True)
