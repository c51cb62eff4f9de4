"""`make run` with a Python that is not suitable, and after an install that did not come to its end.

The Makefile is real; the interpreter it is given stands in for what a person's machine may have.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONG_AGO = 1e9  # seconds since 1970
Make = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")

# What `make test` hands down to the makes it starts would make them say more.
ALONE = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAG"))
}
ANOTHER_VERSION = """#!/bin/sh
exec "{python}" -c "import sys; sys.version_info = ({version}, 0)
$2"
"""
# An environment whose pip fails at first, as when the disk is full or the connection breaks.
BREAKS_OFF = """#!/bin/sh
[ "$1" = -m ] || exec "{python}" "$@"
echo "$@" >>asked
mkdir -p .venv/bin
printf '#!/bin/sh\\n[ "$1" = -c ] || [ -e connected ]\\n' >.venv/bin/python
chmod +x .venv/bin/python
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Runs make in a copy of what an install begins with."""
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "install_venv.sh", tmp_path / "tests")
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)

    def run(target: str, interpreter: str, **facts: str) -> subprocess.CompletedProcess[str]:
        python = tmp_path / "a-python"
        python.write_text(interpreter.format(python=sys.executable, **facts))
        python.chmod(0o755)
        return subprocess.run(  # noqa: S603
            ["make", target, f"PYTHON={python}"],  # noqa: S607
            cwd=tmp_path,
            env=ALONE,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize("version", ["3, 14", "3, 10", "4, 0", "2, 7"])
def test_another_python_gets_one_sentence_and_no_environment(
    make: Make, tmp_path: Path, version: str
) -> None:
    done = make("run", ANOTHER_VERSION, version=version)
    assert done.returncode != 0
    sentence, ending = done.stderr.strip().splitlines()
    assert "Thaw needs Python 3.11, 3.12 or 3.13" in sentence
    assert version.replace(", ", ".") in sentence
    assert ending.startswith("make:")
    assert done.stdout == ""
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("version", ["3, 11", "3, 12", "3, 13"])
def test_the_versions_that_readme_promises_are_taken(make: Make, version: str) -> None:
    assert "Thaw needs" not in make("run", ANOTHER_VERSION, version=version).stderr


def test_no_python_gets_one_sentence(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    done = subprocess.run(
        ["make", "run", "PYTHON=python3.99"],  # noqa: S607
        cwd=tmp_path,
        env=ALONE,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "There is no python3.99 here" in done.stderr.splitlines()[0]


def test_an_install_that_broke_off_is_begun_anew(make: Make, tmp_path: Path) -> None:
    done = make(".venv/.app", BREAKS_OFF)
    assert done.returncode != 0
    assert not (tmp_path / ".venv" / ".app").exists()
    (tmp_path / "connected").touch()
    assert make(".venv/.app", BREAKS_OFF).returncode == 0
    assert (tmp_path / ".venv" / ".app").exists()
    assert (tmp_path / "asked").read_text() == "-m venv --clear .venv\n" * 2


def test_an_update_that_broke_off_does_not_pass_for_whole(make: Make, tmp_path: Path) -> None:
    (tmp_path / "connected").touch()
    make(".venv/.dev", BREAKS_OFF)
    marks = [tmp_path / ".venv" / ".app", tmp_path / ".venv" / ".dev"]
    for mark in marks:  # a clock that ticks coarsely would give the lock below the same time
        os.utime(mark, (LONG_AGO, LONG_AGO))
    (tmp_path / "connected").unlink()
    (tmp_path / "requirements.lock").touch()
    assert make(".venv/.app", BREAKS_OFF).returncode != 0
    assert not any(mark.exists() for mark in marks)


def copy_what_config_needs(code: Path) -> None:
    (code / "core").mkdir(parents=True)
    for path in [ROOT / "Makefile", *(ROOT / "core").glob("*.py")]:
        shutil.copy(path, code / path.relative_to(ROOT))


def test_an_uninstall_leaves_what_people_made_and_says_where(tmp_path: Path) -> None:
    code, home = tmp_path / "code", tmp_path / "what I made"
    copy_what_config_needs(code)
    (home / "home").mkdir(parents=True)
    (home / "home" / "picture").write_bytes(bytes(3 << 20))

    def uninstall() -> str:
        (code / ".venv" / "lib").mkdir(parents=True)
        return subprocess.run(  # noqa: S603
            ["make", "uninstall", f"PYTHON={sys.executable}"],  # noqa: S607
            cwd=code,
            env={**ALONE, "THAW_HOME": str(home)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    said = uninstall()
    assert f"still in {home} (3.1M)" in said or f"still in {home} (3.0M)" in said
    assert f'rm -r "{home}"' in said
    assert not (code / ".venv").exists()
    assert (home / "home" / "picture").is_file()
    shutil.rmtree(home)
    assert str(home) not in uninstall()


def test_a_link_to_an_environment_goes_and_not_what_it_leads_to(tmp_path: Path) -> None:
    copy_what_config_needs(tmp_path)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "file").touch()
    (tmp_path / ".venv").symlink_to(tmp_path / "shared")
    subprocess.run(  # noqa: S603
        ["make", "uninstall", f"PYTHON={sys.executable}"],  # noqa: S607
        cwd=tmp_path,
        env=ALONE,
        check=True,
        capture_output=True,
    )
    assert not (tmp_path / ".venv").is_symlink()
    assert (tmp_path / "shared" / "file").exists()
