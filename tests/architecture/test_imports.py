"""Imports point down, and the web process never carries the heavy libraries."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each room may import what is in a lower row, never a room beside it or above.
ROWS = [
    {"core.saying"},
    {
        *("core.errors", "core.shown", "core.spreadsheet"),
        *("core.installation", "core.in_place", "core.limited"),
    },
    {"core.config", "core.settings"},
    {"core.storage"},
    {"core.apart", "core.sharing"},
    {"core.intake", "core.backbones"},
    {"core.datasets"},
    {"core.network"},
    {"core.results", "core.doctor"},
    {"core.training", "core.exports", "core.projects"},
    {"core.advice"},
    {"core.jobs"},
    {"core.web"},
    {"core.cli", "pages.language"},
    {"core.__main__", "pages.routes", "pages.parts.shared"},
    {"pages.components", "pages.parts.why"},
    {"pages.parts.predict", "pages.parts.export"},
    {"pages.parts.train"},
    {"pages.parts.data"},
    {"pages.parts.evaluate", "pages.parts.runs"},
    {
        *("pages.start", "pages.data", "pages.train", "pages.evaluate", "pages.predict"),
        *("pages.export", "pages.runs"),
    },
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


def room(module: str) -> str | None:
    """The row's entry that a module belongs to; None for other people's modules."""
    parts = module.split(".")
    depth = 3 if parts[:2] == ["pages", "parts"] else 2
    if parts[0] not in ("core", "pages", "streamlit_app"):
        return None
    return ".".join(parts[:depth]) if len(parts) >= depth or parts[0] == "streamlit_app" else None


def test_imports_point_down() -> None:
    upward = []
    for module, path in EVERYTHING.items():
        own = room(module)
        if own is None:  # a package with nothing of its own
            assert not imports(path), module
            continue
        assert own in RANK, f"{own} has no place in the order of imports: add it to ROWS"
        others = {name: room(name) for name in imports(path)}
        upward += [
            f"{module} imports {name}"
            for name, other in others.items()
            if other not in (None, own) and RANK[other] >= RANK[own]
        ]
    assert not upward


def test_no_two_modules_need_each_other() -> None:
    wanted = {name: imports(path) & set(EVERYTHING) for name, path in EVERYTHING.items()}
    graphlib.TopologicalSorter(wanted).prepare()  # raises a CycleError that names them


def test_the_rule_sees_an_import_that_points_up(tmp_path: Path) -> None:
    upward = tmp_path / "upward.py"
    upward.write_text("def f():\n    from core.training import fit\n    import core.jobs.queue\n")
    found = imports(upward)
    assert found == {"core.training.fit", "core.jobs.queue"}
    assert {room(name) for name in found} == {"core.training", "core.jobs"}


def test_core_knows_no_screen() -> None:
    screen = {"streamlit", "plotly", "pages", "streamlit_app"}
    assert not [name for name, path in CORE.items() if tops(path) & screen]


def test_pages_leave_arithmetic_and_networks_to_core() -> None:
    assert not [name for name, path in PAGES.items() if tops(path) & HEAVY]


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def test_what_the_pages_import_is_light() -> None:
    wanted = {
        "core.jobs.queue",
        "core.backbones.catalogue.rows",
        "core.backbones.weights.weights",
        "core.storage.runs",
    }
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
