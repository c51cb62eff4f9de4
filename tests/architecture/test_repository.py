"""What people look for in a repository is there, and says what is true."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["bug", "idea"])
def test_issue_templates_are_forms(kind: str) -> None:
    form = read(f".github/ISSUE_TEMPLATE/{kind}.yml")
    assert {"name", "description", "body"} <= form.keys()
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert any(field.get("validations", {}).get("required") for field in form["body"])
    for field in form["body"]:
        assert field["type"] in ("textarea", "input", "dropdown", "checkboxes")
        assert field["attributes"]["label"]


def test_pre_commit_runs_what_make_check_runs() -> None:
    (repo,) = read(".pre-commit-config.yaml")["repos"]
    assert repo["repo"] == "local", "other repositories have versions of their own"
    (hook,) = repo["hooks"]
    assert hook["entry"] == "make check"
    assert hook["language"] == "system"


def test_the_container_runs_as_a_user_and_leaves_out_the_gpl() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    steps = re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE)
    words = [word for word, _ in steps]
    users = [rest for word, rest in steps if word == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert words.index("USER") < words.index("CMD")
    assert ("VOLUME", "/data") in steps
    assert "THAW_HOME=/data" in text
    assert "--require-hashes -r requirements.lock" in text
    assert "pip uninstall --yes pillow-heif" in text


def test_versions_are_those_that_are_tried() -> None:
    """README names them; tests/bare.sh tries them."""
    bare = (ROOT / "tests" / "bare.sh").read_text(encoding="utf-8")
    for debian, name, python in ((12, "bookworm", "3.11"), (13, "trixie", "3.13")):
        assert name in bare
        assert re.search(rf"Debian {debian} \(Python {re.escape(python)}\)", README)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"].split(".dev")[0] not in README, "README is for every version"
    assert "Windows and macOS are untested" in README
    assert "Apache License" in README
