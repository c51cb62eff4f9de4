"""Tables for spreadsheets: what people typed is text there."""

import ast
import csv
import io
import re

import pytest

from core import spreadsheet
from tests.architecture.test_imports import EVERYTHING

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


def cells_of(written: str, delimiter: str) -> list[str]:
    """The cells as a spreadsheet finds them that ends cells with this."""
    return [
        cell
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
        for cell in row
    ]


@pytest.mark.parametrize(
    "before", ["", "\t", "\r", "\n", "cat;", "cat,", 'cat";', 'cat","', "cat\n", "cat;\t"]
)
@pytest.mark.parametrize("sign", SIGNS)
def test_no_cell_begins_a_formula(before: str, sign: str) -> None:
    name = f"{before}{sign}HYPERLINK(1)"
    for written in (
        spreadsheet.text([[name]]),
        spreadsheet.text([["a", name, 0.5]]),
        spreadsheet.text([[name], [name, name]]),
    ):
        for delimiter in ",;\t":
            cells = cells_of(written, delimiter)
            begun = [cell.lstrip('"\t\r\n') for cell in cells]
            assert not [cell for cell in begun if cell.startswith(tuple(SIGNS))]


def test_what_begins_none_stays_as_it_is() -> None:
    row = ["cat", "two\nlines", 'a "quoted" one', "a-b=c@d+e", "", None, -0.5, -3, 1e-7, True]
    (found,) = csv.reader(io.StringIO(spreadsheet.text([row]), newline=""))
    assert found == [*row[:5], "", "-0.5", "-3", "1e-07", "True"]


def test_every_table_is_written_here() -> None:
    writes = re.compile(r"csv\.(writer|DictWriter)\b|to_csv\b")
    others = [
        name
        for name, path in EVERYTHING.items()
        if name != "core.spreadsheet" and writes.search(ast.unparse(ast.parse(path.read_text())))
    ]
    assert not others
