"""Which class and which side of the split each file belongs to, and how that is found out.

The folders that hold pictures form a tree. Outer folders that hold nothing but one more folder are
walked through. Where the tree first branches, the branches are the classes, or, if their names say
so, the sides of a split: then the classes are those of the training side. Folders inside a class
folder belong to it whatever their names (`daisy/batch 1/3.jpg` is a daisy).

Where the tree allows more than one reading, or a table or the files' names say more than it does,
nothing is guessed: `Unclear` asks which reading is meant.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from core.data import images, name_patterns, tables
from core.data.archive import ENDINGS, Member, Source, UnreadableMember
from core.data.boxes import detection_format
from core.data.labelling import EVERYWHERE, ONE_HOT, Choice, Reading, Unclear
from core.data.member_names import shortened
from core.data.natural import natural
from core.data.side_names import Split as Split
from core.data.side_names import is_evaluation, says_nothing, side_and_rest, side_of
from core.errors import UserError

OUTSIDE = "not in a class folder"
UNKNOWN = "its class “{}” is not among those to learn"
NO_IMAGE = "not an image"
NESTED = "an archive inside the archive, which is not opened"
UNLISTED = "not listed in the table of labels"
UNMATCHED = "its name does not fit the pattern for labels"
SEVERAL = "listed with several classes"
NO_FILE = "listed in the table of labels, but there is no such file"
TWO_FILES = "listed in the table of labels, but several files are called so"
NO_LABEL = "listed in the table of labels without a class"

_UNUSED = (OUTSIDE, UNLISTED, UNMATCHED, SEVERAL)  # of pictures

# A name with such an ending is believed to be a picture's where the tree is shaped. For other
# names a few first bytes of each folder are read. What a file is, its bytes say in the end.
_ENDINGS = {
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "gif", "bmp", "dib", "webp"),
    *("tif", "tiff", "heic", "heif", "hif", "avif", "avifs", "ico"),
    *("jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm"),
}
_ORDER: tuple[Split, ...] = ("train", "validation", "test")
_SNIFFED = 8  # files of each ending in each folder
_HEAD = 32  # bytes
_MOST_TABLES = 30
_MOST_CHOICES = 8
_NAMED = 5  # folders in a sentence


@dataclass(frozen=True)
class Placed:
    """A file that has a class; `split` is None where the source does not say."""

    member: Member
    label: str
    split: Split | None


@dataclass(frozen=True)
class Layout:
    """How a source is read.

    Attributes:
        reading: The way.
        placed: Files that have a class, in the order of the members.
        outside: Files and rows of tables that have none, with the reason why they are left out.
        lost: Folders with pictures of which none has a class, and how many pictures each holds.
        empty: Folders beside the class folders without a picture, and how many files each holds.
        unused: Tables that list files but are not used, each with the reason.
        said: Whether the source says which pictures are for training.
        classes: Name, number of pictures and an example's path of each.
        sides: Pictures of each side, where the source says so.
    """

    reading: Reading
    placed: tuple[Placed, ...]
    outside: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, int], ...]
    said: bool
    classes: tuple[tuple[str, int, str], ...]
    sides: tuple[tuple[str, int], ...]
    empty: tuple[tuple[str, int], ...] = ()
    unused: tuple[tuple[str, str], ...] = ()

    def told(self) -> str:
        """The reading in a sentence or two, for people."""
        read = f"Read as {self.choice('').summary()}, {_way(self.reading)}."
        return f"{read}{self._warning()}"

    def choice(self, title: str) -> Choice:
        """It as something to choose.

        Args:
            title: What it goes by.
        """
        return Choice(
            title,
            self.reading,
            self.classes,
            self.sides,
            sum(reason in _UNUSED for _, reason in self.outside),
        )

    def _warning(self) -> str:
        told = ""
        if self.lost:
            folders = "A whole folder" if len(self.lost) == 1 else "Whole folders"
            told += f" {folders} of pictures left out: {_counted(self.lost)}."
        if self.empty:
            folders = "A folder" if len(self.empty) == 1 else "Folders"
            told += f" {folders} without any picture left out: {_counted(self.empty)}."
        return told + _not_used(self.unused)


def _counted(folders: tuple[tuple[str, int], ...]) -> str:
    named = [f"“{shortened(name)}” ({count:,})" for name, count in folders[:_NAMED]]
    more = len(folders) - _NAMED
    return ", ".join([*named, f"{more} more"] if more > 0 else named)


def _not_used(tables_: Iterable[tuple[str, str]]) -> str:
    told = (f" The table “{shortened(name)}” is not used: {reason}." for name, reason in tables_)
    return "".join(list(told)[:_NAMED])


def place(
    source: Source, *, least: int = 2, known: Collection[str] = (), grouped: bool = False
) -> Layout:
    """Find each file's class and side.

    Args:
        source: It is read as it says itself, if somebody has said so.
        least: Classes without which a reading is of no use.
        known: Classes that are known already: capital letters aside, theirs is the spelling.
        grouped: Whether folders inside the class folders are known to be groups of pictures.

    Raises:
        Unclear: It can be read in more than one way.
        UserError: It holds labels that Thaw does not learn from, or what was said does not fit it.
    """
    return _Reader(source, least, known, grouped).layout()


def preview(source: Source) -> Unclear:
    """What would come out of a source as it says that it is read, as a question.

    Args:
        source: One for which somebody has tried a reading.

    Returns:
        That reading and the ways that were there without it, or what is wrong with it as `problem`.
    """
    cause, problem = "This is what comes out.", ""
    choices: tuple[Choice, ...] = ()
    try:
        choices = (place(source).choice("Your pattern"),)
    except Unclear as unclear:
        cause, choices = unclear.cause, unclear.choices
    except UserError as error:
        problem = str(error)
    source.reading = None
    try:
        choices += (place(source).choice("As it is"),)
    except Unclear as unclear:
        cause = unclear.cause if problem else cause
        choices += unclear.choices
    return Unclear(cause, choices, problem)


class _Folder:
    """A folder with at least one picture somewhere below."""

    def __init__(self) -> None:
        self.folders: dict[str, _Folder] = {}
        self.pictures = 0  # directly inside

    def add(self, parts: list[str]) -> None:
        folder = self
        for part in parts:
            folder = folder.folders.setdefault(part, _Folder())
        folder.pictures += 1

    def only(self) -> tuple[str, "_Folder"] | None:
        """The single folder inside, if it is an outer folder rather than a class."""
        if len(self.folders) != 1:
            return None
        ((name, folder),) = self.folders.items()
        return (name, folder) if folder.folders else None

    def size(self) -> int:
        """Pictures in it and in all folders inside."""
        count, waiting = 0, [self]
        while waiting:
            folder = waiting.pop()
            count += folder.pictures
            waiting += folder.folders.values()
        return count

    def labels(self) -> set[str]:
        """What the folders inside are called, capital letters aside."""
        return {label_of(name).casefold() for name in self.folders}


@dataclass(frozen=True)
class _Doubt:
    """Why folders alone do not tell, and readings by folders that are possible all the same."""

    cause: str
    readings: tuple[tuple[str, Reading], ...] = ()  # each with a title
    otherwise: Reading | None = None  # how to read it where there is no choice at all


class _Reader:
    def __init__(self, source: Source, least: int, known: Collection[str], grouped: bool) -> None:
        self._source = source
        self._grouped = grouped
        self._least = least
        self._known = known
        self._pictures = _pictures(source)
        self._tree = _Folder()
        for member in source.members:
            if member.name in self._pictures or not self._pictures:
                self._tree.add(member.name.split("/")[:-1])
        self._tables: dict[str, tables.Table] | None = None
        self._unused: dict[str, str] = {}  # tables that list files, and why they do not help
        self._boxed: str | None = None  # what a table with boxes is called
        self._files = tables.Files(
            member.name for member in source.members if not _is_table(member.name)
        )

    def layout(self) -> Layout:
        given = self._source.reading
        reading = self._completed(given) if given else self._proposed()
        found = self._read(reading)
        alike = _alike({each.label for each in found.placed} - set(self._known))
        if alike and not reading.join_cases and not self._known:
            first = " and ".join(f"“{shortened(label)}”" for label in alike[:2])
            joined = self._read(replace(reading, join_cases=True)).choice("Join them")
            wanted = replace(given or Reading(), join_cases=True)
            raise Unclear(
                f"The classes {first} have the same name but for capital letters, so they are "
                "probably one class. Join them, or give one another name.",
                (replace(joined, reading=wanted),),
            )
        return replace(found, unused=() if reading.tables else tuple(self._unused.items()))

    # What the source says by itself

    def _proposed(self) -> Reading:
        by_folder = _by_folder(self._tree, self._least, self._grouped)
        disagreeing = self._by_tables(by_folder if isinstance(by_folder, Reading) else None)
        if isinstance(by_folder, Reading):
            if not disagreeing:
                return by_folder
            first = disagreeing[0][1].tables[0]
            cause = f"The folders say other classes than the table “{shortened(first)}” does."
            ways = [*disagreeing, ("By folder", by_folder)]
            raise Unclear(cause, self._choices(ways))
        if not disagreeing:
            boxes = detection_format(self._source, self._pictures) or self._boxed
            if boxes:
                raise UserError(
                    f"“{self._source.name}” holds labels for detection ({boxes}): boxes around "
                    "things. Thaw tells whole pictures apart, so cut the things out and put those "
                    "of each class in a folder named after it."
                )
        ways = [*disagreeing, *self._by_name(), *by_folder.readings]
        choices = self._choices(ways)
        if not choices and by_folder.otherwise and not self._unused:
            return by_folder.otherwise
        if not choices:
            raise UserError(
                f"{by_folder.cause}{_not_used(self._unused.items())} Put the pictures of each "
                "class in a folder named after it, as in cats/1.jpg and dogs/1.jpg, or bring a "
                "table (CSV) with the file and the class of each picture beside them."
            )
        raise Unclear(by_folder.cause + _not_used(self._unused.items()), choices)

    def _choices(self, ways: Iterable[tuple[str, Reading]]) -> tuple[Choice, ...]:
        """Readings that give enough classes, each result once."""
        found: list[Choice] = []
        for title, reading in ways:
            choice = self._read(reading).choice(title)
            known = any((one.classes, one.sides) == (choice.classes, choice.sides) for one in found)
            if len(choice.classes) >= self._least and not known:
                found.append(choice)
        return tuple(found[:_MOST_CHOICES])

    def _by_name(self) -> list[tuple[str, Reading]]:
        """Patterns over names that divide most pictures into classes of several."""
        found = []
        for title, pattern in name_patterns.READY.items():
            reading = Reading(pattern=pattern)
            labels = Counter(each.label for each in self._read(reading).placed)
            pictures = sum(labels.values())
            if (
                2 <= len(labels) <= pictures / 2
                and pictures >= len(self._pictures) / 2
                and not any(
                    len(label) == 1 and label.isascii() and label.isalpha() for label in labels
                )
                and max(map(len, labels)) <= 80
            ):
                found.append((f"By name: {title}", reading))
        return found

    def _by_tables(self, by_folder: Reading | None) -> list[tuple[str, Reading]]:
        """What tables say, unless one says the same as the folders do."""
        found: list[tuple[str, Reading]] = []
        same: dict[tuple[str, ...], list[tables.Table]] = defaultdict(list)
        for table in self._all_tables().values():
            if "submission" not in table.name.casefold():  # labels to be replaced, as Kaggle's
                same[table.columns].append(table)
        for alike in same.values():
            table = max(alike, key=lambda each: len(each.rows))
            file_column = tables.file_column(table, self._files)
            if file_column is None:
                continue
            if tables.lists_boxes(table, file_column):
                self._boxed = "a table of boxes"
                continue
            columns = tables.label_columns(table, file_column)
            hot = tables.one_hot(table, (file_column,))
            if not (hot or columns):
                self._unused[table.name] = "no column of it divides its files into classes"
            if hot:
                columns = [ONE_HOT, *(each for each in columns if each not in hot)]
            names = tuple(each.name for each in alike)
            for column in columns[:6]:
                reading = Reading(
                    tables=names,
                    file_column=file_column,
                    label_column=column,
                    split_column=tables.split_column(table),
                )
                layout = self._read(reading)
                if len(layout.placed) < len(self._pictures) / 10:
                    twice = sum(reason == TWO_FILES for _, reason in layout.outside)
                    if twice >= len(table.rows) / 2 and not table.name.lower().endswith(".txt"):
                        self._unused[names[0]] = "several files have the names that it lists"
                    continue
                if by_folder:
                    folders = self._read(by_folder)
                    listed = {each.member.name for each in layout.placed}
                    if listed.isdisjoint(each.member.name for each in folders.placed):
                        self._unused[names[0]] = "it lists only files outside the class folders"
                        continue
                    if _same_classes(folders, layout) and (folders.said or not layout.said):
                        return []
                what = "columns of 0 and 1" if column == ONE_HOT else f"column “{column}”"
                found.append((f"By table: {shortened(names[0])}, {what}", reading))
        return found

    def _all_tables(self) -> dict[str, tables.Table]:
        """All tables of the source that are not too large, by name."""
        if self._tables is None:
            self._tables = {}
            stems = {stem_of(name) for name in self._pictures}
            listed = [
                each
                for each in self._source.members
                if _is_table(each.name)
                and not (each.name.lower().endswith(".txt") and stem_of(each.name) in stems)
            ]
            listed.sort(
                key=lambda each: (
                    each.name.lower().endswith(".txt"),
                    each.name.count("/"),
                    natural(each.name),
                )
            )
            for member in listed[:_MOST_TABLES]:
                table = self._table(member)
                if table:
                    self._tables[member.name] = table
        return self._tables

    def _table(self, member: Member) -> tables.Table | None:
        if member.size > tables.MOST_BYTES:
            return None
        try:
            return tables.parse(member.name, self._source.read(member), self._files)
        except UnreadableMember:
            return None

    # What somebody says

    def _completed(self, given: Reading) -> Reading:
        """A given reading with the columns that it leaves open; refused where it does not fit."""
        for path, _ in given.folders:
            if path and not any(one.name.startswith(f"{path}/") for one in self._source.members):
                raise UserError(
                    f"Expected a folder of the pictures, but there is no “{shortened(path)}” in "
                    f"“{self._source.name}”. Give its path inside of that."
                )
        if not (given.folders or given.tables or given.pattern):
            return replace(self._proposed(), join_cases=given.join_cases)
        if given.pattern:
            name_patterns.check(given.pattern)
            return given
        if not given.tables:
            return given
        read = {}
        members = {member.name: member for member in self._source.members}
        for name in given.tables:
            table = self._table(members[name]) if name in members else None
            if table is None:
                raise UserError(
                    f"Expected a table (CSV or TSV) in “{self._source.name}” or elsewhere, but "
                    f"“{shortened(name or '.')}” is {'none' if name in members else 'not there'}."
                )
            read[name] = table
        self._tables = self._all_tables() | read
        table = read[given.tables[0]]
        for option in ("file_column", "label_column", "split_column"):
            value = getattr(given, option)
            if value and value != ONE_HOT and any(value not in t.columns for t in read.values()):
                raise UserError(
                    f"Expected the name of a column for --{option.replace('_', '-')}, received "
                    f"“{shortened(value)}”. There are: {_listed(table.columns)}."
                )
        files = given.file_column or tables.file_column(table, self._files)
        if files is None:
            raise UserError(
                f"None of the files that “{shortened(table.name)}” lists is there. Its columns "
                f"are: {_listed(table.columns)}."
            )
        given = replace(
            given,
            file_column=files,
            split_column=given.split_column or tables.split_column(table),
        )
        if given.label_column:
            return given
        hot = [ONE_HOT] if tables.one_hot(table, (files,)) else []
        columns = hot or tables.label_columns(table, files)
        if len(columns) == 1:
            return replace(given, label_column=columns[0])
        ways = [(f"Column “{each}”", replace(given, label_column=each)) for each in columns]
        choices = self._choices(ways)
        if not choices:
            raise UserError(
                f"No column of “{shortened(table.name)}” divides its files into classes. Its "
                f"columns are: {_listed(table.columns)}."
            )
        raise Unclear(f"Several columns of “{shortened(table.name)}” may be the class.", choices)

    # What comes out

    def _read(self, reading: Reading) -> Layout:
        if reading.tables:
            labels, outside = self._by_table(reading)
        elif reading.pattern:
            labels, outside = self._by_pattern(reading), []
        else:
            labels, outside = self._by_folders(reading), []
        return self._spelled(reading, labels, outside)

    def _by_folders(self, reading: Reading) -> dict[str, tuple[str, Split | None] | str]:
        """Label and side of each file, or why it has none."""
        starts = {_parts(path): side for path, side in reading.folders}
        folders = {start: self._at(start).folders for start in starts}
        found: dict[str, tuple[str, Split | None] | str] = {}
        for member in self._source.members:
            parts = tuple(member.name.split("/"))
            start = _start(parts, starts)
            inside = parts[len(start) :] if start is not None else ()
            if start is None or len(inside) < 2 or inside[0] not in folders[start]:
                found[member.name] = self._why_outside(member.name)
                continue
            side = starts[start]
            if reading.sides_inside and len(inside) > 2:
                side = side_of(inside[1])
            found[member.name] = label_of(inside[0]), side
        return found

    def _by_pattern(self, reading: Reading) -> dict[str, tuple[str, Split | None] | str]:
        starts = self._starts(reading)
        found: dict[str, tuple[str, Split | None] | str] = {}
        asked: dict[str, Split | None] = {}
        for member in self._source.members:
            if member.name not in self._pictures:
                found[member.name] = self._why_outside(member.name)
                continue
            start = _start(tuple(member.name.split("/")), starts)
            if start is None:
                found[member.name] = "not in one of the folders to read"
            else:
                asked[member.name] = starts[start]
        named = name_patterns.labels(
            reading.pattern,
            [name if "/" in reading.pattern else stem_of(name) for name in asked],
        )
        for (name, side), (label, said) in zip(asked.items(), named, strict=True):
            label = label_of(label) if label else ""
            side = side_of(said) if said else side
            found[name] = (label, side) if tables.usable(label) else UNMATCHED
        return found

    def _starts(self, reading: Reading) -> dict[tuple[str, ...], Split | None]:
        """Where to look for pictures whose classes come from elsewhere, and on which side."""
        folders = reading.folders or _sided_folders(self._tree)
        starts = {_parts(path): side for path, side in folders}
        return starts if reading.folders else {(): None} | starts

    def _by_table(
        self, reading: Reading
    ) -> tuple[dict[str, tuple[str, Split | None] | str], list[tuple[str, str]]]:
        starts = self._starts(reading)
        claims: dict[str, tuple[int, set[tuple[str, Split | None]]]] = {}
        outside: list[tuple[str, str]] = []
        for name in reading.tables:
            table = self._all_tables()[name]
            place = table.columns.index(reading.file_column)
            hot = tables.one_hot(table, (reading.file_column,))
            for number, row in enumerate(table.rows, 1):
                cell = row[place]
                files, score = self._files.find(cell, name)
                told = f"{name}, row {number}: {shortened(cell)}"
                if len(files) != 1:
                    outside.append((told, TWO_FILES if files else NO_FILE))
                    continue
                if reading.label_column == ONE_HOT:
                    label = tables.hot(table, row, hot) or ""
                else:
                    label = row[table.columns.index(reading.label_column)]
                label = label_of(label) if label else ""
                if not tables.usable(label):
                    outside.append((told, NO_LABEL))
                    continue
                start = _start(tuple(files[0].split("/")), starts)
                side = starts[start] if start is not None else None
                if reading.split_column:
                    told_side = row[table.columns.index(reading.split_column)]
                    side = tables.side(reading.split_column, told_side) or side
                side = side or side_of(stem_of(name)) if len(reading.tables) > 1 else side
                before, said = claims.get(files[0], (0, set()))
                if score > before:
                    claims[files[0]] = score, {(label, side)}
                elif score == before:
                    said.add((label, side))
        found: dict[str, tuple[str, Split | None] | str] = {}
        for member in self._source.members:
            if member.name in claims:
                said = claims[member.name][1]
                several = len({label for label, _ in said}) > 1
                found[member.name] = SEVERAL if several else min(said, key=str)
            elif member.name in self._pictures:
                found[member.name] = UNLISTED
            else:
                found[member.name] = self._why_outside(member.name)
        return found, outside

    def _spelled(
        self,
        reading: Reading,
        labels: dict[str, tuple[str, Split | None] | str],
        outside: list[tuple[str, str]],
    ) -> Layout:
        """Classes spelled in one way; those that the training side lacks are left out."""
        given = [each for each in labels.values() if not isinstance(each, str)]
        sides = {side for _, side in given}
        said = "train" in sides
        learned = Counter(label for label, side in given if not said or side in (None, "train"))
        spelled: dict[str, str] = {}
        for label, _ in sorted(learned.items(), key=lambda one: (-one[1], natural(one[0]))):
            spelled.setdefault(label.casefold(), label)
        spelled |= {label.casefold(): label for label in self._known}
        kept = set(self._known) or (set() if reading.join_cases else set(learned))
        placed: list[Placed] = []
        for member in self._source.members:
            if member.name in reading.tables:
                continue
            found = labels[member.name]
            if isinstance(found, str):
                outside.append((member.name, found))
                continue
            label, side = found
            if label not in kept:
                if label.casefold() in spelled:
                    label = spelled[label.casefold()]
                elif not self._known:
                    outside.append((member.name, UNKNOWN.format(shortened(label))))
                    continue
            placed.append(Placed(member, label, side))
        pictures = [each for each in placed if each.member.name in self._pictures]
        counts = Counter(each.label for each in pictures)
        examples = {each.label: each.member.name for each in reversed(pictures)}
        by_side = Counter(each.split for each in pictures)
        return Layout(
            reading,
            tuple(placed),
            tuple(outside),
            self._lost(placed),
            said,
            tuple((each, counts[each], examples[each]) for each in sorted(counts, key=natural)),
            tuple((side, by_side[side]) for side in _ORDER if said and by_side[side]),
            self._empty(reading),
        )

    def _empty(self, reading: Reading) -> tuple[tuple[str, int], ...]:
        """Folders beside the class folders that hold files but no picture."""
        if reading.tables or reading.pattern:
            return ()
        starts = {_parts(path): self._at(_parts(path)).folders for path, _ in reading.folders}
        counts: Counter[str] = Counter()
        for member in self._source.members:
            parts = tuple(member.name.split("/"))
            start = _start(parts, starts)
            inside = parts[len(start) :] if start is not None else ()
            if start is None or len(inside) < 2 or says_nothing(inside[0]):
                continue
            if starts[start] and inside[0] not in starts[start]:
                counts["/".join((*start, inside[0]))] += 1
        return tuple(sorted(counts.items(), key=lambda one: natural(one[0])))

    def _lost(self, placed: list[Placed]) -> tuple[tuple[str, int], ...]:
        """The outermost folders with pictures of which none has a class."""
        used: set[str] = {""}
        for each in placed:
            parts = each.member.name.split("/")[:-1]
            if "/".join(parts) not in used:
                used |= {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        counts: Counter[str] = Counter()
        for name in self._pictures:
            parts = name.split("/")[:-1]
            if "/".join(parts) not in used:
                end = next(
                    end for end in range(1, len(parts) + 1) if "/".join(parts[:end]) not in used
                )
                counts["/".join(parts[:end])] += 1
        return tuple(sorted(counts.items(), key=lambda one: natural(one[0])))

    def _at(self, path: tuple[str, ...]) -> _Folder:
        folder = self._tree
        for name in path:
            folder = folder.folders.get(name, _Folder())
        return folder

    def _why_outside(self, name: str) -> str:
        if name in self._pictures:
            return OUTSIDE
        if name.lower().endswith(tuple(f".{each}" for each in ENDINGS)):
            return NESTED
        return NO_IMAGE


def _by_folder(tree: _Folder, least: int, grouped: bool) -> Reading | _Doubt:
    """What folders alone say."""
    path: tuple[str, ...] = ()
    while (only := tree.only()) is not None:
        path, tree = (*path, only[0]), only[1]
    here = Reading(folders=(("/".join(path), None),))
    names = tree.folders
    if not names:
        cause = "The pictures lie in no folders of classes."
        return here if least < 2 else _Doubt(cause, otherwise=here)
    as_classes = (f"The folders {_listed(sorted(names, key=natural))} are the classes", here)
    named = _sides(names)
    if named:
        return _by_side(tree, path, named, as_classes)
    both = _sides_and_classes(names)
    if both:
        return _Doubt(
            f"The names of the folders {_listed(both)} hold both a class and a side.",
            (*_named_patterns(both), as_classes),
        )
    if len(names) == 1 and least > 1:
        (name,) = names
        return _Doubt(f"There is only one folder of pictures, “{shortened(name)}”.", (), here)
    inner = {name: _inside((*path, name), folder, set()) for name, folder in names.items()}
    nested = {name: it for name, it in inner.items() if len(it[1].folders) > 1}
    if grouped and not any(says_nothing(name) or side_of(name) for name in nested):
        return here
    alike = _with_the_same_inside(names, nested)
    if alike:
        return _by_variant(here, names, inner, alike, as_classes)
    empty = [name for name in names if says_nothing(name) or side_of(name)]
    if len(empty) == len(names) and not nested:
        return _Doubt(
            f"The folders {_listed(sorted(names, key=natural))} are not named after classes.",
            (as_classes,),
        )
    holding = [
        name
        for name, (_, folder) in nested.items()
        if says_nothing(name)
        or side_of(name)
        or (not names[name].pictures and _outweighs(folder, len(names), len(nested)))
    ]
    if holding:
        return _Doubt(
            f"The folders {_listed(sorted(names, key=natural))} may be classes, or one of them "
            "holds the class folders.",
            (*(way for name in holding for way in _ways_inside(*nested[name])), as_classes),
        )
    holders = not any(each.pictures or not each.folders for each in names.values())
    if nested and holders:
        within = {label for _, folder in nested.values() for label in folder.folders}
        if not all(says_nothing(label) or side_of(label) for label in within):
            starts = tuple(
                ("/".join(nested[name][0] if name in nested else (*path, name)), None)
                for name in names
            )
            return _Doubt(
                f"Each of the folders {_listed(sorted(names, key=natural))} holds more folders, so "
                "either may be the classes.",
                (as_classes, ("The folders inside them are the classes", Reading(starts))),
            )
    return here


def _by_side(
    tree: _Folder,
    path: tuple[str, ...],
    named: dict[str, Split],
    as_classes: tuple[str, Reading],
) -> Reading | _Doubt:
    """What folders say that are named train, test, and so on."""
    starts: dict[tuple[str, ...], Split] = {}
    known: set[str] = set()
    spoken: set[str] = set()
    for name in [name for name, side in named.items() if side == "train"]:
        start, folder = _inside((*path, name), tree.folders[name], set())
        starts[start] = "train"
        known |= folder.labels()
        spoken |= set(folder.folders)
    listed = _listed(sorted(named, key=natural))
    if known and len(known) > 1 and all(says_nothing(each) for each in spoken):
        return _Doubt(
            f"The folders in {listed} are not named after classes: "
            f"{_listed(sorted(spoken, key=natural))}.",
            (*_ways_within(tree, path, named, spoken), as_classes),
        )
    if not known or (
        len(known) == 1 and all(says_nothing(each) or side_of(each) for each in spoken)
    ):
        return _Doubt(
            f"The folders {listed} are named like the sides of a split, not like classes, and "
            "there are no class folders in them.",
            (as_classes,),
        )
    agree = True
    for name in [name for name, side in named.items() if side != "train"]:
        start, folder = _inside((*path, name), tree.folders[name], known)
        starts[start] = named[name]
        agree = agree and folder.labels() <= known
    sides = Reading(tuple(("/".join(start), side) for start, side in starts.items()))
    others = {name: it for name, it in tree.folders.items() if name not in named}
    rivals = [
        name for name, it in others.items() if len(_inside((), it, set())[1].labels() & known) > 1
    ]
    if others and (rivals or not agree):
        named_others = _listed(sorted(others, key=natural))
        return _Doubt(
            f"The folders {listed} are named like the sides of a split, but beside them there "
            f"{'is' if len(others) == 1 else 'are'} {named_others}.",
            ((f"Read {listed} as sides, without {named_others}", sides), as_classes),
        )
    return sides


def _by_variant(
    here: Reading,
    names: dict[str, _Folder],
    inner: dict[str, tuple[tuple[str, ...], _Folder]],
    alike: list[str],
    as_classes: tuple[str, Reading],
) -> Reading | _Doubt:
    """What folders say that hold the same folders inside."""
    within = {label for name in alike for label in inner[name][1].folders}
    deeper = any(
        not says_nothing(below)
        for name in alike
        for it in inner[name][1].folders.values()
        for below in it.folders
    )
    sides = {side_of(label) for label in within}
    if len(alike) == len(names) and not deeper and len(sides) > 1 and None not in sides:
        return replace(here, sides_inside=True)  # cats/train, cats/test, dogs/train, …
    if all(says_nothing(label) for label in within):
        return here  # cats/batch 1, cats/batch 2, dogs/batch 1, …
    ways: list[tuple[str, Reading]] = []
    for name in alike:
        ways += _ways_inside(*inner[name])
    if not any(side_of(label) for label in within):
        starts = tuple(("/".join(inner[name][0]), None) for name in alike)
        ways.append(("All of them together", Reading(starts)))
        if len(alike) == len(names) == 2:
            ways += _as_sides(alike, inner)
    return _Doubt(
        f"The folders {_listed(alike)} hold the same folders inside, so they are probably "
        "variants or sources of the same classes.",
        (*ways, as_classes),
    )


def _ways_within(
    tree: _Folder, path: tuple[str, ...], named: dict[str, Split], kinds: Iterable[str]
) -> list[tuple[str, Reading]]:
    """How to read one kind of pictures alone: train/images/… and test/images/…, without masks."""
    ways = []
    for kind in sorted(kinds, key=natural):
        starts: list[tuple[str, Split | None]] = []
        for name, side in sorted(named.items(), key=lambda one: _ORDER.index(one[1])):
            start, folder = _inside((*path, name), tree.folders[name], set())
            if kind in folder.folders and folder.folders[kind].folders:
                starts.append(("/".join((*start, kind)), side))
            elif start[-1] == kind:  # the only kind on this side
                starts.append(("/".join(start), side))
        if starts:
            ways.append((f"Only what is in “{shortened(kind)}”", Reading(tuple(starts))))
    return ways


def _as_sides(
    alike: list[str], inner: dict[str, tuple[tuple[str, ...], _Folder]]
) -> list[tuple[str, Reading]]:
    """Two folders with the same classes as what to learn from and what to test with."""
    one, other = alike
    meant = {name: side_of(name) for name in alike}
    if meant[one] == meant[other] is not None:
        return []
    if meant[other] == "train" or meant[one] in ("validation", "test"):
        one, other = other, one
    elif not any(meant.values()):
        sizes = {name: inner[name][1].size() for name in alike}
        if sizes[one] == sizes[other]:
            return []
        one, other = sorted(alike, key=sizes.__getitem__, reverse=True)
    title = f"{_listed([one])} to learn from, {_listed([other])} to test with"
    learned, tested = "/".join(inner[one][0]), "/".join(inner[other][0])
    return [(title, Reading(((learned, "train"), (tested, meant[other] or "test"))))]


def _ways_inside(start: tuple[str, ...], folder: _Folder) -> list[tuple[str, Reading]]:
    """How to read one folder alone."""
    title = f"Only what is in {_joined(start)}"
    named = _sides(folder.folders)
    if not named:
        return [(title, _one(start))]
    found = _by_side(folder, start, named, ("", _one(start)))
    return [(title, found)] if isinstance(found, Reading) else []


def _outweighs(folder: _Folder, siblings: int, nested: int) -> bool:
    """Whether the only folder with folders inside rather holds the classes than is one of them."""
    return nested == 1 and (bool(_sides(folder.folders)) or len(folder.folders) > siblings)


def _sides(names: Iterable[str]) -> dict[str, Split]:
    """Folders that are named as the sides of one split; empty unless one is for training.

    They may share a word, as `seg_train` and `seg_test` do.
    """
    found = _splits(names)
    if len(found) != 1:
        return {}
    (named,) = found
    tests = [name for name, side in named.items() if side == "test"]
    if "validation" not in named.values() and not all(is_evaluation(name) for name in tests):
        named |= {name: "validation" for name in tests if is_evaluation(name)}
    return named


def _splits(names: Iterable[str]) -> list[dict[str, Split]]:
    """Folders that are the sides of one split each: their names are alike but for the side."""
    by_rest: dict[str, dict[str, Split]] = defaultdict(dict)
    for name in names:
        side, rest = side_and_rest(name)
        if side is not None:
            by_rest[rest][name] = side
    sides = [(named, set(named.values())) for named in by_rest.values()]
    return [named for named, met in sides if "train" in met and len(met) > 1]


def _sides_and_classes(names: Iterable[str]) -> list[str]:
    """Folders such as cats_train, cats_test, dogs_train and dogs_test; empty if there are none."""
    splits = _splits(names)
    if len(splits) < 2:
        return []
    return sorted((name for named in splits for name in named), key=natural)


def _named_patterns(names: Iterable[str]) -> list[tuple[str, Reading]]:
    """Patterns for folders such as cats_train, or train_cats, that say both class and side."""
    pieces = (re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names)
    words = {word for words in pieces for word in words if side_of(word)}
    if not words:
        return []
    side = f"(?P<side>{'|'.join(sorted(words))})"
    for folder in (rf"(?P<label>[^/]+?)[\W_]*{side}", rf"{side}[\W_]*(?P<label>[^/]+)"):
        if all(re.fullmatch(folder, name) for name in names):
            title = "The names of the folders say class and side"
            return [(title, Reading(pattern=f"(?:^|/){folder}/"))]
    return []


def _sided_folders(tree: _Folder) -> tuple[tuple[str, Split | None], ...]:
    """Where sides begin, for pictures whose classes come from elsewhere."""
    path: tuple[str, ...] = ()
    while len(tree.folders) == 1 and not tree.pictures:
        ((name, tree),) = tree.folders.items()
        path = (*path, name)
    found: list[tuple[str, Split | None]] = [
        ("/".join((*path, name)), side) for name, side in _sides(tree.folders).items()
    ]
    return tuple(found) or EVERYWHERE


def _with_the_same_inside(
    names: dict[str, _Folder], nested: dict[str, tuple[tuple[str, ...], _Folder]]
) -> list[str]:
    """Folders that share at least half of the folders inside with another, and hold no pictures."""
    labels = {name: it.labels() for name, (_, it) in nested.items() if not names[name].pictures}
    found = []
    for name, mine in labels.items():
        for other, theirs in labels.items():
            shared = len(mine & theirs)
            if name != other and shared > 1 and shared >= min(len(mine), len(theirs)) / 2:
                found.append(name)
                break
    return sorted(found, key=natural)


def _inside(
    path: tuple[str, ...], folder: _Folder, known: set[str]
) -> tuple[tuple[str, ...], _Folder]:
    """Walk through the outer folders within one folder, stopping at classes already known."""
    while (only := folder.only()) is not None and not folder.labels() <= known:
        path, folder = (*path, only[0]), only[1]
    return path, folder


def _pictures(source: Source) -> set[str]:
    """Names of files that are pictures: by their ending, else by their first bytes.

    Of each ending in each folder a few files are looked at, spread over all of them. If one is a
    picture, the rest may be.
    """
    found: set[str] = set()
    doubtful: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in source.members:
        if ends_as_image(member.name):
            found.add(member.name)
        else:
            folder, _, file = member.name.rpartition("/")
            doubtful[folder, file.rpartition(".")[2] if "." in file else ""].append(member)
    for members in doubtful.values():
        some = members[:: -(-len(members) // _SNIFFED)]  # the first ones may be notes
        heads = (source.head(member, _HEAD) for member in some)
        if any(images.begins_as_picture(head) for head in heads):
            found |= {member.name for member in members}
    return found


def _same_classes(one: Layout, other: Layout) -> bool:
    """Whether two readings divide the files that both know alike, by whatever names."""
    labels = {each.member.name: each.label for each in one.placed}
    pairs = {
        (labels[each.member.name], each.label)
        for each in other.placed
        if each.member.name in labels
    }
    return bool(pairs) and len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _way(reading: Reading) -> str:
    if reading.tables:
        column = reading.label_column
        what = "columns of 0 and 1" if column == ONE_HOT else f"column “{shortened(column)}”"
        return f"by the table “{shortened(reading.tables[0])}” ({what})"
    if reading.pattern:
        return "by path" if "/" in reading.pattern else "by file name"
    return "by folder"


def _alike(labels: Iterable[str]) -> list[str]:
    """Classes that have the same name but for capital letters."""
    spelled: dict[str, list[str]] = defaultdict(list)
    for label in sorted(labels):
        spelled[label.casefold()].append(label)
    return next((each for each in spelled.values() if len(each) > 1), [])


def _one(path: tuple[str, ...]) -> Reading:
    return Reading(folders=(("/".join(path), None),))


def _joined(path: tuple[str, ...]) -> str:
    return f"“{shortened('/'.join(path))}”"


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _start(parts: tuple[str, ...], starts: Collection[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Which of some folders a file lies in, the innermost."""
    found = (each for each in starts if parts[: len(each)] == each)
    return max(found, key=len, default=None)


