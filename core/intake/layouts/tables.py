"""Tables of labels: a CSV, TSV or JSON that says which class or side each file belongs to."""

import csv
import io
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from core.intake.layouts.side_names import Split, side_and_rest, side_of

ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".txt", ".json", ".labels")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
MOST_BYTES = 32 << 20
_MOST_JSON = 8 << 20  # bytes, of which Python makes twenty times as many
_JSON = (".json", ".labels")
_MOST_ROWS = 200_000
_MOST_COLUMNS = 2000
_MOST_CELLS = 10_000_000
_LONGEST_CELL = 1000  # letters
_LONGEST_LABEL = 255
_DELIMITERS = ",;\t|"
_TRIED = 200  # rows that are looked at to find out what is in which column
_TELLING = {
    *("label", "labels", "class", "classes", "category", "target", "y"),
    *("species", "breed", "diagnosis", "dx"),
}
_NAMING = {"file", "filename", "filepath", "image", "img", "picture", "photo", "path", "name", "id"}
_BOX = re.compile(
    r"(bbox|box|roi|left|top|right|bottom)?(width|height|[xy]?(min|max|[0-9])|[xywh])?"
)
_CORNER = re.compile(r"(bbox|box|roi)?x(min|1)|xmin|bbox")
_TRUE, _FALSE = ("1", "1.0", "true"), ("0", "0.0", "-1", "-1.0", "false")
_SHORT_SIDES: dict[str, Split] = {
    "tr": "train",
    "va": "validation",
    "vl": "validation",
    "te": "test",
    "publictest": "validation",  # as competitions call them
    "privatetest": "test",
}


@dataclass(frozen=True)
class Table:
    """A table's cells.

    Attributes:
        name: Its path in the source.
        columns: Headers, or “column 1”, “column 2” and so on.
        rows: All as long as `columns`.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def cells(self, column: str) -> list[str]:
        """One column."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


class Files:
    """The files of a source, to be found by what a table calls them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_number: dict[str, list[str]] = defaultdict(list)
        self._full: set[str] = set()
        # Thousands of files may have the same name, and as many cells may ask for each of them.
        self._by_folder: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._chosen: dict[tuple[tuple[str, ...], str, Split | None], list[str]] = {}
        for name in names:
            last = _plain(name.rpartition("/")[2])
            self._full.add(last)
            self._by_name[last].append(name)
            stem, dot, _ = last.rpartition(".")
            if dot and stem:
                self._by_name[stem].append(name)
            self._by_number[_number(stem or last)].append(name)

    def find(self, cell: str, table: str) -> tuple[list[str], int]:
        """The files that a cell may mean: those whose paths end most like it.

        Args:
            cell: A path as some other computer wrote it, with or without ending.
            table: The table's path: files below its folder come first, and those in a folder of
                the side that it is named after.

        Returns:
            The files, one if all is well, and how many parts of their paths agree.
        """
        if "://" in cell:  # an address on the web
            cell = re.split("[?#]", cell)[0]
        parts = [_plain(part) for part in cell.replace("\\", "/").split("/")]
        parts = [part for part in parts if part not in ("", ".", "..")]
        found = self._by_name.get(parts[-1], []) if parts else []
        if parts and not found:  # spreadsheets write 0007 as 7 or 7.0
            number = _number(parts[-1])
            found = self._by_number.get(number, []) if number else []
        depth = 1
        while len(found) > 1 and depth < len(parts):
            narrowed = self._in_folders(tuple(parts[-depth:]), found).get(parts[-depth - 1])
            if narrowed is None:
                break
            found, depth = narrowed, depth + 1
        if len(found) == 1:
            return found, _agreeing(parts, found[0])
        return self._nearest(tuple(parts[-depth:]), found, table), depth

    def _in_folders(self, end: tuple[str, ...], found: list[str]) -> dict[str, list[str]]:
        """Files whose paths have the same end, by the folder above it."""
        if end not in self._by_folder:
            folders: dict[str, list[str]] = defaultdict(list)
            for name in found:
                above = name.split("/")[: -len(end)]
                if above:
                    folders[_plain(above[-1])].append(name)
            self._by_folder[end] = dict(folders)
        return self._by_folder[end]

    def _nearest(self, end: tuple[str, ...], found: list[str], table: str) -> list[str]:
        """Of several files, those near a table, on the side it is named after, or named in full."""
        folder, side = table.rpartition("/")[0], side_named(table)
        if (end, folder, side) not in self._chosen:
            ways: tuple[Callable[[str], bool], ...] = (
                lambda name: bool(folder) and name.startswith(f"{folder}/"),
                lambda name: side in map(side_of, name.split("/")[:-1]) if side else False,
                lambda name: _plain(name.rpartition("/")[2]) == end[-1],
            )
            for fits in ways:
                found = [name for name in found if fits(name)] or found
            self._chosen[end, folder, side] = found
        return self._chosen[end, folder, side]

    def is_full_name(self, cell: str) -> bool:
        """Whether a cell ends with a file's whole name rather than with a part of it."""
        return _plain(cell.replace("\\", "/").rpartition("/")[2]) in self._full


