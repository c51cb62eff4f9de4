"""Evaluations of a run on labelled pictures that somebody brought, kept with it by name.

`evaluations/<id>/` holds the log of the job that makes it, then `results.json` and the mistakes
as small JPEGs, named by digest. Classes are kept as they were called in training.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import home
from core.results import names
from core.runs import Run, read_facts

FOLDER = "evaluations"
_RESULTS = "results.json"


def folders(run: Run) -> list[Path]:
    """The folder of each, the latest first, whether it has come to its end or not."""
    found = run.folder / FOLDER
    every = found.iterdir() if found.is_dir() else ()
    return sorted((each for each in every if home.is_id(each.name)), reverse=True)


def new(run: Run) -> Path:
    """A place for another one; its folder is not made yet."""
    return run.folder / FOLDER / home.new_id()


def keep(
    run: Run, folder: Path, name: str, results: Mapping[str, Any], pictures: Mapping[str, bytes]
) -> None:
    """Write what an evaluation found.

    Args:
        run: It has a model.
        folder: As `new` has named it.
        name: What the user calls the pictures.
        results: As `Predictor.evaluate` gives them, under the classes' names of now.
        pictures: JPEGs of mistakes, by digest.
    """
    trained = {now: called for called, now in names.by_now(run).items()}
    for digest, picture in pictures.items():
        home.write_bytes(picture_of(folder, digest), picture)
    skipped = [{"file": each.file, "reason": each.reason} for each in results["skipped"]]
    told = names.of_results(dict(results), trained) | {"name": name, "skipped": skipped}
    home.write_json(folder / _RESULTS, told)


def results(run: Run, folder: Path) -> dict[str, Any] | None:
    """What one found, under the classes' names of now; None while it is not known.

    Raises:
        UserError: The file is damaged.
    """
    if not (folder / _RESULTS).is_file():
        return None
    return names.of_results(read_facts(folder, _RESULTS, "name", "accuracy"), names.by_now(run))


def picture_of(folder: Path, digest: str) -> Path:
    """Where the picture of a mistake is.

    Raises:
        ValueError: That is no digest. A run folder may come from somebody else.
    """
    if not home.is_digest(digest):
        raise ValueError(f"expected a SHA-256, received {digest!r}")
    return folder / f"{digest}.jpg"