def _listed(names: Iterable[str]) -> str:
    quoted = [f"“{shortened(name)}”" for name in names]
    if len(quoted) > _NAMED:
        quoted = [*quoted[: _NAMED - 1], f"{len(quoted) - _NAMED + 1} more"]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _is_table(name: str) -> bool:
    return name.lower().endswith(tables.ENDINGS)


def label_of(folder: str) -> str:
    """The class that a folder is named after.

    macOS writes é as e and an accent: composed, the same class has the same name everywhere. So it
    has with one space between words.
    """
    return " ".join(unicodedata.normalize("NFC", folder).split()) or folder


def stem_of(name: str) -> str:
    """A file's name without its folders and without an image's or a table's ending."""
    file = name.rpartition("/")[2]
    stem, dot, ending = file.rpartition(".")
    return stem if dot and (ending.lower() in _ENDINGS or _is_table(file)) else file


def looks_like_image(name: str) -> bool:
    """Whether a file is called as images are, or has no ending; what it is, only its bytes say."""
    return "." not in name.rsplit("/", 1)[-1] or ends_as_image(name)


def ends_as_image(name: str) -> bool:
    """Whether a file's name has the ending of an image's."""
    _, dot, ending = name.rsplit("/", 1)[-1].rpartition(".")
    return bool(dot) and ending.lower() in _ENDINGS
