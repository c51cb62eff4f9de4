"""Which class and which side of the split each file belongs to, told by its path alone.

The folders that hold pictures form a tree. Outer folders that hold nothing but one more folder are
walked through; where the tree first branches, the branches are the classes, or, if they are named
train, validation and test, the sides of a split: then the classes are those of the training side.
Folders inside a class folder belong to it whatever their names (`daisy/batch 1/3.jpg` is a daisy).
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.data.archive import ENDINGS, Member
from core.data.member_names import shortened

Split = Literal["train", "validation", "test"]

OUTSIDE = "not in a class folder"
UNKNOWN = "its class “{}” is not among those to learn"
NO_IMAGE = "not an image"
NESTED = "an archive inside the archive, which is not opened"

_SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
# Only folders that hold such names shape the tree, so a folder of notes makes no class. Within a
# class the name plays no part: what a file is, its bytes say.
_ENDINGS = {
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "gif", "bmp", "dib", "webp"),
    *("tif", "tiff", "heic", "heif", "hif", "avif", "avifs", "ico"),
    *("jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm"),
}


@dataclass(frozen=True)
class Placed:
    """A file that lies in a class folder; `split` is None where the archive does not say."""

    member: Member
    label: str
    split: Split | None


@dataclass(frozen=True)
class Layout:
    """What the paths say.

    Attributes:
        placed: Files in class folders, in the order of the members.
        outside: Files in none, with the reason why they are left out.
        said: Whether the archive names a train folder and a validation or test folder beside it.
    """

    placed: tuple[Placed, ...]
    outside: tuple[tuple[Member, str], ...]
    said: bool


class _Folder:
    """A folder with at least one picture somewhere below."""

    def __init__(self) -> None:
        self.folders: dict[str, _Folder] = {}

    def add(self, parts: list[str]) -> None:
        folder = self
        for part in parts:
            folder = folder.folders.setdefault(part, _Folder())

    def only(self) -> tuple[str, "_Folder"] | None:
        """The single folder inside, if it is an outer folder rather than a class."""
        if len(self.folders) != 1:
            return None
        ((name, folder),) = self.folders.items()
        return (name, folder) if folder.folders else None

    def labels(self) -> set[str]:
        """What the folders inside are called, capital letters aside."""
        return {label_of(name).casefold() for name in self.folders}


def place(members: Iterable[Member]) -> Layout:
    """Find the class folders and the split."""
    members = tuple(members)
    shaping = [member for member in members if looks_like_image(member.name)] or members
    tree = _Folder()
    for member in shaping:
        tree.add(member.name.split("/")[:-1])
    root: tuple[str, ...] = ()
    while (only := tree.only()) is not None:
        root, tree = (*root, only[0]), only[1]
    sides = _sides(tree)
    starts: dict[tuple[str, ...], Split | None] = {
        (*root, *start): split for start, split in sides.items()
    } or {root: None}
    folders = {start: _at(tree, start[len(root) :]).folders for start in starts}
    classes = {
        label_of(folder)
        for start, split in starts.items()
        if split in (None, "train")
        for folder in folders[start]
    }
    spelled = {label.casefold(): label for label in sorted(classes)}
    placed: list[Placed] = []
    outside: list[tuple[Member, str]] = []
    for member in members:
        parts = tuple(member.name.split("/"))
        start = next((each for each in starts if parts[: len(each)] == each), None)
        folder = parts[len(start)] if start is not None and len(parts) > len(start) + 1 else None
        if start is None or folder is None or folder not in folders[start]:
            outside.append((member, _why_outside(member.name)))
            continue
        label = label_of(folder)
        if label.casefold() not in spelled:
            outside.append((member, UNKNOWN.format(shortened(label))))
            continue
        label = label if label in classes else spelled[label.casefold()]
        placed.append(Placed(member, label, starts[start]))
    return Layout(tuple(placed), tuple(outside), bool(sides))


def _sides(tree: _Folder) -> dict[tuple[str, ...], Split]:
    """Where train, validation and test begin; empty unless they are a split.

    They are one if train holds class folders, and either there is no other folder beside them or
    every class of theirs is also in train. Pictures of further classes, or of none, as for tests
    that somebody else marks, are left out: as classes “train” and “test” all would be lost.
    """
    named = {name: _SPLITS[name.lower()] for name in tree.folders if name.lower() in _SPLITS}
    train = {name for name, split in named.items() if split == "train"}
    if not train or len(train) == len(named):
        return {}
    starts: dict[tuple[str, ...], Split] = {}
    known: set[str] = set()
    for name in train:
        start, folder = _inside(name, tree.folders[name], set())
        starts[start] = "train"
        known |= folder.labels()
    if not known:
        return {}
    agree = True
    for name in named.keys() - train:
        start, folder = _inside(name, tree.folders[name], known)
        starts[start] = named[name]
        agree = agree and folder.labels() <= known
    return starts if agree or len(named) == len(tree.folders) else {}


def _inside(name: str, folder: _Folder, known: set[str]) -> tuple[tuple[str, ...], _Folder]:
    """Walk through the outer folders within one side, stopping at classes already known."""
    path: tuple[str, ...] = (name,)
    while (only := folder.only()) is not None and not folder.labels() <= known:
        path, folder = (*path, only[0]), only[1]
    return path, folder


def _at(tree: _Folder, path: tuple[str, ...]) -> _Folder:
    for name in path:
        tree = tree.folders[name]
    return tree


def label_of(folder: str) -> str:
    """The class that a folder is named after.

    macOS writes é as e and an accent: composed, the same class has the same name everywhere. So it
    has with one space between words.
    """
    return " ".join(unicodedata.normalize("NFC", folder).split()) or folder


def _why_outside(name: str) -> str:
    if looks_like_image(name):
        return OUTSIDE
    return NESTED if name.lower().endswith(tuple(f".{each}" for each in ENDINGS)) else NO_IMAGE


def looks_like_image(name: str) -> bool:
    """Whether a file is called as images are, or has no ending; what it is, only its bytes say."""
    return "." not in name.rsplit("/", 1)[-1] or ends_as_image(name)


def ends_as_image(name: str) -> bool:
    """Whether a file's name has the ending of an image's."""
    _, dot, ending = name.rsplit("/", 1)[-1].rpartition(".")
    return bool(dot) and ending.lower() in _ENDINGS
