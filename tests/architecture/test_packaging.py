"""`pip install -e .` puts the command `thaw` into an environment, which runs what lies here."""

import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from core.cli import main as cli

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]


def test_the_project_says_what_it_is() -> None:
    assert PROJECT["name"] == "thaw"
    assert str(Version(PROJECT["version"])) == PROJECT["version"]
    assert PROJECT["license"] == "Apache-2.0"
    assert all((ROOT / name).is_file() for name in [*PROJECT["license-files"], PROJECT["readme"]])


def test_it_takes_the_pythons_that_make_takes() -> None:
    (needed,) = re.findall(r"Thaw needs Python (.+?), for", (ROOT / "Makefile").read_text("utf-8"))
    promised = re.findall(r"3\.\d+", needed)
    taken = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if f"3.{minor}.5" in taken] == promised


def test_what_it_needs_is_read_from_the_requirements() -> None:
    assert PROJECT["dynamic"] == ["dependencies"]
    dynamic = PYPROJECT["tool"]["setuptools"]["dynamic"]
    assert dynamic == {"dependencies": {"file": ["requirements.txt"]}}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:  # setuptools takes no options and no comments behind a requirement
        assert line.startswith("#") or Requirement(line)


def test_the_command_is_there() -> None:
    module, _, function = PROJECT["scripts"]["thaw"].partition(":")
    assert getattr(importlib.import_module(module), function) is cli.console


def test_a_wheel_is_refused_with_a_sentence() -> None:
    backend = importlib.import_module(PYPROJECT["build-system"]["build-backend"])
    for build in (backend.build_wheel, backend.build_sdist):
        with pytest.raises(SystemExit, match=r"pip install -e \."):
            build("somewhere")


@pytest.mark.slow
def test_an_editable_install_runs_from_any_folder(tmp_path: Path) -> None:
    copy, environment = tmp_path / "thaw-code", tmp_path / "environment"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "tests", "docs", "__pycache__"))
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True
    )
    packages = environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run(  # noqa: S603
        [
            *(scripts / "python", "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--editable", copy),
        ],
        check=True,
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = f"import core, sys; sys.exit(not core.__file__.startswith({str(copy)!r}))"
    subprocess.run([scripts / "python", "-c", code], cwd=elsewhere, check=True)  # noqa: S603
    done = subprocess.run(  # noqa: S603
        [scripts / "thaw", "stop", "--json"], cwd=elsewhere, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, '{"stopped": 0}'), done.stderr
    wrong = subprocess.run(  # noqa: S603
        [scripts / "thaw", "nonsense"], cwd=elsewhere, capture_output=True, text=True
    )
    assert wrong.returncode == 2
    assert wrong.stderr.strip().endswith("See: thaw --help")

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    with subprocess.Popen(  # noqa: S603
        [scripts / "thaw"],
        cwd=elsewhere,
        env={**os.environ, "STREAMLIT_SERVER_PORT": port},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            assert any(f"http://localhost:{port}/?token=" in line for line in server.stdout)
        finally:
            server.terminate()
    subprocess.run([scripts / "thaw", "stop"], cwd=elsewhere, check=True)  # noqa: S603
