"""What the tests of the terminal share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal_calls import ROOT, Said, environment, paint_folder


@pytest.fixture
def user_home(tmp_path: Path) -> Path:
    home = tmp_path / "user"
    home.mkdir()
    return home


@pytest.fixture
def thaw(user_home: Path) -> Callable[..., Said]:
    """Call `python -m core` with these arguments."""

    def call(*arguments: object, **extra: str) -> Said:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "core", *map(os.fspath, map(_path_or_str, arguments))],
            cwd=ROOT,
            env=environment(user_home, **extra),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return call


def _path_or_str(argument: object) -> str | Path:
    return argument if isinstance(argument, str | Path) else str(argument)


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    return paint_folder(tmp_path / "painted")
