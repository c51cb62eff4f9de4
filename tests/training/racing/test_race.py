"""Whole races of tiny networks: what is kept, what is told, and that nothing is lost on the way."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.results.predictor import of_run
from core.settings import ALL, SplitSettings, TrainingSettings
from core.storage.job import RunStatus
from core.storage.runs import Run
from core.training import callbacks, fit, learn
from core.training.racing import candidates
from tests import saved, tiny_network

pytestmark = pytest.mark.slow

Painted = Callable[..., Path]


@pytest.fixture(autouse=True)
def _two_tiny_networks(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second network to set beside the first, and few enough pictures to thaw."""
    second = tiny.parent / "second.weights.h5"
    keras.utils.set_random_seed(12)
    tiny_network.build().save_weights(second)
    weights = dataclasses.replace(
        BACKBONES["tiny"].weights, url="https://nowhere.invalid/second.weights.h5"
    )
    row = dataclasses.replace(BACKBONES["tiny"], name="second", title="Second", weights=weights)
    monkeypatch.setitem(BACKBONES, "second", row)
    monkeypatch.setattr(candidates, "SECOND", ("second",))
    monkeypatch.setattr(fit, "SCARCE", 1)
    monkeypatch.setattr(candidates, "first_of", lambda *_: 4)


def created(tmp_path: Path, name: str = "run", **settings: Any) -> Run:
    chosen = {"epochs": 6, "batch_size": 8, "budget": 300} | settings
    return Run.create(tmp_path / name, TrainingSettings("tiny", **chosen), data_name="painted")


def trained(run: Run, folder: Path) -> dict[str, Any]:
    run.log.append("started", host="here", pid=1)
    return fit.train(run, SourceFeed(open_source(folder), SplitSettings()), ready=True)


def weights_of(run: Run) -> list[np.ndarray]:
    return keras.saving.load_model(run.folder / "model.keras").get_weights()


def same_weights(run: Run, other: Run) -> bool:
    pairs = zip(weights_of(run), weights_of(other), strict=True)
    return all(np.array_equal(one, two) for one, two in pairs)


def without_seconds(tried: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: each[name] for name in each if name != "seconds"} for each in tried]


def test_a_race_ends_as_a_run_like_any_other(painted: Painted, tmp_path: Path) -> None:
    run, folder = created(tmp_path), painted(12)
    results = trained(run, folder)
    tried, winner = results["race"], results["winner"]
    assert [TrainingSettings.from_dict(each["settings"]).beside for each in tried] == [
        "", "second", "",
    ]  # fmt: skip
    assert TrainingSettings.from_dict(tried[2]["settings"]).frozen_layers != ALL
    assert tried[winner]["leads"]
    assert not any(each["leads"] for each in tried[winner + 1 :])
    assert [each["seconds"] for each in tried] == sorted(each["seconds"] for each in tried)
    assert run.ordered.budget == 300
    assert run.settings == TrainingSettings.from_dict(tried[winner]["settings"])
    assert run.settings.budget == 0
    state = run.state()
    assert state.status is RunStatus.FINISHED
    assert len(state.tried) == 3
    assert [row["val_accuracy"] for row in state.history] == [
        row["val_accuracy"] for row in results["history"]
    ]
    assert run.checkpoint.is_file()
    assert not list(run.folder.glob("candidate-*"))


def test_two_networks_in_one_file_say_what_was_measured(painted: Painted, tmp_path: Path) -> None:
    run, folder = created(tmp_path, beside="second", budget=0, refit=False), painted(12)
    results = trained(run, folder)
    model = keras.saving.load_model(run.folder / "model.keras")
    facts = json.loads((run.folder / "model.json").read_text())
    assert facts["beside"] == "second"
    dataset = SourceFeed(open_source(folder), SplitSettings()).read(
        lambda _: False, lambda _: None, 16, lambda *_: None
    )
    right, predictor = 0, of_run(run.folder)
    for record in dataset.of("validation"):
        picture = Image.open(folder / record.file).convert("RGB").resize(
            (16, 16), Image.Resampling.BILINEAR, reducing_gap=3.0
        )  # fmt: skip
        (answer,) = saved.probabilities(model, np.array(picture)[None])
        right += dataset.classes[answer.argmax()] == record.label
        (compiled,) = predictor.probabilities([np.array(picture)])
        np.testing.assert_allclose(compiled, answer, atol=1e-5)
    assert right == results["correct"]
    single = trained(created(tmp_path, "single", budget=0), folder)["parameters"]
    both = results["parameters"]
    assert both["trainable"] - 3 == 2 * (single["trainable"] - 3)  # but for the biases
    assert both["total"] - both["trainable"] == 2 * (single["total"] - single["trainable"])


