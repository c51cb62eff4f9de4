"""What the tests of the terminal share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal_calls import ROOT, Said, environment, paint_folder

from core.cli.main import main

Thaw = Callable[..., Said]


@pytest.fixture
def user_home(tmp_path: Path) -> Path:
    home = tmp_path / "user"
    home.mkdir()
    return home


@pytest.fixture
def thaw(user_home: Path) -> Thaw:
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


@pytest.fixture
def thaw_here(
    user_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Thaw:
    """The same in this process, for what ends before anything heavy is imported."""
    monkeypatch.setattr(os, "environ", environment(user_home))

    def call(*arguments: object) -> Said:
        try:
            code = main([os.fspath(_path_or_str(argument)) for argument in arguments])
        except SystemExit as end:  # after --help
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return call


def _path_or_str(argument: object) -> str | Path:
    return argument if isinstance(argument, str | Path) else str(argument)


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    return paint_folder(tmp_path / "painted")
