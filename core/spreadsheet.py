"""Tables for spreadsheets (CSV), in which names that people typed stay text.

Excel, LibreOffice and Google Sheets run a cell that begins with “=”, “+”, “-” or “@” as a formula.
An apostrophe before it keeps it a text (OWASP, “CSV Injection”). Where commas are decimal points,
Excel ends a cell at a semicolon instead, so what follows one is kept from running too.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

# A sign that begins a formula: at the start, or behind what some spreadsheet ends a cell with.
# A tab or line break at the start may be skipped.
_FORMULA = re.compile("(^[\t\r\n]|(?:^|(?<=[;\t\r\n]))[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def write(file: TextIO, rows: Iterable[Iterable[object]]) -> None:
    """Write a table.

    Args:
        file: Opened with `newline=""`.
        rows: The cells of each row; a number stays a number, None is an empty cell.

    Raises:
        OSError: It cannot be written.
    """
    csv.writer(file).writerows(map(_cell, row) for row in rows)


def text(rows: Iterable[Iterable[object]]) -> str:
    """A table as a text; see `write`."""
    file = io.StringIO(newline="")
    write(file, rows)
    return file.getvalue()


def _cell(value: object) -> object:
    return _FORMULA.sub(r"'\1", value) if isinstance(value, str) else value
