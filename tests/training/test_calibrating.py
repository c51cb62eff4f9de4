"""Calibration: that it is in the saved weights, and what is said of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.intake.pictures.images import decode, to_square
from core.network import temperature
from core.network.ridge import softmax
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit
from core.training.trust import calibrating
from core.training.trust.calibrating import FEWEST, Calibration, FittedOn
from tests import saved, tiny_network

Painted = Callable[..., Path]


def drawn(images: int, too_sure: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Answers that are too sure by a factor, and labels drawn by what is true."""
    rng = np.random.default_rng(seed)
    true = softmax(rng.normal(scale=2, size=(images, 4)))
    labels = np.array([rng.choice(4, p=row) for row in true])
    return temperature.apply(true, 1 / too_sure), labels


def test_the_error_falls_to_that_of_chance() -> None:
    said, labels = drawn(2000, too_sure=4)
    found = Calibration.on_validation(said, labels)
    after = temperature.apply(said, found.temperature)
    told = found.told(after, labels, fitted_on_these=True)
    assert told["fitted_on"] == FittedOn.VALIDATION
    assert told["temperature"] == pytest.approx(4, rel=0.2)
    assert told["before"] > 0.15
    assert told["error"] < 0.04


def test_pictures_that_it_was_fitted_on_do_not_flatter_it() -> None:
    """Pure noise: whatever a temperature gains on the pictures it was fitted on is not real."""
    fitted, in_turn = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        said, labels = softmax(rng.normal(scale=2, size=(FEWEST, 2))), rng.integers(0, 2, FEWEST)
        found = Calibration.on_validation(said, labels)
        after = temperature.apply(said, found.temperature)
        fitted.append(found.told(after, labels, fitted_on_these=False)["error"])
        in_turn.append(found.told(after, labels, fitted_on_these=True)["error"])
    assert np.mean(in_turn) > np.mean(fitted)


def test_too_few_pictures_change_nothing_and_it_says_so() -> None:
    said, labels = drawn(FEWEST - 1, too_sure=4)
    found = Calibration.on_validation(said, labels)
    assert found == Calibration(1.0, None, FEWEST - 1)
    told = found.told(said, labels, fitted_on_these=True)
    assert told["fitted_on"] is None
    assert told["before"] == told["error"]


def train(tmp_path: Path, folder: Path, **settings: Any) -> tuple[Run, SourceFeed]:
    chosen = {"epochs": 6, "batch_size": 8, "learning_rate": 0.05, "seed": 0} | settings
    run = Run.create(tmp_path / "run", TrainingSettings("tiny", **chosen), data_name="painted")
    feed = SourceFeed(open_source(folder), SplitSettings(validation=0.4))
    fit.train(run, feed)
    return run, feed


def answers(run: Run, feed: SourceFeed, folder: Path, side: str) -> tuple[np.ndarray, np.ndarray]:
    """What the saved model says of the pictures of a side, and their classes."""
    found = feed.read(lambda _: False, lambda _: None, 64, lambda *_: None)
    records = [record for record in found.records if record.split == side]
    size = tiny_network.SIZE
    pixels = [
        to_square(decode((folder / each.file).read_bytes(), size), size, run.settings.square)
        for each in records
    ]
    said = saved.probabilities(
        keras.models.load_model(run.folder / "model.keras"), np.stack(pixels)
    )
    return said, np.array([found.classes.index(each.label) for each in records])


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"dense": (16,), "refit": False}, marks=pytest.mark.exhaustive),
        {"frozen_layers": 8, "warm_up_epochs": 1},
        pytest.param({"weights": "random", "frozen_layers": 0}, marks=pytest.mark.exhaustive),
        {"dense": (16,), "label_smoothing": 0.2, "refit": False},
    ],
)
def test_the_saved_model_is_calibrated(
    painted: Painted, tiny: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = painted(20)
    run, feed = train(tmp_path, folder, **settings)
    results = run.results()
    assert results is not None
    told = results["calibration"]
    assert told["fitted_on"] == "validation"
    assert told["fitted_images"] == results["images"] >= FEWEST
    assert told["temperature"] != 1
    said, labels = answers(run, feed, folder, "validation")
    raw = temperature.apply(said, 1 / told["temperature"])
    assert temperature.fit(raw, labels) == pytest.approx(told["temperature"], rel=1e-3)


@pytest.mark.slow
def test_the_exact_solution_is_calibrated_by_what_it_was_not_taught(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    folder = painted(20)
    run, _ = train(tmp_path, folder)
    results = run.results()
    assert results is not None
    assert results["kept"] == "solution"
    told = results["calibration"]
    assert told["fitted_on"] == "left out"
    assert told["fitted_images"] == 60 - results["images"]  # the training pictures


@pytest.mark.slow
def test_a_head_that_learns_again_from_all_stays_calibrated(
    painted: Painted, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = painted(20)

    def last_layer(name: str) -> tuple[list[np.ndarray], dict[str, Any]]:
        run, _ = train(tmp_path / name, folder, dense=(16,), refit=True)
        results = run.results()
        assert results is not None
        assert results["refit"] == 60
        model = keras.models.load_model(run.folder / "model.keras")
        return model.get_layer("classes").get_weights(), results["calibration"]

    calibrated, told = last_layer("calibrated")
    monkeypatch.setattr(calibrating, "FEWEST", 1000)
    raw, untouched = last_layer("raw")
    assert untouched["fitted_on"] is None
    assert told["temperature"] != 1
    for ours, theirs in zip(calibrated, raw, strict=True):
        np.testing.assert_allclose(ours * told["temperature"], theirs, rtol=1e-4, atol=1e-5)
