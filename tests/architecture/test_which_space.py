"""Which space is used is said in one place for the pages and in one for the terminal."""

import ast

from tests.architecture.test_imports import EVERYTHING

# Nobody else may name the space `home`: it is an argument everywhere.
SAYS_SO = {"core.storage.home", "core.cli.space", "pages.parts.shared.state"}


def names_home(source: str) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "HOME" and owner(node) == "home")
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "core.storage.home"
            and "HOME" in {alias.name for alias in node.names}
        )
        or (isinstance(node, ast.Call) and called(node) == "Space" and is_fixed(node))
        for node in ast.walk(ast.parse(source))
    )


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_fixed(node: ast.Call) -> bool:
    return any(isinstance(each, ast.Constant) for each in node.args)


def owner(node: ast.Attribute) -> str:
    return node.value.id if isinstance(node.value, ast.Name) else ""


def test_the_space_is_an_argument() -> None:
    found = {
        module
        for module, path in EVERYTHING.items()
        if names_home(path.read_text(encoding="utf-8"))
    }
    assert found == SAYS_SO


def test_no_function_of_home_means_a_space_without_saying_which() -> None:
    tree = ast.parse(EVERYTHING["core.storage.home"].read_text(encoding="utf-8"))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    of_a_space = {"space", "datasets", "runs", "uploads", "weights", "published", "own_weights"}
    assert not of_a_space & functions.keys()
    naming = {
        name
        for name, each in functions.items()
        if any(isinstance(node, ast.Name) and node.id == "HOME" for node in ast.walk(each))
    }
    assert naming == {"space_of"}, "a terminal's run may lie anywhere"


def test_the_rule_sees_each_way_to_name_it() -> None:
    for line in (
        "home.HOME.runs()",
        "from core.storage.home import HOME",
        "from core.storage.home import HOME as SPACE",
        'home.Space("home")',
    ):
        assert names_home(line), line
    for line in ("home.spaces()", "config.HOME.value", "Space(name)"):
        assert not names_home(line), line
