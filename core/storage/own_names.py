"""What a person says of a run or a data set: its name, a note and a star, kept inside its folder.

The folder is never called so: a name can be anything, and it can change.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import shown
from core.errors import UserError
from core.storage import files, home

LONGEST = 80
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class Told:
    """What a person has said of something.

    Attributes:
        name: None where nobody has given it one.
        note: Several lines, perhaps; empty where there is none.
        starred: Whether it is marked.
    """

    name: str | None = None
    note: str = ""
    starred: bool = False


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


def told(folder: Path) -> Told:
    """What a person has said of what lies in a folder."""
    facts = _facts(folder)
    name, note = facts.get("name"), facts.get("note")
    return Told(
        name if isinstance(name, str) else None,
        note if isinstance(note, str) else "",
        facts.get("star") is True,
    )


def of(folder: Path) -> str | None:
    """The name of what lies in a folder; None where nobody has given it one."""
    return told(folder).name


def give(folder: Path, given: str) -> None:
    """Name what lies in a folder.

    Args:
        folder: Of a run or a data set.
        given: What somebody typed.

    Raises:
        UserError: The name cannot be used, or the folder was deleted meanwhile.
    """
    _keep(folder, name=tidy(given))


def note(folder: Path, text: str) -> None:
    """Keep a note about what lies in a folder; an empty one removes it.

    Raises:
        UserError: The note is too long, or the folder was deleted meanwhile.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise UserError(
            "Expected a note of at most {most} letters, received {count}. Shorten it.",
            most=LONGEST_NOTE,
            count=len(text),
        )
    _keep(folder, note=text)


def star(folder: Path, starred: bool) -> None:
    """Mark what lies in a folder, or take the mark away.

    Raises:
        UserError: The folder was deleted meanwhile.
    """
    _keep(folder, star=starred)


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = files.read_json(folder / home.NAME)
    except (OSError, ValueError, UserError):  # none, or damaged by hand: the usual name does
        return {}
    return facts if isinstance(facts, dict) else {}


def _keep(folder: Path, **news: Any) -> None:
    """Write what is new. What the file says already stays."""
    if not folder.is_dir():
        raise UserError("This was deleted meanwhile, so nothing can be written about it.")
    files.write_json(folder / home.NAME, _facts(folder) | news)


def stamp(folder: Path) -> files.Stamp:
    """Changes whenever it is renamed; see `files.stamp`."""
    return files.stamp(folder / home.NAME)
