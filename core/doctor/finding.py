"""Findings of the data doctor in plain words, their cases, and how each can be fixed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.saying import Sentence, several

_GUESSES = 20_000_000


class Problem(StrEnum):
    """What a finding is about; those that spoil a training most come first."""

    UNREADABLE = "unreadable"
    TWO_CLASSES = "two classes"
    BOTH_SIDES = "both sides"
    SHORTCUT = "shortcut"
    LABEL = "label"
    SMALL_CLASS = "small class"
    IMBALANCE = "imbalance"
    EXACT_COPY = "exact copy"
    NEAR_COPY = "near copy"
    BLANK = "blank"
    TINY = "tiny"
    OUTLIER = "outlier"


class Action(StrEnum):
    """What a fix does with its files."""

    REMOVE = "remove"
    MOVE = "move"
    TOGETHER = "together"
    DELETE_CLASS = "delete class"
    BRING = "bring"  # more images of a class, which only a person can


@dataclass(frozen=True)
class Fix:
    """One way to fix a case.

    Attributes:
        action: What is done.
        files: With which images.
        label: The class that they are moved to, that is deleted or that needs more.
        told: The label of its button.
    """

    action: Action
    files: tuple[str, ...]
    told: str
    label: str | None = None


@dataclass(frozen=True)
class Case:
    """One occurrence of what a finding is about.

    Attributes:
        files: The images concerned, by `Record.file`.
        told: The problem in a few words.
        fixes: The first is what the doctor proposes; none where only a person can help.
    """

    files: tuple[str, ...]
    told: str
    fixes: tuple[Fix, ...] = ()

    def key(self, kind: Problem) -> str:
        """Stands for it when somebody says that it is no problem; the same in every check-up."""
        about = self.files or {fix.label or "" for fix in self.fixes}  # an empty class has no files
        text = "\n".join((kind, *sorted(about)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Finding:
    """A problem of a data set.

    Attributes:
        kind: What it is about.
        serious: Whether it makes a network learn wrong things or its accuracy a lie.
        title: The problem in a few words.
        sentence: What it means and what to do.
        cases: The worst first.
    """

    kind: Problem
    serious: bool
    title: str
    sentence: str
    cases: tuple[Case, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        cases = tuple(_case(each) for each in values["cases"])
        kind, serious = Problem(values["kind"]), bool(values["serious"])
        return cls(kind, serious, values["title"], values["sentence"], cases)


def _case(values: dict[str, Any]) -> Case:
    fixes = tuple(
        Fix(Action(fix["action"]), tuple(fix["files"]), fix["told"], fix["label"])
        for fix in values["fixes"]
    )
    return Case(tuple(values["files"]), values["told"], fixes)


@dataclass(frozen=True)
class Point:
    """An image on the map: its file, and where it lies, in -1 to 1."""

    file: str
    x: float
    y: float


@dataclass(frozen=True)
class Checkup:
    """What the data doctor found.

    Attributes:
        version: Of the data set that was looked at.
        images: How many images it looked at.
        findings: The most important first.
        map: Its different images on a plane.
        digests: Of the files that findings name: a file may be another picture by now.
    """

    version: int
    images: int
    findings: tuple[Finding, ...]
    map: tuple[Point, ...]
    digests: Mapping[str, str] = field(default_factory=dict)

    def not_looked_at(self, dataset: Dataset) -> int:
        """How many pictures of a later version of the data set have come since."""
        looked_at = {point.file for point in self.map} | self.digests.keys()
        return sum(record.file not in looked_at for record in dataset.records)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: The values are not what `to_dict` wrote.
        """
        findings = tuple(Finding.from_dict(each) for each in values["findings"])
        points = tuple(Point(**each) for each in values["map"])
        numbers, digests = (int(values["version"]), int(values["images"])), values["digests"]
        return cls(*numbers, findings, points, {str(file): str(of) for file, of in digests.items()})


