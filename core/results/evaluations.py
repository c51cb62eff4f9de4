"""Evaluations of a run on labelled pictures that somebody brought, kept with it by name.

`evaluations/<id>/` holds the log of the job that makes it, then `results.json` and the pictures,
named by digest: as they came, as far as there is room, and as small JPEGs, of the mistakes in any
case. Classes are kept as they were called in training.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.results import names
from core.results.answers import kept
from core.storage import files, home
from core.storage.runs import Run

ORIGINALS = 10**9  # bytes of pictures as they came; those that were got wrong come first


def folders(run: Run) -> list[Path]:
    """The folder of each, the latest first, whether it has come to its end or not."""
    found = run.folder / home.EVALUATIONS
    every = found.iterdir() if found.is_dir() else ()
    return sorted((each for each in every if home.is_id(each.name)), reverse=True)


def new(run: Run) -> Path:
    """A place for another one; its folder is not made yet."""
    return run.folder / home.EVALUATIONS / home.new_id()


def keep_picture(folder: Path, digest: str, small: bytes, original: bytes | None) -> None:
    """Write a picture of an evaluation.

    Args:
        folder: As `new` has named it.
        digest: Of the picture as it came.
        small: A JPEG to show.
        original: The picture as it came; None where there is no room for it.
    """
    files.write_bytes(picture_of(folder, digest), small, sync=False)
    if original is not None:
        files.write_bytes(original_of(folder, digest), original, sync=False)


def keep(folder: Path, name: str, results: Mapping[str, Any], trained: dict[str, str]) -> None:
    """Write what an evaluation found.

    Args:
        folder: As `new` has named it.
        name: What the user calls the pictures.
        results: As `Predictor.evaluate` gives them, with the answers behind them.
        trained: What the classes were called in training, by their names in the results. Somebody
            may have renamed them since the predictor was made.
    """
    skipped = [{"file": each.file, "reason": each.reason} for each in results["skipped"]]
    told = names.of_results(dict(results), trained) | {"name": name, "skipped": skipped}
    kept.keep(folder, told.pop("answers").called(trained))
    files.write_json(folder / home.RESULTS, told)


def results(folder: Path) -> dict[str, Any] | None:
    """What one found, under the classes' names in training; None while it is not known.

    Raises:
        UserError: The file is damaged.
    """
    try:
        found = files.read_json(folder / home.RESULTS)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = None
    if not _is_whole(found):
        raise UserError(
            "An evaluation is damaged: its {results} is not as it was written. Delete it, "
            "and bring the pictures again.",
            results=home.RESULTS,
        )
    return dict(found)


def stamp(folder: Path) -> files.Stamp:
    """Changes whenever its results are written; see `files.stamp`."""
    return files.stamp(folder / home.RESULTS)


def _is_whole(found: Any) -> bool:
    """Whether results are as `keep` writes them."""
    match found:
        case {
            "name": str(),
            "accuracy": accuracy,
            "correct": int(),
            "images": int(),
            "interval": [low, high],
            "classes": [*classes],
            "per_class": dict(per_class),
            "confusion": [*table],
            "mistakes": [*mistakes],
            "skipped": [*skipped],
        }:
            return (
                _are_shares(accuracy, low, high)
                and list(per_class) == classes
                and all(_is_of_a_class(row) for row in per_class.values())
                and len(table) == len(classes)
                and all(isinstance(row, list) and len(row) == len(classes) for row in table)
                and all(isinstance(count, int) for row in table for count in row)
                and all(_is_mistake(each) for each in mistakes)
                and all(_is_skipped(each) for each in skipped)
                and _is_unseen(found.get("unseen"))
                and isinstance(found.get("learned_from"), int | None)
            )
    return False


def _are_shares(*values: object) -> bool:
    return all(isinstance(each, int | float) and 0 <= each <= 1 for each in values)


def _is_of_a_class(row: object) -> bool:
    match row:
        case {"precision": precision, "recall": recall, "f1": f1, "images": int()}:
            return _are_shares(precision, recall, f1)
    return False


def _is_mistake(each: object) -> bool:
    match each:
        case {
            "file": str(),
            "digest": str(),
            "label": str(),
            "predicted": str(),
            "confidence": confidence,
        }:
            return _are_shares(confidence)
    return False


def _is_skipped(each: object) -> bool:
    match each:
        case {"file": str(), "reason": str()}:
            return True
    return False


def _is_unseen(found: object) -> bool:
    match found:
        case None | {"correct": int(), "images": int()}:
            return True
    return False


def picture_of(folder: Path, digest: str) -> Path:
    """Where the small JPEG of a picture is.

    Raises:
        ValueError: That is no digest. A run folder may come from somebody else.
    """
    return folder / f"{_checked(digest)}.jpg"


def original_of(folder: Path, digest: str) -> Path:
    """Where a picture is as it came, if it was kept.

    Raises:
        ValueError: That is no digest.
    """
    return folder / _checked(digest)


def _checked(digest: str) -> str:
    if not home.is_digest(digest):
        raise ValueError(f"expected a SHA-256, received {digest!r}")
    return digest
