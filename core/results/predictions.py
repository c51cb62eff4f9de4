"""The pictures that a run has named, kept with it until somebody clears them.

`predictions/answers.json` lists them. Their pictures lie beside it as JPEGs that Thaw has made,
under names of ours, and as they came, under their digests, as far as there is room for these.
Classes are kept as they were called in training, for they may be renamed.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import UserError
from core.results import names, thresholds
from core.results.prediction import Prediction, certainty
from core.results.thresholds import Thresholds
from core.storage import files, home
from core.storage.runs import Run

MOST = 1000  # of the latest answers, so many are kept at least
AT_ONCE = 5000  # pictures: all that came together stay together
ORIGINALS = 10**9  # bytes of pictures as they came; the latest and least sure are kept
_PICTURES = ("thumbnail", "seen")
_NAME = re.compile(r"[0-9a-f]{16}")  # of a picture; a run folder may come from somebody else


def keep(
    run: Run, given: Sequence[Prediction], trained: Mapping[str, str], batch: str | None = None
) -> None:
    """Add answers that came together: the least sure first, before all earlier ones.

    Earlier ones go once there are `MOST` that came later: all that came together at once.

    Args:
        run: It has a model. Nothing happens where it has been deleted meanwhile.
        given: The answers, each with its picture's name as it came.
        trained: What the classes were called in training, by their names in the answers.
        batch: The same text for all that came together, if they are not all given at once.

    Raises:
        OSError: They can't be written.
    """
    if not given:
        return
    with _alone(run) as folder:
        if folder is None:
            return
        latest = before = _rows(folder)
        batch = batch or secrets.token_hex(8)
        try:
            rows = [_written(folder, each, trained) | {"batch": batch} for each in given]
            rows += [row for row in before if row.get("batch") == batch]
            rows.sort(key=_order)
            rows += [row for row in before if row.get("batch") != batch]
            rows = _latest(rows)
            files.write_json(folder / home.ANSWERS, {"answers": rows})
            latest = rows
        finally:  # what a full disk has let in of them goes as well
            _make_room(folder, latest)


def refuse_many(count: int) -> None:
    """Refuse more pictures than can be kept together.

    Raises:
        UserError: They are.
    """
    if count > AT_ONCE:
        raise UserError(
            "Expected at most {most} pictures at once, received {count}. Send fewer, or use "
            "`thaw predict`, which takes any number.",
            most=AT_ONCE,
            count=count,
        )


def _order(row: dict[str, Any]) -> tuple[bool, float]:
    return bool(row["error"]), certainty(row["top"], row.get("familiar"))


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
        UserError: A file beside the model is damaged.
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
            # Those of damaged rows as well.
            for picture in (*folder.glob("*.jpg"), *_originals(folder).values()):
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
            familiar = rest.get("familiar")
            told = familiar is None or (isinstance(familiar, int | float) and 0 <= familiar <= 1)
            digests = (rest.get("model"), rest.get("digest"))
            made = all(each is None or home.is_digest(each) for each in digests)
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
    original = answer.original
    if original is not None:
        data = original if isinstance(original, bytes) else original.read_bytes()
        row["digest"] = hashlib.sha256(data).hexdigest()
        files.write_bytes(folder / row["digest"], data, sync=False)
    return row


def _read(
    folder: Path, row: dict[str, Any], by_now: dict[str, str], counts: Thresholds
) -> Prediction:
    top = tuple((by_now.get(label, label), float(sure)) for label, sure in row["top"])
    label, sure = top[0] if top else ("", 0.0)
    thumbnail, seen = (_picture(folder, row[which]) for which in _PICTURES)
    familiar, digest = row.get("familiar"), str(row.get("digest"))
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
        folder / digest if home.is_digest(digest) else None,
    )


def _picture(folder: Path, name: object) -> Path | None:
    """Where a picture of an answer is; None where it has none, or what names it is not ours."""
    ours = isinstance(name, str) and _NAME.fullmatch(name)
    return folder / f"{name}.jpg" if ours else None


def _originals(folder: Path) -> dict[str, Path]:
    """The pictures that are kept as they came, by digest."""
    return {path.name: path for path in folder.iterdir() if home.is_digest(path.name)}


def _make_room(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Delete the pictures that no answer needs, and those as they came beyond the limit."""
    needed = {f"{row[which]}.jpg" for row in rows for which in _PICTURES}
    for path in folder.glob("*.jpg"):
        if path.name not in needed:
            path.unlink(missing_ok=True)
    there, taken = _originals(folder), 0
    for digest in dict.fromkeys(row.get("digest") for row in rows):
        if digest in there:
            taken += there[digest].stat().st_size
            if taken <= ORIGINALS:
                there.pop(digest)
    for path in there.values():
        path.unlink(missing_ok=True)
