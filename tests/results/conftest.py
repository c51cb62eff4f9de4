"""A trained run, as training leaves it, of a network so small that it is made in a second."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.network.familiarity import THRESHOLD, Memory
from core.network.ridge import softmax
from core.storage import files

CLASSES = ("blue", "green", "red")
SIZE = 32


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run whose model answers with how blue, green and red a picture is on average.

    With colours that it was taught, [pictures, 3] from 0 to 1, it tells how familiar one is; if
    `doubts`, by how sure it is as well.
    """
    from core.backbones.frameworks import keras

    def make(
        name: str = "run",
        sharpness: float = 8.0,
        taught: np.ndarray | None = None,
        doubts: bool = False,
    ) -> Path:
        images = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
        x = keras.layers.Rescaling(1 / 255, name="preprocessing")(images)
        x = keras.layers.GlobalAveragePooling2D()(x)
        head = keras.layers.Dense(3, activation="softmax", use_bias=False)
        answers = head(x)
        memory = None
        if taught is not None:
            sure = softmax(sharpness * taught.astype(float)).max(axis=1) if doubts else None
            memory = Memory.of(taught, sure)
        if memory is not None:
            familiar = memory.layers(x, "familiar", answers)
            answers = {"probabilities": answers, "familiar": familiar}
        model = keras.Model(images, answers)
        reversed_channels = [[0, 0, sharpness], [0, sharpness, 0], [sharpness, 0, 0]]
        head.set_weights([keras.ops.convert_to_numpy(reversed_channels)])
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        model.save(folder / "model.keras")
        facts = {"classes": CLASSES, "backbone": "tiny", "frozen_layers": 0, "input_size": SIZE}
        if memory is not None:
            facts["familiar"] = {"threshold": THRESHOLD}
        files.write_json(folder / "model.json", facts)
        return folder

    return make


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Paint a noisy picture of one colour."""

    def make(name: str, colour: str, seed: int = 0, size: tuple[int, int] = (60, 40)) -> Path:
        rng = random.Random(f"{colour}{seed}")
        strong = {"red": 0, "green": 1, "blue": 2}[colour]
        noise = bytes(
            rng.randrange(120, 256) if channel == strong else rng.randrange(150)
            for _ in range(size[0] * size[1])
            for channel in range(3)
        )
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", size, noise).save(path)
        return path

    return make
