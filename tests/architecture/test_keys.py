"""Keys of widgets are fixed words, or made by `state.key`: no name that a person typed gets in.

A key becomes an id in the browser and a CSS class, and two equal ones break the page.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKER = "state"
FILES = sorted(
    path
    for path in [ROOT / "streamlit_app.py", *(ROOT / "pages").rglob("*.py")]
    if path.stem != MAKER
)
FIXED = re.compile(r"[a-z]+(-[a-z]+)*")
# Where a key is passed by place: which argument of which function.
BY_PLACE = {"paged": 1, "turn": 0, "renew": 0, "key": 0}
MADE = {"key", "turn", "control"}


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def keys(tree: ast.AST) -> list[ast.expr]:
    """All that is used as a key, and all that is assigned to a name that is."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [each.value for each in node.keywords if each.arg == "key"]
            place = BY_PLACE.get(name_of(node))
            if place is not None and len(node.args) > place:
                found.append(node.args[place])
    names = {each.id for each in found if isinstance(each, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = {each.id for each in node.targets if isinstance(each, ast.Name)}
            if targets & names:
                found.append(node.value)
    return found


def is_safe(key: ast.expr) -> bool:
    match key:
        case ast.Constant(value=str(text)):
            return FIXED.fullmatch(text) is not None
        case ast.Call():
            return name_of(key) in MADE
        case ast.Name() | ast.Attribute() | ast.Lambda():  # of `sorted`, `min` and the like
            return True
    return False


def test_keys_are_fixed_words_or_made() -> None:
    unsafe = [
        f"{path.relative_to(ROOT)}: {ast.unparse(key)}"
        for path in FILES
        for key in keys(ast.parse(path.read_text(encoding="utf-8")))
        if not is_safe(key)
    ]
    assert not unsafe, "make it with state.key(widget, name)"


def test_fixed_keys_differ_from_what_a_visit_remembers() -> None:
    maker = ast.parse(
        (ROOT / "pages" / "parts" / "shared" / f"{MAKER}.py").read_text(encoding="utf-8")
    )
    remembered = {
        node.value.value
        for node in maker.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    fixed = {
        key.value
        for path in FILES
        for key in keys(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(key, ast.Constant)
    }
    assert remembered
    assert sorted(remembered & fixed) == []


@pytest.mark.parametrize("text", ['f"rename-{label}"', '"rename-" + label', '"rename-0"', "str(n)"])
def test_a_key_made_of_a_name_is_found(text: str) -> None:
    tree = ast.parse(f"key = {text}\nst.button('Rename', key=key)")
    assert not all(is_safe(key) for key in keys(tree))
