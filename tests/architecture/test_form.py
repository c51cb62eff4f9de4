"""Every module says what it is."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("core", "pages")
    for path in (ROOT / folder).rglob("*.py")
    if path.read_text(encoding="utf-8").strip()
)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def test_every_module_says_what_it_is() -> None:
    texts = {path: ast.get_docstring(tree(path)) or "" for path in FILES}
    assert not [path for path, text in texts.items() if not text]
    assert not [path for path, text in texts.items() if len(text.splitlines()[0]) > 100]


def test_what_others_call_is_documented() -> None:
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    silent = [
        f"{path}: {node.name}"
        for path in FILES
        if path.parts[0] == "core"
        for node in tree(path).body
        if isinstance(node, definitions)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not is_its_own_description(node)
    ]
    assert not silent


def is_its_own_description(node: ast.stmt) -> bool:
    """A function of a single short `return`, as `home.runs` is."""
    return (
        isinstance(node, ast.FunctionDef)
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Return)
        and node.end_lineno == node.body[0].lineno == node.lineno + 1
    )


def test_there_is_no_drawer_for_everything() -> None:
    assert not [p for p in FILES if p.stem in ("utils", "util", "helpers", "common", "misc")]


def test_a_room_holds_a_dozen_files_at_most() -> None:
    rooms = {path.parent for path in FILES}
    crowded = {
        str(room): sum(path.parent == room and path.stem != "__init__" for path in FILES)
        for room in rooms
    }
    assert not {room: count for room, count in crowded.items() if count > 12}


def test_core_says_what_to_do_in_words_that_hold_in_a_terminal_too() -> None:
    of_a_screen = re.compile(r"\b(press|click|tap|button|Open Runs|on Runs)\b", re.IGNORECASE)
    said = [
        f"{path}: {node.value}"
        for path in FILES
        if path.parts[0] == "core" and "web" not in path.parts
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "\n" not in node.value  # docstrings of more than a line
        and of_a_screen.search(node.value)
    ]
    assert not said
