"""A run that training could have left, of a network so small that it is made in a second."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets.dataset import Record
from core.results import evaluation
from core.settings import TrainingSettings
from core.storage import files
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture

CLASSES = ("blue", "green", "red")


@pytest.fixture
def run(make_run: Callable[..., Path]) -> Path:
    """A run that answers with how blue, green and red a picture is."""
    return whole(make_run())


def whole(folder: Path, **facts: Any) -> Path:
    """Add to a model what else is in the folder of a run that has ended."""
    settings = {"data": "colours", "dataset": None, "version": None}
    files.write_json(
        folder / "settings.json", settings | {"settings": TrainingSettings().to_dict()}
    )
    known = json.loads((folder / "model.json").read_text())
    files.write_json(folder / "model.json", known | facts)
    records = [
        Record(f"{c}/{n}.png", c, "validation", f"{n}", 9, 9, 9) for n in range(4) for c in CLASSES
    ]
    right = np.eye(3)[[place % 3 for place in range(len(records))]]
    right[0] = [0.1, 0.7, 0.2]
    found = evaluation.evaluate(right, records, CLASSES)
    files.write_json(folder / "results.json", found | {"split": "validation"})
    return folder


@pytest.fixture
def pictures(picture: Callable[..., Path], tmp_path: Path) -> Path:
    """Class folders of colours, each picture with a place and a serial number in its EXIF."""
    exif = Image.Exif()
    exif[0x010F], exif[0xA431] = "a camera", "serial 4711"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    for colour in CLASSES:
        for number in range(6):
            plain = picture(f"pictures/{colour}/{number}.png", colour, number)
            Image.open(plain).save(plain.with_suffix(".jpg"), quality=95, exif=exif)
            plain.unlink()
    return tmp_path / "pictures"