def can_be_guessed(images: int, classes: int) -> bool:
    """Whether the classes of pictures are guessed from the others: for labels and shortcuts.

    The guesses, of each image for each class, are held some seven times, as doubles.
    """
    return images * classes <= _GUESSES


def mended(dataset: Dataset, fixes: Iterable[Fix]) -> Dataset:
    """The data set after some fixes.

    Raises:
        UserError: A class that images were to go to, or that was to go, is no longer there.
    """
    chosen = list(fixes)
    for fix in chosen:
        if fix.action is Action.MOVE:
            assert fix.label is not None
            dataset = changes.move(dataset, fix.files, fix.label)
        elif fix.action is Action.DELETE_CLASS:
            assert fix.label is not None
            dataset = changes.delete_class(dataset, fix.label)
    gone = {file for fix in chosen if fix.action is Action.REMOVE for file in fix.files}
    if gone:
        dataset = changes.remove(dataset, gone)
    groups = [fix.files for fix in chosen if fix.action is Action.TOGETHER]
    return changes.keep_together(dataset, groups) if groups else dataset


def mend(folder: Path, dataset: Dataset, fixes: Sequence[Fix]) -> Sentence:
    """Make another version of a stored data set; `store.undo` brings the one before back.

    Args:
        folder: Of the data set.
        dataset: It, as the fixes know it.
        fixes: What to do, the same with all files.

    Returns:
        What was done.

    Raises:
        UserError: It has changed since, or the fixes do not fit.
    """
    told = _told(fixes)
    store.keep(folder, mended(dataset, fixes), told)
    return told


def _told(fixes: Sequence[Fix]) -> Sentence:
    """What fixes of one kind do."""
    files = {file for fix in fixes for file in fix.files}
    name = Path(min(files)).name if files else ""
    labels = sorted({fix.label for fix in fixes if fix.label})
    values = {"name": name, "classes": labels}
    match fixes[0].action:
        case Action.REMOVE:
            return several(
                "{count} picture removed ({name})", "{count} pictures removed", len(files), **values
            )
        case Action.TOGETHER:
            return several(
                "{count} picture kept in one part of the split ({name})",
                "{count} pictures kept in one part of the split",
                len(files),
                **values,
            )
        case Action.DELETE_CLASS:
            return several(
                "Class “{classes}” deleted with {count} picture",
                "Class “{classes}” deleted with {count} pictures",
                len(files),
                **values,
            )
        case _:
            return several(
                "{count} picture moved to “{classes}” ({name})",
                "{count} pictures moved to “{classes}”",
                len(files),
                **values,
            )


def remaining(
    finding: Finding,
    dataset: Dataset,
    dismissed: Iterable[str],
    digests: Mapping[str, str] | None = None,
) -> tuple[Case, ...]:
    """Cases that nobody has mended or put aside since they were found.

    Args:
        finding: From a check-up of this data set, perhaps of an earlier version.
        dataset: As it is now.
        dismissed: Keys of the cases that somebody has called no problem.
        digests: The pictures that it is about, by file; a file that is another one by now is not.
    """
    labels = {
        record.file: record.label
        for record in dataset.records
        if (digests or {}).get(record.file, record.digest) == record.digest
    }
    sides = {record.file: record.split for record in dataset.records}
    aside = set(dismissed)

    def is_open(case: Case) -> bool:
        if case.key(finding.kind) in aside or not labels.keys() >= set(case.files):
            return False
        match finding.kind:
            case Problem.LABEL:
                return all(labels[f] != fix.label for fix in case.fixes for f in fix.files)
            case Problem.TWO_CLASSES:
                return len({labels[file] for file in case.files}) > 1
            case Problem.BOTH_SIDES:
                return len({sides[file] for file in case.files}) > 1
            case Problem.SMALL_CLASS if not case.files:
                return all(fix.label in dataset.classes for fix in case.fixes)
            case _:
                return True

    return tuple(case for case in finding.cases if is_open(case))
