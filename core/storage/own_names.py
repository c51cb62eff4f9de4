"""The name that a person gives to a run or a data set, kept inside its folder.

The folder is never called so: a name can be anything, and it can change.
"""

import unicodedata
from pathlib import Path

from core import shown
from core.errors import UserError
from core.storage import files, home

LONGEST = 80


def tidy(given: str) -> str:
    """A name as it is kept: in one line, letters composed.

    Args:
        given: What somebody typed.

    Raises:
        UserError: It is empty, too long, or holds what cannot be seen.
    """
    name = unicodedata.normalize("NFC", " ".join(given.split()))
    if not name or len(name) > LONGEST:
        raise UserError(
            "Expected a name of 1 to {most} letters, received {count}. Choose another.",
            most=LONGEST,
            count=len(name),
        )
    if shown.visible(name) != name:
        raise UserError(
            "Expected a name of visible letters, received “{name}”. Choose another.",
            name=shown.visible(name),
        )
    return name


def of(folder: Path) -> str | None:
    """The name of what lies in a folder; None where nobody has given it one."""
    try:
        return str(files.read_json(folder / home.NAME)["name"])
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        UserError,
    ):  # damaged by hand: the usual name does
        return None


def give(folder: Path, given: str) -> None:
    """Name what lies in a folder.

    Args:
        folder: Of a run or a data set.
        given: What somebody typed.

    Raises:
        UserError: The name cannot be used, or the folder was deleted meanwhile.
    """
    name = tidy(given)
    if not folder.is_dir():
        raise UserError("This was deleted meanwhile, so it cannot be renamed.")
    files.write_json(folder / home.NAME, {"name": name})


def stamp(folder: Path) -> files.Stamp:
    """Changes whenever it is renamed; see `files.stamp`."""
    return files.stamp(folder / home.NAME)
