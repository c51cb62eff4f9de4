"""What is installed is what was tried: the lock files fit the requirements and pin everything."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAIRS = [
    ("requirements.txt", "requirements.lock"),
    ("requirements-dev.txt", "requirements-dev.lock"),
]
PYTHONS = ("3.11", "3.12", "3.13")


def entries(lock: str) -> list[Requirement]:
    """The packages of a lock file, each with its hashes cut off."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.removesuffix("\\")) for line in lines if re.match(r"[a-z0-9]", line)]


def pinned(lock: str, python: str = "3.13", system: str = "linux") -> dict[str, str]:
    """Version of each package that is installed there."""
    there = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": system}
    versions = {}
    for entry in entries(lock):
        if entry.marker is None or entry.marker.evaluate(there):
            (exactly,) = entry.specifier
            assert exactly.operator == "=="
            name = canonicalize_name(entry.name)
            assert name not in versions, f"{name} has two versions on Python {python}"
            versions[name] = exactly.version
    return versions


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize(("wanted", "lock"), PAIRS)
def test_the_lock_fits_the_requirements(wanted: str, lock: str, python: str, system: str) -> None:
    """If this fails after requirements were edited: make lock."""
    versions = pinned(lock, python, system)
    for line in (ROOT / wanted).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{line}: {version} is locked"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_tests_run_with_the_versions_that_users_get(python: str) -> None:
    app, dev = (pinned(lock, python) for _, lock in PAIRS)
    shared = app.keys() & dev.keys()
    assert "numpy" in shared
    assert {name: app[name] for name in shared} == {name: dev[name] for name in shared}


@pytest.mark.parametrize("lock", [lock for _, lock in PAIRS])
def test_every_package_has_hashes_and_no_registry_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    hashed = re.findall(r"^[a-z0-9][^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(hashed) == len(entries(lock)) > 0
