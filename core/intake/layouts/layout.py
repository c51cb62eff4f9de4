"""Which class and which side of the split each file belongs to, and how that is found out.

Folders, tables and the files' names may each say it. Where they allow more than one reading nothing
is guessed: `Unclear` asks which one is meant.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from core.errors import UserError
from core.intake.archives.archive import (
    ENDINGS,
    Member,
    Source,
    UnreadableMember,
)
from core.intake.archives.member_names import shortened
from core.intake.layouts import class_folders, foreign, name_patterns, tables
from core.intake.layouts.boxes import detection_format
from core.intake.layouts.class_folders import (
    NAMED,
    ORDER,
    Folder,
    label_of,
    quoted,
    sided_folders,
)
from core.intake.layouts.labelling import (
    ALONE,
    IN_FOLDER,
    ONE_HOT,
    Choice,
    Reading,
    Unclear,
)
from core.intake.layouts.side_names import Split as Split
from core.intake.layouts.side_names import says_nothing, side_of
from core.intake.pictures import images
from core.saying import Sentence, joined, later, say, several
from core.shown import natural

OUTSIDE = later("not in a class folder")
NO_IMAGE = later("not an image")
NESTED = later("an archive inside the archive, which is not opened")
UNLISTED = later("not listed in the table of labels")
UNMATCHED = later("its name does not fit the pattern for labels")
SEVERAL = later("listed with several classes")
ON_SEVERAL = later("listed on several sides of the split")
NO_FILE = later("listed in the table of labels, but there is no such file")
TWO_FILES = later("listed in the table of labels, but several files are called so")
NO_LABEL = later("listed in the table of labels without a class")
_WORKBOOK = later(
    "a workbook has to be saved as CSV first (in Excel: File, Save As, CSV) and put in its place"
)

_UNUSED = (OUTSIDE, UNLISTED, UNMATCHED, SEVERAL, ON_SEVERAL)  # of pictures

# A name with such an ending is believed to be a picture's where the tree is shaped. For other
# names a few first bytes of each folder are read. What a file is, its bytes say in the end.
_ENDINGS = {
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "gif", "bmp", "dib", "webp"),
    *("tif", "tiff", "heic", "heif", "hif", "avif", "avifs", "ico"),
    *("jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm"),
}
_SNIFFED = 8  # files of each ending in each folder
_HEAD = 32  # bytes
_MOST_TABLES = 30
_OF_ONE = (".txt", ".json")  # may say something of the one picture that is called so
_MOST_CHOICES = 8


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

    def told(self) -> Sentence:
        """The reading in a sentence or two, for people."""
        what, way = self.choice("").summary(), _way(self.reading)
        read = say("Read as {classes}, {way}.", classes=what, way=way)
        return joined([read, *self._warnings()])

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

    def _warnings(self) -> Iterator[Sentence]:
        if self.lost:
            yield several(
                "A whole folder of pictures is left out: {folders}.",
                "Whole folders of pictures are left out: {folders}.",
                len(self.lost),
                folders=_counted(self.lost),
            )
        if self.empty:
            yield several(
                "A folder without any picture is left out: {folders}.",
                "Folders without any picture are left out: {folders}.",
                len(self.empty),
                folders=_counted(self.empty),
            )
        yield from _not_used(self.unused)


def _unknown(label: str) -> Sentence:
    return say("its class “{label}” is not among those to learn", label=shortened(label))


def _counted(folders: tuple[tuple[str, int], ...]) -> list[str]:
    named = [f"“{shortened(name)}” ({count:,})" for name, count in folders[:NAMED]]
    more = len(folders) - NAMED
    return [*named, say("{count} more", count=more)] if more > 0 else named


def _not_used(tables_: Iterable[tuple[str, str]]) -> list[Sentence]:
    return [
        say("The table “{name}” is not used: {reason}.", name=shortened(name), reason=reason)
        for name, reason in list(tables_)[:NAMED]
    ]


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
    cause, problem = say("This is what comes out."), say("")
    choices: tuple[Choice, ...] = ()
    try:
        choices = (place(source).choice(later("Your pattern")),)
    except Unclear as unclear:
        cause, choices = unclear.cause, unclear.choices
    except UserError as error:
        problem = error.said
    source.reading = None
    try:
        choices += (place(source).choice(later("As it is")),)
    except Unclear as unclear:
        cause = unclear.cause if problem else cause
        choices += unclear.choices
    return Unclear(cause, choices, problem)


class _Reader:
    def __init__(self, source: Source, least: int, known: Collection[str], grouped: bool) -> None:
        self._source = source
        self._grouped = grouped
        self._least = least
        self._known = known
        self._pictures = _pictures(source)
        self._tree = Folder()
        for member in source.members:
            if member.name in self._pictures or not self._pictures:
                self._tree.add(member.name.split("/")[:-1])
        self._tables: dict[str, tables.Table] | None = None
        self._unused: dict[str, Sentence] = {}  # tables that list files, and why they do not help
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
            first = quoted(alike[:2])
            joined = self._read(replace(reading, join_cases=True)).choice(later("Join them"))
            wanted = replace(given or Reading(), join_cases=True)
            raise Unclear(
                say(
                    "The classes {names} have the same name except for capital letters, so they "
                    "are probably one class. Join them, or rename one of them.",
                    names=first,
                ),
                (replace(joined, reading=wanted),),
            )
        alone = found.classes[0] if len(found.classes) == 1 else None
        if alone and self._least > 1 and not self._known and not reading.one_class:
            self._ask_for_one(found, alone, given or Reading())
        return replace(found, unused=() if reading.tables else tuple(self._unused.items()))

    def _ask_for_one(self, found: Layout, alone: tuple[str, int, str], given: Reading) -> None:
        """Ask whether a single class is meant, where it may be: it can be told from anything else.

        Raises:
            Unclear: It may be.
        """
        label, pictures, _ = alone
        if pictures < ALONE or found.lost or says_nothing(label):
            return
        choice = found.choice(later("Learn this class alone, and tell it from anything else"))
        raise Unclear(
            say(
                "Expected a folder of pictures for each of at least 2 classes, as in daisy/1.jpg "
                "and rose/1.jpg, but only one was found, “{name}”.",
                name=shortened(label),
            ),
            (replace(choice, reading=replace(given, one_class=True)),),
        )

    # What the source says by itself

    def _of_another_program(self) -> Reading | None:
        """As the program that wrote the source means it, if that gives most pictures a class."""
        meant = foreign.reading(self._source, self._pictures)
        if meant is None:
            return None
        try:
            meant = self._completed(meant)
        except UserError:
            return None  # a table of that name with other columns
        return meant if 2 * len(self._read(meant).placed) >= len(self._pictures) else None

    def _proposed(self) -> Reading:
        of_another_program = self._of_another_program()
        if of_another_program:
            return of_another_program
        by_folder = class_folders.proposal(self._tree, least=self._least, grouped=self._grouped)
        disagreeing = self._by_tables(by_folder if isinstance(by_folder, Reading) else None)
        if isinstance(by_folder, Reading):
            if not disagreeing:
                return by_folder
            table = shortened(disagreeing[0][1].tables[0])
            cause = say("The folders say other classes than the table “{table}” does.", table=table)
            if _same_classes(self._read(by_folder), self._read(disagreeing[0][1])):
                cause = say(
                    "The folders do not say what the table “{table}” says: which pictures to learn "
                    "from.",
                    table=table,
                )
            choices = self._choices([*disagreeing, (later("By folder"), by_folder)])
            if all(each.reading == by_folder for each in choices):
                return by_folder
            raise Unclear(cause, choices)
        if not disagreeing:
            boxes = detection_format(self._source, self._pictures) or self._boxed
            if boxes:
                raise UserError(
                    "“{name}” holds labels for detection ({boxes}): boxes around things. Thaw "
                    "tells whole pictures apart, so cut the things out and put those of each class "
                    "in a folder named after it.",
                    name=self._source.name,
                    boxes=boxes,
                )
        for member in self._source.members:
            if member.name.lower().endswith(tables.WORKBOOKS):
                self._unused[member.name] = _WORKBOOK
        ways = [*disagreeing, *self._by_name(), *by_folder.readings]
        choices = self._choices(ways)
        if not choices and by_folder.otherwise and not self._unused:
            return by_folder.otherwise
        if not choices:
            raise UserError(
                joined(
                    [
                        by_folder.cause,
                        *_not_used(self._unused.items()),
                        say(
                            "Put the pictures of each class in a folder named after it, as in "
                            "cats/1.jpg and dogs/1.jpg, or add a table (CSV) with the file and the "
                            "class of each picture."
                        ),
                    ]
                )
            )
        raise Unclear(joined([by_folder.cause, *_not_used(self._unused.items())]), choices)

    def _choices(self, ways: Iterable[tuple[Sentence, Reading]]) -> tuple[Choice, ...]:
        """Readings that give enough classes, each result once."""
        found: list[Choice] = []
        for title, reading in ways:
            choice = self._read(reading).choice(title)
            known = any((one.classes, one.sides) == (choice.classes, choice.sides) for one in found)
            if len(choice.classes) >= self._least and not known:
                found.append(choice)
        return tuple(found[:_MOST_CHOICES])

    def _by_name(self) -> list[tuple[Sentence, Reading]]:
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
                found.append((say("By name: {way}", way=title), reading))
        return found

    def _by_tables(self, by_folder: Reading | None) -> list[tuple[Sentence, Reading]]:
        """What tables say, unless one says the same as the folders do."""
        found: list[tuple[Sentence, Reading]] = []
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
                self._boxed = say("a table of boxes")
                continue
            columns = tables.label_columns(table, file_column)
            hot = tables.one_hot(table, (file_column,))
            if not (hot or columns):
                self._unused[table.name] = say("no column of it divides its files into classes")
            if hot:
                columns = [ONE_HOT, *(each for each in columns if each not in hot)]
            names = tuple(each.name for each in alike)
            if by_folder and not columns:
                columns = [IN_FOLDER] if self._says_sides(names) else []
            for number, column in enumerate(columns[:6]):
                reading = Reading(
                    folders=by_folder.folders if by_folder and column == IN_FOLDER else (),
                    tables=names,
                    file_column=file_column,
                    label_column=column,
                    split_column=tables.split_column(table),
                )
                layout = self._read(reading)
                if len(layout.placed) < len(self._pictures) / 10:
                    twice = sum(reason == TWO_FILES for _, reason in layout.outside)
                    if twice >= len(table.rows) / 2 and not table.name.lower().endswith(".txt"):
                        self._unused[names[0]] = say("several files have the names that it lists")
                    if any(reason == ON_SEVERAL for _, reason in layout.outside):
                        self._unused[names[0]] = say("it and others list files on several sides")
                    continue
                if by_folder:
                    folders = self._read(by_folder)
                    listed = {each.member.name for each in layout.placed}
                    if listed.isdisjoint(each.member.name for each in folders.placed):
                        self._unused[names[0]] = say(
                            "it lists only files outside the class folders"
                        )
                        continue
                    if _same_classes(folders, layout) and (folders.said or not layout.said):
                        if any(tables.is_telling(before) for before in columns[:number]):
                            continue
                        return []
                named = shortened(names[0])
                if column == IN_FOLDER:
                    title = say("By folder, and divided by table: {table}", table=named)
                    self._unused.pop(table.name, None)
                elif column == ONE_HOT:
                    title = say("By table: {table}, columns of 0 and 1", table=named)
                else:
                    title = say("By table: {table}, column “{column}”", table=named, column=column)
                found.append((title, reading))
        return found

    def _says_sides(self, names: Collection[str]) -> bool:
        """Whether tables say which pictures are on which side, by a column or by their names."""
        table = self._all_tables()[next(iter(names))]
        return bool(tables.split_column(table) or any(tables.side_named(each) for each in names))

    def _all_tables(self) -> dict[str, tables.Table]:
        """All tables of the source that are not too large, by name."""
        if self._tables is None:
            self._tables = {}
            stems = {stem_of(name) for name in self._pictures}
            stems |= {name.rpartition("/")[2] for name in self._pictures}
            listed = [
                each
                for each in self._source.members
                if _is_table(each.name)
                and not (each.name.lower().endswith(_OF_ONE) and stem_of(each.name) in stems)
            ]
            listed.sort(
                key=lambda each: (
                    each.name.lower().endswith(_OF_ONE),
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
                    "Expected a folder of the pictures, but there is no “{path}” in “{name}”. Give "
                    "its path inside of that.",
                    path=shortened(path),
                    name=self._source.name,
                )
        if not (given.folders or given.tables or given.pattern):
            return replace(self._proposed(), join_cases=given.join_cases, one_class=given.one_class)
        if given.pattern:
            name_patterns.check(given.pattern)
            return given
        if not given.tables:
            return given
        read = {}
        members = {member.name: member for member in self._source.members}
        for name in given.tables:
            table = self._table(members[name]) if name in members else None
            if table is None and name.lower().endswith(tables.WORKBOOKS):
                raise UserError(
                    "“{name}” cannot be read: {workbook}.",
                    name=shortened(name),
                    workbook=_WORKBOOK,
                )
            if table is None:
                raise UserError(
                    "Expected a table (CSV or TSV) in “{name}” or elsewhere, but “{name2}” is "
                    "{what}.",
                    name=self._source.name,
                    name2=shortened(name or "."),
                    what="none" if name in members else "not there",
                )
            read[name] = table
        self._tables = self._all_tables() | read
        table = read[given.tables[0]]
        for option in ("file_column", "label_column", "split_column"):
            value = getattr(given, option)
            if value not in ("", ONE_HOT, IN_FOLDER) and any(
                value not in t.columns for t in read.values()
            ):
                raise UserError(
                    "Expected the name of a column for --{replace}, received “{value}”. There are: "
                    "{columns}.",
                    replace=option.replace("_", "-"),
                    value=shortened(value),
                    columns=quoted(table.columns),
                )
        files = given.file_column or tables.file_column(table, self._files)
        if files is None:
            raise UserError(
                "None of the files that “{name}” lists is there. Its columns are: {columns}.",
                name=shortened(table.name),
                columns=quoted(table.columns),
            )
        given = replace(
            given,
            file_column=files,
            split_column=given.split_column or tables.split_column(table),
        )
        if given.label_column == IN_FOLDER and not given.folders:
            return self._with_folders(given)
        if given.label_column:
            return given
        hot = [ONE_HOT] if tables.one_hot(table, (files,)) else []
        columns = hot or tables.label_columns(table, files)
        if not columns and self._says_sides(given.tables):
            return self._with_folders(replace(given, label_column=IN_FOLDER))
        if len(columns) == 1:
            return replace(given, label_column=columns[0])
        ways = [
            (say("Column “{column}”", column=each), replace(given, label_column=each))
            for each in columns
        ]
        choices = self._choices(ways)
        if not choices:
            raise UserError(
                "No column of “{name}” divides its files into classes. Its columns are: {columns}.",
                name=shortened(table.name),
                columns=quoted(table.columns),
            )
        raise Unclear(
            say("Several columns of “{name}” could be the class.", name=shortened(table.name)),
            choices,
        )

    def _with_folders(self, given: Reading) -> Reading:
        """A table that says only the sides, with what the folders say."""
        by_folder = class_folders.proposal(self._tree, least=self._least, grouped=self._grouped)
        if isinstance(by_folder, Reading):
            return replace(given, folders=by_folder.folders)
        raise Unclear(by_folder.cause, self._choices(by_folder.readings))

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
            if reading.sides_inside:
                side = side_of(inside[1]) if len(inside) > 2 else None
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
            if label and reading.named:
                number = int(label)
                label = reading.named[number] if number < len(reading.named) else ""
            label = label_of(label) if label else ""
            side = side_of(said) if said else side
            found[name] = (label, side) if tables.usable(label) else UNMATCHED
        return found

    def _starts(self, reading: Reading) -> dict[tuple[str, ...], Split | None]:
        """Where to look for pictures whose classes come from elsewhere, and on which side."""
        folders = reading.folders or sided_folders(self._tree)
        starts = {_parts(path): side for path, side in folders}
        return starts if reading.folders else {(): None} | starts

    def _by_table(
        self, reading: Reading
    ) -> tuple[dict[str, tuple[str, Split | None] | str], list[tuple[str, str]]]:
        starts = self._starts(reading)
        by_folder = self._by_folders(reading) if reading.label_column == IN_FOLDER else {}
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
                if by_folder:
                    in_folder = by_folder[files[0]]
                    label = "" if isinstance(in_folder, str) else in_folder[0]
                elif reading.label_column == ONE_HOT:
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
                if len(reading.tables) > 1 or by_folder:
                    side = side or tables.side_named(name)
                before, said = claims.get(files[0], (0, set()))
                if score > before:
                    claims[files[0]] = score, {(label, side)}
                elif score == before:
                    said.add((label, side))
        found: dict[str, tuple[str, Split | None] | str] = {}
        trained = any(side == "train" for _, said in claims.values() for _, side in said)
        for member in self._source.members:
            if member.name not in claims and by_folder and not trained:
                inside = by_folder[member.name]  # only the other sides are listed
                found[member.name] = inside if isinstance(inside, str) else (inside[0], "train")
                continue
            if member.name in claims:
                said = claims[member.name][1]
                labels = {label for label, _ in said}
                sides = {side for _, side in said if side}
                if len(labels) > 1 or len(sides) > 1:  # as where there is a list for each fold
                    found[member.name] = SEVERAL if len(labels) > 1 else ON_SEVERAL
                else:
                    found[member.name] = labels.pop(), next(iter(sides), None)
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
                    outside.append((member.name, _unknown(label)))
                    continue
            placed.append(Placed(member, label, side or ("train" if said else None)))
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
            tuple((side, by_side[side]) for side in ORDER if said and by_side[side]),
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

    def _at(self, path: tuple[str, ...]) -> Folder:
        folder = self._tree
        for name in path:
            folder = folder.folders.get(name, Folder())
        return folder

    def _why_outside(self, name: str) -> str:
        if name in self._pictures:
            return OUTSIDE
        if name.lower().endswith(tuple(f".{each}" for each in ENDINGS)):
            return NESTED
        return NO_IMAGE


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


def _way(reading: Reading) -> Sentence:
    if reading.tables:
        column = reading.label_column
        if column == IN_FOLDER:
            name = shortened(reading.tables[0])
            return say("by folder, and split by the table “{name}”", name=name)
        name = shortened(reading.tables[0])
        if column == ONE_HOT:
            return say("by the table “{name}” (columns of 0 and 1)", name=name)
        return say("by the table “{name}” (column “{column}”)", name=name, column=shortened(column))
    if reading.pattern:
        return say("by path" if "/" in reading.pattern else "by file name")
    return say("by folder")


def _alike(labels: Iterable[str]) -> list[str]:
    """Classes that have the same name but for capital letters."""
    spelled: dict[str, list[str]] = defaultdict(list)
    for label in sorted(labels):
        spelled[label.casefold()].append(label)
    return next((each for each in spelled.values() if len(each) > 1), [])


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _start(parts: tuple[str, ...], starts: Collection[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Which of some folders, of which there may be thousands, a file lies in, the innermost."""
    ends = range(len(parts) - 1, -1, -1)
    return next((parts[:end] for end in ends if parts[:end] in starts), None)


def _is_table(name: str) -> bool:
    return name.lower().endswith(tables.ENDINGS)


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
