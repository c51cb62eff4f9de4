"""docs/settings.md lists every setting as it is."""

import re
from pathlib import Path
from typing import Any

import pytest

from core.cli.arguments import option
from core.settings import THAWED, SplitSettings, TrainingSettings, known

DOC = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_defaults_for_thawed_layers_are_named() -> None:
    text = " ".join(DOC.read_text(encoding="utf-8").split())
    named = ", ".join(f"`{option(name)} {value:g}`" for name, value in THAWED.items())
    assert f"other defaults suit better: {named}." in text


def row(name: str, default: Any, label: str, expected: str, help: str) -> str:
    shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    return f"| `{option(name)}` | {label}. {help} | {expected} | {shown or '–'} |"


@pytest.mark.parametrize("settings", [SplitSettings, TrainingSettings])
def test_each_setting_has_its_row(settings: type) -> None:
    title = {SplitSettings: "## How images are divided", TrainingSettings: "## Training"}[settings]
    part = DOC.read_text(encoding="utf-8").partition(title)[2].partition("\n## ")[0]
    assert re.findall(r"^\| `--.*$", part, re.MULTILINE) == [
        row(name, getattr(settings, name), setting.label, setting.expected, setting.help)
        for name, setting in known(settings).items()
        if not (settings is SplitSettings and name == "seed")  # one option sets both
    ]
