"""Which images belong together by what their files are called, so that one side gets them all.

Pictures of one burst, person or recording are nearly the same: on both sides of a split, they would
be recognised rather than understood.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Protocol

from core.intake.layouts.class_folders import label_of
from core.settings import Grouping

_LAST_NUMBER = re.compile(r"\d+\D*$")
_BETWEEN = " _-.,#()[]"


class Filed(Protocol):
    """An image of a data set, as its record has it."""

    @property
    def file(self) -> str: ...
    @property
    def folder(self) -> str | None: ...
    @property
    def digest(self) -> str: ...


def groups_of(
    images: Iterable[Filed], by: Grouping, together: Iterable[Iterable[str]] = ()
) -> dict[str, str]:
    """The group of each image that belongs to one, by digest.

    Groups reach across classes: “tom” happy and “tom” sad are one. So do they across copies: two
    groups that hold the same image are one.

    Args:
        images: Of the whole data set.
        by: NAME groups by what a file is called up to its last number, so that `tom_012.jpg` and
            `tom_013.jpg` are “tom”; FOLDER by the folder within the class folder.
        together: Digests of images that somebody wants on one side, whatever they are called.
    """
    ways: dict[Grouping, Callable[[Filed], str | None]] = {
        Grouping.NAME: lambda image: name_of(image.file),
        Grouping.FOLDER: lambda image: image.folder,
        Grouping.NONE: lambda _: None,
    }
    named = [(image.digest, ways[by](image)) for image in images]
    here = {digest for digest, _ in named}
    for number, digests in enumerate(together):  # no name or folder has a slash in it
        named += [(digest, f"/{number}") for digest in digests if digest in here]
    joined: dict[str, str] = {}  # group by the one that it is part of

    def whole(group: str) -> str:
        while joined.get(group, group) != group:
            group = joined[group]
        return group

    found: dict[str, str] = {}
    for digest, group in named:
        if group is not None:
            first = whole(found.setdefault(digest, group))
            joined[whole(group)] = first
    return {digest: whole(group) for digest, group in found.items()}


def name_of(file: str) -> str | None:
    """What a file is called before its last number; None for a mere number."""
    stem = unicodedata.normalize("NFC", PurePosixPath(file).stem).casefold()
    return _LAST_NUMBER.sub("", stem).strip(_BETWEEN) or None


def folder_of(file: str, label: str) -> str | None:
    """The folder within the class folder that a file comes in; None where it lies in none.

    Args:
        file: Its path as it came.
        label: Its class as the folder says.
    """
    folders = [label_of(part) for part in file.split("/")[:-1]]
    called = [folder.casefold() for folder in folders]
    if label.casefold() not in called:
        return None
    inside = folders[len(folders) - called[::-1].index(label.casefold()) :]
    return inside[0] if inside else None
