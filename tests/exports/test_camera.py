"""The sample that names what a camera sees."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.intake.pictures import images
from core.settings import Squaring
from tests.exports.carried import CARRIED, imported

RUNTIME = '''
import numpy as np


class Network:
    """Says how red, green and blue a picture is: a network of three weights."""

    def __init__(self, folder):
        pass

    def __call__(self, pixels):
        means = pixels.reshape(-1, 3).mean(axis=0)
        return {"probabilities": means / means.sum(), "familiar": np.float32(means.max() / 255)}
'''
HOW = {"size": 16, "square": "crop", "levels": None, "bands": [0, 1, 2], "paper": "white"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("camera.py", "picture.py", "predict.py"):
        (tmp_path / name).write_bytes((CARRIED / name).read_bytes())
    (tmp_path / "runtime.py").write_text(RUNTIME)
    facts: dict[str, Any] = {"classes": ["red", "green", "blue"], "picture": HOW, "model": "m"}
    (tmp_path / "answer.json").write_text(json.dumps(facts | {"threshold": 0.5, "cut_off": 0.4}))
    return tmp_path


def test_a_line_comes_when_the_answer_changes(folder: Path) -> None:
    def frame(*colour: int) -> np.ndarray:
        return np.broadcast_to(np.array(colour, np.uint8), (48, 64, 3)).copy()

    seen = [frame(200, 10, 10), frame(190, 10, 10), frame(10, 10, 200), frame(9, 9, 20)]
    seen.append(frame(150, 140, 150))
    with imported(folder, "camera", "runtime") as (camera, runtime):
        said = list(camera.lines(iter(seen), runtime.Network(folder)))
    assert said == ["red  91%", "blue  91%", "none of these  53%", "red (not sure)  34%"]


def test_a_frame_is_prepared_as_its_file_would_be(folder: Path) -> None:
    mix = np.random.default_rng(5)
    with imported(folder, "picture") as (picture,):
        for height, width in ((480, 640), (30, 20), (100, 1000)):
            frame = mix.integers(0, 256, (height, width, 3), dtype=np.uint8)
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "PNG")
            for square in ("squash", "crop", "pad"):
                how = {**HOW, "square": square}
                found = picture.prepare_frame(frame, how)
                np.testing.assert_array_equal(found, picture.prepare(file.getvalue(), how))
                decoded = images.decode(file.getvalue(), 16)
                thaws = images.to_square(decoded, 16, Squaring(square))
                np.testing.assert_array_equal(found, thaws)


def test_without_a_way_to_reach_a_camera_it_says_what_to_install(folder: Path) -> None:
    hidden = "import sys; sys.modules |= {'cv2': None, 'picamera2': None}; import runpy;"
    made = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"{hidden} runpy.run_path('camera.py', run_name='__main__')"],
        cwd=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 1
    assert "sudo apt install python3-picamera2" in made.stderr
    assert "pip install opencv-python" in made.stderr
    assert "Traceback" not in made.stderr


def test_a_pis_camera_gives_red_first_and_is_stopped(folder: Path) -> None:
    """Picamera2 runs on a Raspberry Pi alone: this stands for what is asked of it."""
    told: list[Any] = []

    class Picamera2:
        def __init__(self, number: int) -> None:
            told.append(number)

        @staticmethod
        def global_camera_info() -> list[dict[str, Any]]:
            return [{"Num": 0}]

        def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
            return main

        def configure(self, main: dict[str, Any]) -> None:
            told.append(main["format"])

        def start(self) -> None:
            told.append("start")

        def capture_array(self, name: str) -> np.ndarray:
            return np.full((48, 64, 3), (200, 10, 10), np.uint8)

        def stop(self) -> None:
            told.append("stop")

    with imported(folder, "camera") as (camera,):
        taken = camera._of_a_pi(Picamera2, 0)
        assert next(taken)[0, 0].tolist() == [200, 10, 10]
        taken.close()
        with pytest.raises(SystemExit, match="Check its cable"):
            next(camera._of_a_pi(Picamera2, 1))
    assert told == [0, "BGR888", "start", "stop"]
