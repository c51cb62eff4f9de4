"""Painted pictures, and a home shared by these tests so that the network is converted once."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from core.backbones.catalogue.rows import BACKBONES
from core.storage import home
from tests import tiny_network

PAPERS = {"circle": (30, 60, 160), "cross": (200, 120, 30), "stripes": (40, 140, 60)}


def paint(shape: str, rng: random.Random) -> Image.Image:
    """A shape of 64 pixels; the colour of the ground mostly goes with the shape, not always."""
    ground = PAPERS[shape if rng.random() < 0.8 else rng.choice(sorted(PAPERS))]
    image = Image.new("RGB", (64, 64), tuple(c + rng.randrange(-30, 30) for c in ground))
    draw = ImageDraw.Draw(image)
    x, y, r = rng.randrange(20, 44), rng.randrange(20, 44), rng.randrange(8, 18)
    ink = (240, 240, 230)
    if shape == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)
    elif shape == "cross":
        draw.line((x - r, y - r, x + r, y + r), fill=ink, width=6)
        draw.line((x - r, y + r, x + r, y - r), fill=ink, width=6)
    else:
        for offset in range(-r, r, 6):
            draw.line((x - r, y + offset, x + r, y + offset), fill=ink, width=3)
    return image.filter(ImageFilter.GaussianBlur(rng.random()))


@pytest.fixture
def painted(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of class folders: `each` pictures of each shape, others for another seed."""

    def make(each: int = 8, seed: int = 0, folder: str = "painted") -> Path:
        rng = random.Random(seed)
        for shape in PAPERS:
            (tmp_path / folder / shape).mkdir(parents=True)
            for number in range(each):
                paint(shape, rng).save(tmp_path / folder / shape / f"{number}.png")
        return tmp_path / folder

    return make


@pytest.fixture
def tiny(warm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny network in the catalogue, called "tiny"; its weights file.

    It is the same in every test, so its graphs are converted once.
    """
    from core.backbones.frameworks import keras

    row = tiny_network.row()
    monkeypatch.setitem(BACKBONES, "tiny", row)
    monkeypatch.setattr(home, "graphs", lambda: warm_folder / "graphs of tiny")
    brought = tmp_path / "stick"
    brought.mkdir()
    monkeypatch.setenv("THAW_WEIGHTS", str(brought))
    keras.utils.set_random_seed(11)
    file = brought / row.weights.file
    tiny_network.build().save_weights(file)
    return file


@pytest.fixture(scope="session")
def warm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warm")


@pytest.fixture
def warm_home(warm_folder: Path, thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A THAW_HOME whose converted networks and features outlive the test."""
    monkeypatch.setenv("THAW_HOME", str(warm_folder))
    return warm_folder
