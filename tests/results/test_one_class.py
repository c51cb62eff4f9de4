"""A network with a single class, told from anything else."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.dataset import Record
from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.layouts.labelling import Reading
from core.projects import contents
from core.results import one_class
from core.results.evaluation import wilson
from core.results.predictor import of_run
from core.settings import ALL, RANDOM, Sees, SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.runs import Run
from core.training.fit import train


def record(number: int, label: str) -> Record:
    return Record(f"{label}/{number}.png", label, "test", f"{number:064x}", 10, 10, 100)


def test_both_kinds_of_mistake_count() -> None:
    records = [record(n, "mug") for n in range(4)] + [record(n, "cup") for n in range(4, 10)]
    familiar = np.array([[0.9], [0.05], [0.04], [0.01], [0.0], [0.2], [0.3], [0.0], [0.0], [0.0]])
    found = one_class.evaluate(familiar, records, "mug", 0.05, {f"{0:064x}"})
    assert (found["correct"], found["images"]) == (2 + 4, 10)
    alone = found["alone"]
    assert alone["own"] == {"share": 0.5, "correct": 2, "images": 4, "interval": wilson(2, 4)}
    assert (alone["strangers"]["correct"], alone["strangers"]["images"]) == (4, 6)
    assert [row["file"] for row in alone["refused"]] == ["mug/3.png", "mug/2.png"]
    assert [row["file"] for row in alone["let_in"]] == ["cup/6.png", "cup/5.png"]
    assert found["per_class"]["mug"]["precision"] == 0.5  # 2 of the 4 that look familiar
    assert found["per_class"]["mug"]["recall"] == 0.5
    assert found["learned_from"] == 1
    assert (found["unseen"]["correct"], found["unseen"]["images"]) == (5, 9)


def test_without_strangers_nothing_is_said_of_them() -> None:
    found = one_class.evaluate(np.ones((3, 1)), [record(n, "mug") for n in range(3)], "mug", 0.05)
    assert found["alone"]["strangers"] is None
    assert found["accuracy"] == 1
    nobody = one_class.evaluate(np.ones((1, 1)), [record(1, "mug")], "mug", 0.05, None)
    assert nobody["learned_from"] is None
    assert nobody["unseen"] is None


def test_only_what_matters_with_one_class_is_left_of_the_settings() -> None:
    given = TrainingSettings(dense=(64,), epochs=40, budget=120, backbone="mobilenet_v2", seed=3)
    left = given.for_one_class()
    assert (left.backbone, left.seed, left.frozen_layers) == ("mobilenet_v2", 3, ALL)
    assert (left.dense, left.epochs, left.budget, left.head_sees) == ((), 1, 0, Sees.LAST)
    for thawed in (
        TrainingSettings(frozen_layers=3),
        TrainingSettings(weights=RANDOM, frozen_layers=0),
    ):
        with pytest.raises(UserError, match=r"only one class.*Freeze all layers"):
            thawed.for_one_class()


@pytest.fixture
def things(tmp_path: Path) -> Callable[[str, str, int], Path]:
    """Make a folder of pictures: discs on blue, or stripes on brown."""

    def make(kind: str, folder: str, count: int) -> Path:
        rng = random.Random(f"{kind} {folder}")
        there = tmp_path / folder / kind
        there.mkdir(parents=True)
        y, x = np.mgrid[:48, :48]
        for number in range(count):
            centre = rng.uniform(18, 30), rng.uniform(18, 30)
            disc = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < rng.uniform(60, 180)
            shape = disc if kind == "disc" else (x + rng.randrange(9)) % 9 < 4
            ground = (30, 60, 160) if kind == "disc" else (150, 90, 30)
            pixels = np.where(shape[..., None], 235, np.array(ground)).astype(np.int16)
            noise = np.array([[[rng.randrange(-20, 20)]]])
            Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(
                there / f"{number}.png"
            )
        return tmp_path / folder

    return make


@pytest.mark.slow
def test_strangers_are_turned_away(
    things: Callable[[str, str, int], Path], thaw_home: Path, tmp_path: Path
) -> None:
    """From class folder to evaluation, on real weights."""
    source = open_source(things("disc", "learn", 40), reading=Reading(one_class=True))
    run = Run.create(tmp_path / "run", TrainingSettings().for_one_class(), data_name="discs")
    results = train(run, SourceFeed(source, SplitSettings()))
    assert results["classes"] == ["disc"]
    assert results["images"] == 8
    assert results["correct"] >= 6
    assert results["alone"]["strangers"] is None
    form = contents.RUN_FILES[home.RESULTS].form
    assert form is not None
    written = files.read_json(run.results_path)
    assert form(written)["alone"] == written["alone"], "it travels in a project"
    things("disc", "try", 20)
    other = open_source(things("stripes", "try", 20))
    found = of_run(run.folder).evaluate(other, lambda *_: None, set())
    assert found["alone"]["own"]["images"] == 20
    assert found["alone"]["own"]["correct"] >= 16
    assert found["alone"]["strangers"] == {
        **found["alone"]["strangers"],
        "correct": 20,
        "images": 20,
    }


@pytest.mark.slow
def test_too_few_pictures_to_remember_are_told(
    things: Callable[[str, str, int], Path], thaw_home: Path, tmp_path: Path
) -> None:
    source = open_source(things("disc", "few", 15), reading=Reading(one_class=True))
    run = Run.create(tmp_path / "run", TrainingSettings().for_one_class(), data_name="discs")
    half = replace(SplitSettings(), validation=0.5)
    with pytest.raises(UserError, match="at least 10 training pictures of the only class"):
        train(run, SourceFeed(source, half))
