"""Exports of a run that pages offer: `exports/<id>/` holds the job's log, the zip and its proof."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.exports import table
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.proof import Proof
from core.exports.table import Format
from core.storage import files, home
from core.storage.runs import Run, read_facts

OF_EACH = 2  # exports of a run in one format; older ones make way


@dataclass(frozen=True)
class Kept:
    """An export that was proven.

    Attributes:
        format: What it is.
        proof: What was measured.
        file: The zip.
        own_samples: Whether pictures of the data set are in it.
    """

    format: Format
    proof: Proof | Rehearsal
    file: Path
    own_samples: bool


def folders(run: Run) -> list[Path]:
    """The folder of each, the latest first, whether it has come to its end or not."""
    found = run.folder / home.EXPORTS
    every = found.iterdir() if found.is_dir() else ()
    return sorted((each for each in every if home.is_id(each.name)), reverse=True)


def new(run: Run) -> Path:
    """A place for another one; its folder is not made yet."""
    return run.folder / home.EXPORTS / home.new_id()


def keep(folder: Path, format: Format, proof: Proof | Rehearsal, *, own_samples: bool) -> None:
    """Write what was measured of an export whose zip lies there: now it is offered."""
    told = {"export": format.name, "own_samples": own_samples, "proof": proof.to_dict()}
    files.write_json(folder / home.EXPORT, told)


def kept(folder: Path) -> Kept | None:
    """What lies in a folder; None while it is not ready.

    Raises:
        UserError: It is damaged.
    """
    if not (folder / home.EXPORT).is_file():
        return None
    try:
        facts = read_facts(folder, home.EXPORT, "export", "own_samples", "proof")
        format = table.find(facts["export"])
        kind = Rehearsal if format.lesson else Proof
        proof = kind.from_dict(facts["proof"])
    except (UserError, KeyError, TypeError) as error:
        raise UserError("This export is damaged. Delete it and export again.") from error
    return Kept(format, proof, folder / home.EXPORT_ZIP, bool(facts["own_samples"]))


def make_way(run: Run, format: Format, spared: Callable[[Path], bool]) -> None:
    """Delete the oldest exports in a format where there are more than `OF_EACH`.

    Args:
        run: The run.
        format: That of an export that has just become ready.
        spared: Whether somebody still needs the one in a folder; it does not count.
    """
    found = []
    for folder in folders(run):
        with suppress(UserError):  # a damaged one waits for somebody to see it
            made = kept(folder)
            if made is not None and made.format == format and not spared(folder):
                found.append(folder)
    for folder in found[OF_EACH:]:
        files.remove(folder)
