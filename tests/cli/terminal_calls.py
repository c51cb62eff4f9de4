"""Real calls of `python -m core`, in a home folder of their own, and pictures for them."""

import json
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
COLOURS = {"blue": (40, 60, 200), "orange": (230, 120, 30)}


@dataclass(frozen=True)
class Said:
    """What a call said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output."""
        return json.loads(self.out.splitlines()[-1], parse_constant=pytest.fail)

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error but for how the pictures are read."""
        lines = self.err.strip().splitlines()
        return [line for line in lines if not line.startswith("Read as ")]


def environment(home: Path, **extra: str) -> dict[str, str]:
    """The user's environment, but for a home folder of its own and nothing said about Thaw."""
    unset = ("CI", "THAW_HOME", "KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL", "XDG_CACHE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return kept | {"HOME": str(home)} | extra


def paint_folder(folder: Path, each: int = 6) -> Path:
    """Noisy pictures of two colours in class folders."""
    rng = random.Random(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            noise = bytes(
                max(0, min(255, c + rng.randrange(-40, 40))) for _ in range(900) for c in colour
            )
            Image.frombytes("RGB", (30, 30), noise).save(folder / name / f"{number}.png")
    return folder