@pytest.mark.exhaustive
def test_a_replay_has_the_same_winner_to_the_bit(painted: Painted, tmp_path: Path) -> None:
    first, folder = created(tmp_path), painted(12)
    results = trained(first, folder)
    again = created(tmp_path, "again")
    for each in first.state().tried:
        again.log.append("judged", **{k: v for k, v in each.items() if k not in ("event", "time")})
    replayed = trained(again, folder)
    assert replayed["race"] == results["race"]
    assert replayed["winner"] == results["winner"]
    assert same_weights(first, again)


class Killed(BaseException):
    """As if the process had been killed at this moment."""


def kill(monkeypatch: pytest.MonkeyPatch, run: Run, candidate: int, epoch: int) -> None:
    begun = callbacks.Progress.on_train_batch_end

    def die(self: Any, batch: int, logs: Any = None) -> None:
        begun(self, batch, logs)
        at = run.state().candidate
        if at is not None and at["number"] == candidate and self._epoch == epoch and batch == 0:
            raise Killed

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", die)


@pytest.mark.parametrize(
    ("candidate", "epoch"),
    [
        pytest.param(0, 2, marks=pytest.mark.exhaustive),
        pytest.param(1, 3, marks=pytest.mark.exhaustive),
        pytest.param(2, 1, marks=pytest.mark.exhaustive),
        pytest.param(2, 3, marks=pytest.mark.exhaustive),
    ],
)
def test_a_race_that_was_killed_goes_on_as_if_nothing_had_been(
    painted: Painted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    candidate: int,
    epoch: int,
) -> None:
    folder, whole, run = painted(12), created(tmp_path, "whole"), created(tmp_path)
    expected = trained(whole, folder)
    with monkeypatch.context() as patched:
        kill(patched, run, candidate, epoch)
        with pytest.raises(Killed):
            trained(run, folder)
    run.log.append("interrupted", message="killed")
    run.resume()
    results = trained(run, folder)
    assert without_seconds(results["race"]) == without_seconds(expected["race"])
    assert results["winner"] == expected["winner"]
    assert same_weights(run, whole)
    assert run.state().status is RunStatus.FINISHED


@pytest.mark.parametrize("candidate", [pytest.param(1, marks=pytest.mark.exhaustive), 2])
def test_a_stop_keeps_the_best_so_far_and_can_be_resumed(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, candidate: int
) -> None:
    folder, whole, run = painted(12), created(tmp_path, "whole"), created(tmp_path)
    expected = trained(whole, folder)
    ended = callbacks.Progress.on_epoch_end

    def stop(self: Any, epoch: int, logs: Any = None) -> None:
        ended(self, epoch, logs)
        at = run.state().candidate
        if at is not None and at["number"] == candidate and epoch == 2:
            run.request_stop()

    with monkeypatch.context() as patched:
        patched.setattr(callbacks.Progress, "on_epoch_end", stop)
        stopped = trained(run, folder)
    assert run.state().status is RunStatus.STOPPED
    assert run.has_model
    assert len(stopped["race"]) == candidate
    assert run.settings == run.ordered  # the race is not over
    run.resume()
    results = trained(run, folder)
    assert without_seconds(results["race"]) == without_seconds(expected["race"])
    assert same_weights(run, whole)


def test_a_race_without_time_is_the_quick_recipe(painted: Painted, tmp_path: Path) -> None:
    run, quick, folder = created(tmp_path, budget=1), created(tmp_path, "q", budget=0), painted(12)
    results = trained(run, folder)
    trained(quick, folder)
    assert len(results["race"]) == 1
    assert same_weights(run, quick)
    assert run.settings == quick.settings


def test_what_cannot_be_trained_in_time_is_given_up(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learn, "_LEAST_EPOCHS", 10**9)
    run = created(tmp_path)
    results = trained(run, painted(12))
    assert [each["given_up"] for each in results["race"]] == [False, False, True]
    assert results["winner"] < 2


def test_what_can_no_longer_win_ends_early(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Thawed layers at a rate that spoils all that the network knows.
    monkeypatch.setitem(candidates.GENTLE, "learning_rate", 3.0)
    monkeypatch.setattr(learn.Learning, "val_accuracy", property(lambda _: 1.0))
    results = trained(created(tmp_path), painted(20))
    thawed = results["race"][2]
    assert 0 < thawed["ended"] < thawed["epochs"]
    assert not thawed["leads"]


def test_a_race_without_a_second_network_or_enough_pictures_is_short(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "SECOND", ())
    monkeypatch.setattr(fit, "SCARCE", 10_000)
    assert len(trained(created(tmp_path), painted(8))["race"]) == 1


@pytest.mark.exhaustive
def test_what_is_thawed_is_tried_last(painted: Painted, tmp_path: Path) -> None:
    run = created(tmp_path, frozen_layers=4, epochs=3)
    tried = [TrainingSettings.from_dict(each["settings"]) for each in trained(
        run, painted(8))["race"]]  # fmt: skip
    assert [each.frozen_layers for each in tried] == [ALL, ALL, 4]
    assert tried[2] == dataclasses.replace(run.ordered, budget=0)