def _number(stem: str) -> str:
    """A file's number without zeros before it and after its point; empty if it has none."""
    found = re.fullmatch(r"0*([0-9]+)(\.0+)?", stem)
    return found[1] if found else ""


def _agreeing(parts: list[str], name: str) -> int:
    ours = [_plain(part) for part in name.split("/")][:-1]
    count = 1
    for mine, theirs in zip(reversed(ours), reversed(parts[:-1]), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def parse(name: str, data: bytes, files: Files) -> Table | None:
    """Read a table; None if the bytes are none, or none with several columns.

    Delimiter, encoding and whether the first row holds headers are found out. A file that ends in
    .jsonl holds an object in each line, as Hugging Face's metadata.jsonl does. A file named after a
    side may be a list of files, one a line.

    Args:
        name: Its path in the source.
        data: The whole file.
        files: A first row that names one of these is no header.
    """
    text = _decoded(data)
    if text is None:
        return None
    if name.lower().endswith(".jsonl"):
        rows = _objects(islice(_lines(text), _MOST_ROWS))
    elif name.lower().endswith(_JSON):
        rows = _json(text, lambda cell: bool(files.find(cell, name)[0]))
    elif side_named(name) and (listed := _list(text, name, files)):
        rows = listed
    else:
        text = _without_remarks(text)
        widths = {each: _regular(_split(text, each, 20)) for each in _DELIMITERS}
        delimiter = max(widths, key=widths.__getitem__)
        if not widths[delimiter] and name.lower().endswith(".txt"):
            delimiter = " "
            widths[delimiter] = _regular(_split(text, delimiter, 20))
        if widths[delimiter]:
            rows = _split(text, delimiter, _MOST_ROWS)
        elif name.lower().endswith(".txt"):  # a file, a space, and all else is its class
            rows = [line.split(maxsplit=1) for line in text.split("\n")[:_MOST_ROWS]]
            rows = [row for row in rows if len(row) == 2]
        else:
            rows = []
    if not rows:
        return None
    width = len(rows[0])
    if width > _MOST_COLUMNS or len(rows) < 2 or width * len(rows) > _MOST_CELLS:
        return None
    headed = not any(files.find(cell, name)[0] for cell in rows[0])
    columns = [cell.strip() for cell in rows[0]] if headed else [""] * width
    seen: Counter[str] = Counter()
    for place, column in enumerate(columns):
        seen[column] += 1
        if not column or seen[column] > 1:
            columns[place] = f"column {place + 1}"
    body = rows[1:] if headed else rows
    even = [tuple(cell.strip() for cell in (*row, *[""] * width)[:width]) for row in body]
    return _with_folders(Table(name, tuple(columns), tuple(even)), files)


def _with_folders(table: Table, files: Files) -> Table:
    """The table with a column of paths, where one names folders and another the files in them."""
    column = file_column(table, files)
    if column is None:
        return table
    place = table.columns.index(column)
    some = table.rows[:: max(1, len(table.rows) // _TRIED)]

    def found(paths: Iterable[str]) -> int:
        return sum(len(files.find(path, table.name)[0]) == 1 for path in paths)

    if found(row[place] for row in some) >= len(some) / 2:
        return table
    hits = [found(f"{row[other]}/{row[place]}" for row in some) for other in range(len(some[0]))]
    if max(hits) < len(some) / 2:
        return table
    other = hits.index(max(hits))
    return Table(
        table.name,
        (f"{table.columns[other]}/{column}", *table.columns),
        tuple((f"{row[other]}/{row[place]}", *row) for row in table.rows),
    )


def side_named(name: str) -> Split | None:
    """The side that a table is named after, as test_list.txt."""
    side, rest = side_and_rest(name.rpartition("/")[2].rpartition(".")[0])
    return None if rest else side


def _list(text: str, name: str, files: Files) -> list[list[str]]:
    """The lines of a list of files; empty if it is none."""
    lines = [line.strip() for line in text.split("\n")[:_MOST_ROWS]]
    lines = [line[:_LONGEST_CELL] for line in lines if line]
    some = lines[:: max(1, len(lines) // _TRIED)]
    found = sum(bool(files.find(line, name)[0]) for line in some)
    return [[line] for line in lines] if some and found >= len(some) / 2 else []


def _without_remarks(text: str) -> str:
    """A table's text without what some programs write above the headers."""
    return re.sub(r"\A(?:[ \t]*(?:#[^\r\n]*|sep=.)?\r?\n)+", "", text)


def _lines(text: str) -> Iterator[object]:
    """What each line of a file holds as JSON, one at a time; None for a line that holds none."""
    for found in re.finditer(r"[^\n]+", text):  # U+2028 may stand inside of a text
        line = found[0].strip()
        if not line:
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        yield value


def _json(text: str, is_file: Callable[[str], bool]) -> list[list[str]]:
    """Rows of a JSON file, the headers first; empty if it holds no labels in a simple form.

    These are a list of objects, which may be one field of an object around it; an object with the
    label of each file, or with what is known of each file; and one with the files of each label.
    """
    try:
        value = json.loads(text) if len(text) <= _MOST_JSON else None
    except (ValueError, RecursionError):
        return []
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list) and each]
        if len(lists) == 1 and isinstance(lists[0][0], dict):
            value = lists[0]
    if isinstance(value, list):
        return _objects(value[:_MOST_ROWS])
    if not isinstance(value, dict):
        return []
    rows: list[object] = []
    if any(is_file(key) for key in list(value)[:_TRIED]):
        for file, said in value.items():
            label = said[0] if isinstance(said, list) and len(said) == 1 else said
            rows.append({"file": file} | (label if isinstance(label, dict) else {"label": label}))
    else:
        for label, paths in value.items():
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                return []
            rows += [{"file": path, "label": label} for path in paths]
    return _objects(rows[:_MOST_ROWS])


def _objects(values: Iterable[object]) -> list[list[str]]:
    """Rows of some objects, the headers first; empty if one is none.

    What lies inside an object inside has both their names: “labels.breed”.
    """
    objects: list[dict[str, str]] = []
    for value in values:
        if not isinstance(value, dict):
            return []
        cells: dict[str, str] = {}
        for key, inner in value.items():
            deeper = inner.items() if isinstance(inner, dict) else ()
            cells |= {f"{key}.{below}": _cell(each) for below, each in deeper}
            if not isinstance(inner, dict):
                cells[key] = _cell(inner)
        objects.append(cells)
    columns = list(dict.fromkeys(key for each in objects[:_TRIED] for key in each))
    if len(columns) * len(objects) > _MOST_CELLS:
        return []
    return [columns, *([each.get(key, "") for key in columns] for each in objects)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:_LONGEST_CELL]


def _decoded(data: bytes) -> str | None:
    if len(data) > MOST_BYTES:
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[1:2] == b"\0" or data[:1] == b"\0":  # UTF-16 that does not say so
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _split(text: str, delimiter: str, most: int) -> list[list[str]]:
    """The first rows that are not empty, cells cut to a bound."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(row):
                rows.append([cell[:_LONGEST_CELL] for cell in row])
            if len(rows) == most:
                break
    except csv.Error:
        return []
    return rows


def _regular(rows: list[list[str]]) -> int:
    """How many columns nearly all rows have; 0 if they differ or there is only one."""
    if not rows:
        return 0
    width, times = Counter(len(row) for row in rows).most_common(1)[0]
    return width if width > 1 and len(rows[0]) == width and times >= 0.8 * len(rows) else 0


def file_column(table: Table, files: Files) -> str | None:
    """The column that names files; None if none does."""
    step = max(1, len(table.rows) // _TRIED)
    some = table.rows[::step]
    scores = []
    for place, column in enumerate(table.columns):
        found: set[tuple[str, int]] = set()  # a row's number or a class may be a file's name too
        hits = full = 0
        for row in some:
            named = files.find(row[place], table.name)[0] if row[place] else []
            hits += bool(named)
            full += bool(named) and files.is_full_name(row[place])
            if named:
                found.add((named[0], len(named)))
        telling = any(word in _NAMING for word in _words(column))
        scores.append((full + len(found), telling, -place, hits, column))
    _, _, _, hits, best = max(scores)
    return best if hits >= max(1, len(some) // 10) else None


def label_columns(table: Table, besides: str) -> list[str]:
    """Columns that may hold classes, the likeliest first.

    They hold at least 2 different values, each about twice or more often.
    """
    found: list[tuple[bool, int, str]] = []
    boxes = _has_boxes(table)
    for column in table.columns:
        if column == besides or _are_sides(column, table.cells(column)):
            continue
        if boxes and _BOX.fullmatch("".join(_words(column))):
            continue
        cells = [cell for cell in table.cells(column) if cell]
        different = len(set(cells))
        if 2 <= different <= max(2, len(cells) // 2) and max(map(len, cells)) <= _LONGEST_LABEL:
            found.append((not is_telling(column), different, column))
    return [column for _, _, column in sorted(found, key=lambda one: one[:2])]


def is_telling(column: str) -> bool:
    """Whether a column is called as one of classes is: label, species, …"""
    return any(word in _TELLING for word in _words(column))


def _words(column: str) -> list[str]:
    return re.findall(r"[^\W_]+", column.casefold())


def _has_boxes(table: Table) -> bool:
    return any(
        _CORNER.fullmatch("".join(_words(column))) or "bbox" in _words(column)
        for column in table.columns
    )


def lists_boxes(table: Table, files: str) -> bool:
    """Whether a table holds the boxes around several things in a picture.

    Args:
        table: The table.
        files: The column that names files.
    """
    if not _has_boxes(table):
        return False
    rows = Counter(table.cells(files))
    nested = any(cell.startswith("[[") for row in table.rows[:_TRIED] for cell in row)
    return nested or sum(count > 1 for count in rows.values()) >= 0.1 * len(rows)


def split_column(table: Table) -> str:
    """The column that says train, test and so on; "" if none does."""
    return next((each for each in table.columns if _are_sides(each, table.cells(each))), "")


def side(column: str, cell: str) -> Split | None:
    """The side that a cell of a split column means, as test, or as 1 below `is_test`."""
    value = cell.casefold()
    if value in (*_TRUE, *_FALSE):
        meant = _side_asked(column)
        if meant is None or value in _TRUE:
            return meant
        return "test" if meant == "train" else "train"
    return _SHORT_SIDES.get(value) or side_of(cell)


def _side_asked(column: str) -> Split | None:
    """The side that a column such as `is_valid` or `is_train` asks about."""
    words = _words(column)
    return side_of(words[1]) if len(words) == 2 and words[0] in ("is", "in") else None


def _are_sides(column: str, cells: Sequence[str]) -> bool:
    values = {cell for cell in cells if cell}
    if not 2 <= len(values) <= 6:
        return False
    sides = {side(column, value) for value in values}
    return None not in sides and "train" in sides and len(sides) > 1


def one_hot(table: Table, besides: Collection[str]) -> list[str]:
    """Columns of 0 and 1, one for each class, if in most rows exactly one is 1."""
    columns = [
        column
        for column in table.columns
        if column not in besides and _is_binary(table.cells(column))
    ]
    if len(columns) < 2 or not table.rows:
        return []
    places = [table.columns.index(column) for column in columns]
    single = sum(sum(_one(row[place]) for place in places) == 1 for row in table.rows)
    return columns if single >= 0.5 * len(table.rows) else []


def hot(table: Table, row: Sequence[str], columns: Sequence[str]) -> str | None:
    """The class of a row of such columns; None unless it is exactly one."""
    ones = [column for column in columns if _one(row[table.columns.index(column)])]
    return ones[0] if len(ones) == 1 else None


def _is_binary(cells: Sequence[str]) -> bool:
    return bool(cells) and {cell.casefold() for cell in cells} <= {*_TRUE, *_FALSE}


def _one(cell: str) -> bool:
    return cell.casefold() in _TRUE


def usable(label: str) -> bool:
    """Whether a cell may be a class's name."""
    return 0 < len(label) <= _LONGEST_LABEL and label.isprintable()
