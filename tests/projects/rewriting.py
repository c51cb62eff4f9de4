"""Projects that are written to a file, looked into, and written again with something else in."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.projects import contents, saving

CLASSES = ("blue", "green", "red")

Members = dict[str, bytes]


def save(project: saving.Project, to: Path) -> Path:
    """Write a project as a browser or the terminal does."""
    with to.open("wb") as file:
        for piece in project.pieces:
            file.write(piece)
    return to


def members(path: Path) -> Members:
    """What a project holds."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def rewritten(
    path: Path, change: Callable[[Members], Any], *, listed: bool = True, name: str = "evil.thaw"
) -> Path:
    """A project with other contents.

    Args:
        path: The project.
        change: Changes what it holds.
        listed: Whether sizes and digests in its list are then made to fit, as somebody would who
            knows how; what is new is listed, what is gone no longer.
        name: Of the new file, beside the old one.
    """
    inside = members(path)
    change(inside)
    if listed:
        told = json.loads(inside[contents.MANIFEST])
        told["files"] = {
            each: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for each, data in inside.items()
            if each != contents.MANIFEST and not each.startswith("pictures/")
        }
        inside[contents.MANIFEST] = json.dumps(told).encode()
    there = path.with_name(name)
    with zipfile.ZipFile(there, "w") as archive:
        for each, data in inside.items():
            archive.writestr(zipfile.ZipInfo(each), data, zipfile.ZIP_DEFLATED)
    return there


def edited(member: str, change: Callable[[Any], Any]) -> Callable[[Members], None]:
    """Change the JSON of a member; a change that gives something replaces it."""

    def edit(inside: Members) -> None:
        value = json.loads(inside[member])
        made = change(value)
        inside[member] = json.dumps(value if made is None else made).encode()

    return edit
