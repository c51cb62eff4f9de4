"""How the paths of a source become classes and sides, as plain data, and the question which it is.

A `Reading` can be shown, stored with a data set, given in a terminal and chosen on a page. Where a
source can be read in more than one way, `Unclear` holds the choices with a preview of each.
"""

import shlex
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.errors import UserError
from core.intake.archives.member_names import shortened
from core.intake.layouts.side_names import Split
from core.saying import Sentence, say, several

ONE_HOT = "*"  # the label column of a table with a column of 0 and 1 for each class
IN_FOLDER = "."  # the label column of a table that only says the sides: folders are the classes
EVERYWHERE: tuple[tuple[str, Split | None], ...] = (("", None),)
ALONE = 15  # pictures of a single class: enough to remember some and check it on the others
_SHOWN = 12  # classes of a choice that are listed


@dataclass(frozen=True)
class Reading:
    """One way to read a source. Without a table and a pattern, folders are the classes.

    Attributes:
        folders: Where to look, "" being the source itself, and the side that each means. The
            classes are the folders directly inside, or come from a table or from names. None at
            all has the folders found.
        sides_inside: Whether each class folder holds folders named train, test, …
        tables: Files of comma-separated values that list file and class; all have these columns.
        file_column: Its header, or “column 2” in a table without headers; "" has it found. Where
            one column names folders and another the files in them, “folder/file”.
        label_column: As `file_column`; ONE_HOT for a column of 0 and 1 for each class, IN_FOLDER
            for none: the folders are the classes.
        split_column: As `file_column`; "" if there is none.
        pattern: A regular expression found in a file's name without its ending; in its whole
            path if it holds a slash. Its group named `label`, else its first group, is the class,
            and its group named `side` the side.
        join_cases: Whether classes that differ by capital letters alone are one.
        one_class: Whether there is to be a single class, to be told from anything else.
        named: The names of the classes, where what a pattern finds are their numbers, from 0.
    """

    folders: tuple[tuple[str, Split | None], ...] = ()
    sides_inside: bool = False
    tables: tuple[str, ...] = ()
    file_column: str = ""
    label_column: str = ""
    split_column: str = ""
    pattern: str = ""
    join_cases: bool = False
    one_class: bool = False
    named: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        folders = tuple((str(path), side) for path, side in values["folders"])
        lists = {"tables": tuple(values["tables"]), "named": tuple(values.get("named", ()))}
        return cls(**values | lists | {"folders": folders})

    def options(self) -> str:
        """It as the terminal takes it."""
        given: list[str] = []
        sides = [f"{side}={path or '.'}" for path, side in self.folders if side]
        if sides:
            given += ["--sides", ",".join(sides)]
        elif self.folders != EVERYWHERE or not (self.tables or self.pattern):
            for path, _ in self.folders:
                given += ["--root", path or "."]
        for table in self.tables:
            given += ["--labels", table]
        for option, value in (
            ("--file-column", self.file_column),
            ("--label-column", self.label_column),
            ("--split-column", self.split_column),
            ("--label-pattern", self.pattern),
        ):
            given += [option, value] if value else []
        given += ["--join-cases"] if self.join_cases else []
        given += ["--one-class"] if self.one_class else []
        return shlex.join(given)


@dataclass(frozen=True)
class Choice:
    """A reading and what comes out of it.

    Attributes:
        title: What it goes by, in a few words.
        reading: The reading.
        classes: Name, number of pictures and an example's file name of each.
        sides: Pictures of each side, where the source says which.
        left_out: Pictures that would have no class.
    """

    title: str
    reading: Reading
    classes: tuple[tuple[str, int, str], ...]
    sides: tuple[tuple[str, int], ...]
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            values["title"],
            Reading.from_dict(values["reading"]),
            tuple((str(name), int(count), str(file)) for name, count, file in values["classes"]),
            tuple((str(side), int(count)) for side, count in values["sides"]),
            int(values["left_out"]),
        )

    def summary(self) -> Sentence:
        """What comes out of it: “2 classes (cats, dogs), train (20) and test (8)”."""
        shown = [shortened(name) for name, _, _ in self.classes[:_SHOWN]]
        if len(self.classes) > _SHOWN:
            shown.append("…")
        named = several(
            "{count} class ({names})", "{count} classes ({names})", len(self.classes), names=shown
        )
        sides = [say("{side} ({count})", side=side, count=count) for side, count in self.sides]
        if len(sides) > 1:
            last = sides.pop()
            return say("{classes}, {sides} and {last}", classes=named, sides=sides, last=last)
        return say("{classes}, {side}", classes=named, side=sides[0]) if sides else named


class Unclear(UserError):
    """A source can be read in more than one way, and only its owner knows which is meant.

    Attributes:
        cause: What is unclear, in a sentence.
        choices: The ways, the likeliest first.
        problem: What was wrong with a way that was tried before; empty if nothing was.
    """

    def __init__(self, cause: Sentence, choices: tuple[Choice, ...], problem: str = "") -> None:
        super().__init__(cause)
        self.args = (cause, choices, problem)  # which it is unpickled with
        self.cause = cause
        self.choices = choices
        self.problem = problem

    def __str__(self) -> str:
        ways = "; ".join(
            f"{each.reading.options()} for {each.summary()}" for each in self.choices[:6]
        )
        return f"{self.cause} Add one of these: {ways}."

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        choices = [each.to_dict() for each in self.choices]
        return {"cause": self.cause, "choices": choices, "problem": self.problem}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Unclear":
        """The inverse of `to_dict`."""
        choices = tuple(Choice.from_dict(each) for each in values["choices"])
        return cls(values["cause"], choices, values["problem"])
