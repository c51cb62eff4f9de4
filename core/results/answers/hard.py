"""Pictures that somebody has called right but hard: their class is right, though hard to see.

`hard.json` lies with the data set and is no version of it: nothing about the pictures changes, and
networks learn from them as before. They are put last among the mistakes to look at. The mark goes
with the class: a picture that is moved to another class loses it.
"""

from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from core.datasets.dataset import Dataset, Record
from core.storage import files, home


def marked(folder: Path, dataset: Dataset) -> set[str]:
    """Files of the pictures of a data set that were called hard.

    Args:
        folder: Where it lies.
        dataset: The data set.
    """
    keys = _read(folder)
    origins = _origins(dataset)
    return {record.file for record in dataset.records if _key(record, origins) in keys}


def mark(folder: Path, dataset: Dataset, picked: Iterable[str], *, hard: bool) -> None:
    """Call some pictures hard, or no longer hard. Nothing happens where the data set is gone.

    Args:
        folder: Where the data set lies.
        dataset: The data set.
        picked: Files of the pictures.
        hard: Which of the two.

    Raises:
        OSError: It can't be written.
    """
    if not folder.is_dir():
        return
    chosen, origins = set(picked), _origins(dataset)
    keys = {_key(record, origins) for record in dataset.records if record.file in chosen}
    with FileLock(folder / home.LOCK):
        before = _read(folder)
        files.write_json(folder / home.HARD, sorted(before | keys if hard else before - keys))


def _origins(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.classes, dataset.origins, strict=True))


def _key(record: Record, origins: dict[str, str]) -> str:
    return f"{record.digest} {origins[record.label]}"


def _read(folder: Path) -> set[str]:
    try:
        return set(files.read_json(folder / home.HARD))
    except (OSError, TypeError, ValueError):
        return set()  # there are none, or the file is damaged
