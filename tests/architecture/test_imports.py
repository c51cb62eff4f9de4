"""Imports point down, and the web process never carries the heavy libraries."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each part may import itself and what stands in a lower row, never a part beside it or above.
ROWS = [
    {
        "core.apart",
        *("core.home", "core.errors", "core.events", "core.progress", "core.runs"),
        *("core.settings", "core.config", "core.shown", "core.installation", "core.own_names"),
    },
    {"core.data", "core.backbones"},
    {"core.network"},
    {"core.results"},
    {"core.training"},
    {"core.jobs"},
    {"core.terminal", "core.arguments", "pages"},
    {"core.catalogue_command"},
    {"core.__main__"},
    {"streamlit_app"},
]
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row}
HEAVY = {"tensorflow", "keras", "openvino"}


def modules(folder: str) -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


CORE = modules("core")
PAGES = modules("pages")
EVERYTHING = CORE | PAGES | {"streamlit_app": ROOT / "streamlit_app.py"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it; `from a import b` may mean module a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = names & set(EVERYTHING)
            found |= submodules
            if len(submodules) < len(names):
                found.add(node.module)
    return found


def part(module: str) -> str | None:
    """The row's entry that a module belongs to; None for other people's modules."""
    top, _, rest = module.partition(".")
    if top == "core":
        return f"core.{rest.partition('.')[0]}" if rest else None
    return top if top in ("pages", "streamlit_app") else None


@pytest.mark.parametrize("module", EVERYTHING)
def test_imports_point_down(module: str) -> None:
    own = part(module)
    if own is None:
        pytest.skip("an empty package")
    assert own in RANK, f"{own} has no place in the order of imports: add it to ROWS"
    for imported in imports(EVERYTHING[module]):
        other = part(imported)
        if other is None or other == own:
            continue
        both_at_the_bottom = RANK[own] == RANK[other] == 0
        assert RANK[other] < RANK[own] or both_at_the_bottom, f"{module} imports {imported}"


def test_the_rule_sees_an_import_that_points_up(tmp_path: Path) -> None:
    upward = tmp_path / "upward.py"
    upward.write_text("def f():\n    from core.training import fit\n    import core.jobs.queue\n")
    found = imports(upward)
    assert found == {"core.training.fit", "core.jobs.queue"}
    assert {part(name) for name in found} == {"core.training", "core.jobs"}


@pytest.mark.parametrize("module", CORE)
def test_core_knows_no_screen(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(CORE[module])}
    assert not tops & {"streamlit", "plotly", "pages", "streamlit_app"}


@pytest.mark.parametrize("module", PAGES)
def test_pages_leave_arithmetic_and_networks_to_core(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(PAGES[module])}
    assert not tops & HEAVY


def test_what_the_pages_import_is_light() -> None:
    wanted = {"core.jobs.queue", "core.backbones.catalog", "core.backbones.weights", "core.runs"}
    for path in (*PAGES.values(), ROOT / "streamlit_app.py"):
        wanted |= {name for name in imports(path) if name in CORE}
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(wanted)!r}: importlib.import_module(name)\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
