"""docs/exports.md says of every export what it is for."""

from pathlib import Path

import pytest

from core.exports.table import FORMATS

DOC = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_named(name: str) -> None:
    assert f"`{name}`" in DOC
