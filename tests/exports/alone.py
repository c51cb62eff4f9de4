"""A Python that has what a `requirements.txt` names, and nothing else of what is installed here."""

import os
import subprocess
import venv
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def environment(folder: Path, requirements: Path) -> Path:
    """Make one, without asking a registry: packages are linked, with all that they require.

    Args:
        folder: Where.
        requirements: Names exact versions, which have to be those that are installed here.

    Returns:
        Its interpreter.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    wanted = [Requirement(line) for line in requirements.read_text().splitlines()]
    for requirement in wanted:
        assert requirement.specifier.contains(metadata.version(requirement.name))
    waiting, linked = [each.name for each in wanted], set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in linked:
            continue
        linked.add(name)
        found = metadata.distribution(name)
        _link(found, site)
        needs = [Requirement(each) for each in found.requires or ()]
        waiting += [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
    return folder / "bin" / "python"


def _link(found: metadata.Distribution, site: Path) -> None:
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "bin")}
    for top in tops - {"__pycache__"}:
        there, here = Path(str(found.locate_file(top))), site / top
        if here.is_symlink() and there.is_dir() and here.resolve() != there.resolve():
            raise AssertionError(f"two packages share {top}")
        if not here.exists():
            here.symlink_to(there)


def called(python: Path, folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """A script of an export, by a Python that cannot find Thaw."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUTF8": "1"}
    return subprocess.run(  # noqa: S603
        [python, *command], cwd=folder, env=surroundings, capture_output=True, text=True
    )
