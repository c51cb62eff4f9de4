"""Real weights of more than one kind learn real photos, and what they are worth."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("warm_home")]

# Name, width, and the least validation accuracy on flowers5 with everything frozen.
PRETRAINED = [("mobilenet", 0.25, 0.72), ("mobilenet", 0.75, 0.8), ("mobilenet_v2", 1.0, 0.8)]
POINTS = 0.25  # that pretrained weights are worth on 720 photos, at the least
EPOCHS = 5  # for both; without pretrained weights a network has left chance by then
CHANCE = 0.2


def accuracy(folder: Path, run: Path, **settings: Any) -> float:
    """The best epoch's validation accuracy."""
    made = Run.create(run, TrainingSettings(**settings), data_name="real")
    feed = SourceFeed(open_source(folder), SplitSettings())
    return float(fit.train(made, feed)["val_accuracy"])


@pytest.fixture
def flowers(material: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    return material / "datasets" / "flowers5"


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "alpha", "least"), PRETRAINED)
def test_real_weights_know_flowers(
    flowers: Path, tmp_path: Path, name: str, alpha: float, least: float
) -> None:
    settings = {"backbone": name, "alpha": alpha, "epochs": 15, "learning_rate": 0.003}
    assert accuracy(flowers, tmp_path / "run", **settings) >= least


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "alpha"), [each[:2] for each in PRETRAINED])
def test_from_scratch_they_are_far_behind(
    flowers: Path, tmp_path: Path, name: str, alpha: float
) -> None:
    """Batch norm trains, and both have the same epochs and rate."""
    same = {"backbone": name, "alpha": alpha, "epochs": EPOCHS, "learning_rate": 0.003}
    same["schedule"] = "constant"
    pretrained = accuracy(flowers, tmp_path / "pretrained", **same)
    scratch = accuracy(flowers, tmp_path / "run", weights="random", frozen_layers=0, **same)
    assert scratch > CHANCE + 0.1
    assert pretrained - scratch >= POINTS


def test_a_real_hub_module_learns_and_names_pictures(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Added as the server's owner adds it; its copy in the run is all that a prediction needs."""
    from core.results.predictor import of_run

    folder = material / "hub_style"
    given = ["backbones", "--add", str(folder / "mobilenet_v1_025_224_feature_vector"), "--json"]
    assert main(given) == 0
    added = json.loads(capsys.readouterr().out.splitlines()[-1])["added"]
    assert not added["can_thaw"]
    fruits = material / "datasets" / "fruits4"
    settings = {"backbone": added["name"], "epochs": 20, "learning_rate": 0.01}
    assert accuracy(fruits, tmp_path / "run", **settings) >= 0.7
    photos = [next((fruits / name).iterdir()) for name in ("banana", "cherry")]
    files = [(photo.name, photo.read_bytes()) for photo in photos]
    said = of_run(tmp_path / "run").predict(files, top=4)
    assert [len(one.top) for one in said] == [4, 4]
    assert all(one.error is None for one in said)
