"""Browser libraries in the repository are those of their packages, with their licences."""

import json
from pathlib import Path

import pytest

from tests.vendored import FOLDERS, ROOT, digest, noted

_MOST = 25_000_000  # bytes


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_carried_files_are_those_of_the_package(folder: Path) -> None:
    package = noted(folder)
    assert package["integrity"].startswith("sha512-")
    files = {path.name: path for path in folder.iterdir()}
    assert any(name.startswith("LICENSE") for name in files)
    assert {name: digest(files[name]) for name in package["files"]} == {
        name: each["sha256"] for name, each in package["files"].items()
    }
    assert sum(path.stat().st_size for path in files.values()) < _MOST


def test_no_browser_library_lies_elsewhere() -> None:
    marks = (b"Copyright (c)", b"@license", b"@preserve")
    code = [*ROOT.glob("core/**/*.js"), *ROOT.glob("core/**/*.mjs"), *ROOT.glob("pages/**/*.js")]
    others = [path for path in code if not any(folder in path.parents for folder in FOLDERS)]
    assert others
    assert not [path for path in others if any(mark in path.read_bytes() for mark in marks)]


def test_package_files_are_written_as_the_tool_writes_them() -> None:
    for folder in FOLDERS:
        text = (folder / "package.json").read_text(encoding="utf-8")
        assert text == json.dumps(noted(folder), indent=2, ensure_ascii=False) + "\n"
