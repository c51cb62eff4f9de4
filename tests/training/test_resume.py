"""A training that was ended anywhere goes on as if nothing had been."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.network import classifier
from core.settings import SplitSettings, TrainingSettings
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run
from core.training import callbacks, fit, learn

pytestmark = pytest.mark.slow

Painted = Callable[..., Path]
CASES: dict[str, dict[str, Any]] = {
    "all frozen": {"dense": (8,), "dropout": 0.3},
    "thawed": {"frozen_layers": 4, "warm_up_epochs": 2},
    "batch norm learns": {"frozen_layers": 4, "batch_norm_learns": True, "warm_up_epochs": 0},
    "from scratch": {"weights": "random", "frozen_layers": 0},
    "plateau": {"frozen_layers": 8, "schedule": "plateau", "optimizer": "sgd"},
    "everything": {
        "frozen_layers": 8, "augment": "medium", "views": 2, "balanced": True,
        "label_smoothing": 0.1, "weight_decay": 0.01,
    },
}  # fmt: skip


def created(tmp_path: Path, name: str, **settings: Any) -> Run:
    chosen = {"epochs": 6, "batch_size": 8, "learning_rate": 0.02} | settings
    return Run.create(tmp_path / name, TrainingSettings("tiny", **chosen), data_name="painted")


def trained(run: Run, folder: Path, seed: int = 0) -> dict[str, Any]:
    run.log.append("started", host="here", pid=1)
    return fit.train(run, SourceFeed(open_source(folder), SplitSettings(seed=seed)))


class Killed(BaseException):
    """As if the process had been killed at this moment."""


def kill_in_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    begun = callbacks.Progress.on_train_batch_end

    def die(self: Any, batch: int, logs: Any = None) -> None:
        begun(self, batch, logs)
        if self._epoch == epoch and batch == 0:
            raise Killed

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", die)


@pytest.mark.parametrize(
    ("case", "at"),
    [
        ("everything", 3),
        *(
            pytest.param(case, at, marks=pytest.mark.exhaustive)
            for case in CASES
            for at in (2, 3, 6)
            if (case, at) != ("everything", 3)
        ),
    ],
)
def test_a_killed_training_goes_on_to_the_same_numbers(
    painted: Painted, tiny: Path, tmp_path: Path, case: str, at: int
) -> None:
    folder = painted(8)
    whole = trained(created(tmp_path, "whole", **CASES[case]), folder)
    run = created(tmp_path, "killed", **CASES[case])
    with pytest.MonkeyPatch.context() as patch:
        kill_in_epoch(patch, at)
        with pytest.raises(Killed):
            trained(run, folder)
    assert run.checkpoint.is_file()
    run.log.append("interrupted", message="killed")
    assert run.state().status is RunStatus.INTERRUPTED
    run.resume()
    assert run.state().status is RunStatus.QUEUED
    results = trained(run, folder)
    assert results["history"] == whole["history"]
    assert results["best_epoch"] == whole["best_epoch"]
    state = run.state()
    assert state.status is RunStatus.FINISHED
    assert [row["epoch"] for row in state.history] == [1, 2, 3, 4, 5, 6]
    ours, theirs = (
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("killed", "whole")
    )
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.array_equal(mine, other)


def test_more_epochs_of_a_finished_one(painted: Painted, tiny: Path, tmp_path: Path) -> None:
    folder = painted(8)
    run = created(tmp_path, "run", frozen_layers=4)
    before = trained(run, folder)["history"]
    with pytest.raises(UserError, match="Say how many to add"):
        run.resume()
    run.resume(more=3)
    assert run.state().epochs == 9
    results = trained(run, folder)
    assert results["history"][:6] == before
    assert [row["epoch"] for row in results["history"]] == list(range(1, 10))
    assert results["history"][-1]["loss"] < before[-1]["loss"]
    run.resume(more=2)
    assert len(trained(run, folder)["history"]) == 11


def test_a_stopped_one_goes_on_to_what_was_ordered(
    painted: Painted, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = painted(8)
    whole = trained(created(tmp_path, "whole"), folder)
    run = created(tmp_path, "run")
    ended = callbacks.Progress.on_epoch_end

    def end(self: Any, epoch: int, logs: Any = None) -> None:
        ended(self, epoch, logs)
        if epoch == 2:
            run.request_stop()

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_epoch_end", end)
        assert len(trained(run, folder)["history"]) == 3
    assert run.state().status is RunStatus.STOPPED
    run.resume()
    assert not run.stop_requested
    assert trained(run, folder)["history"] == whole["history"]


def test_a_damaged_checkpoint_begins_anew(painted: Painted, tiny: Path, tmp_path: Path) -> None:
    folder = painted(8)
    run = created(tmp_path, "run")
    with pytest.MonkeyPatch.context() as patch:
        kill_in_epoch(patch, 4)
        with pytest.raises(Killed):
            trained(run, folder)
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:500])
    run.log.append("interrupted", message="killed")
    run.resume()
    results = trained(run, folder)
    assert [row["epoch"] for row in results["history"]] == [1, 2, 3, 4, 5, 6]
    assert [row["epoch"] for row in run.state().history] == [1, 2, 3, 4, 5, 6]
    notice = run.state().notice
    assert notice
    assert "The 3 epochs that this run had trained" in notice


def test_a_healthy_checkpoint_is_taken_up_without_a_notice(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    folder = painted(8)
    run = created(tmp_path, "run", epochs=2)
    trained(run, folder)
    run.resume(more=1)
    trained(run, folder)
    assert run.state().notice is None


def test_an_optimizer_that_does_not_fit_is_reported(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    folder = painted(8)
    run = created(tmp_path, "run", epochs=2)
    trained(run, folder)
    with np.load(run.checkpoint) as file:
        arrays = dict(file)
    other = {name: np.zeros(3) if name == "optimizer0-2" else each for name, each in arrays.items()}
    with run.checkpoint.open("wb") as file:
        np.savez(file, **other)
    run.resume(more=1)
    trained(run, folder)
    notice = run.state().notice
    assert notice
    assert "optimizer's state" in notice
    assert len(run.state().history) == 3


def test_it_goes_on_where_the_disk_has_less_room_now(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    """What is cached then ends elsewhere; what learns is the same."""
    folder = painted(8)
    case = {"frozen_layers": 8, "warm_up_epochs": 0}
    whole = trained(created(tmp_path, "whole", **case), folder)
    run = created(tmp_path, "run", **case)
    with pytest.MonkeyPatch.context() as patch:
        kill_in_epoch(patch, 4)
        with pytest.raises(Killed):
            trained(run, folder)
    run.log.append("interrupted", message="killed")
    run.resume()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "_CUT_BYTES", 1)
        results = trained(run, folder)
    assert run.state().stages[Stage.TRAINING][0] > 0
    assert results["history"][:3] == whole["history"][:3]
    for ours, theirs in zip(results["history"][3:], whole["history"][3:], strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)


def test_without_its_last_epoch_a_model_is_kept_and_not_replaced(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    folder = painted(8)
    run = created(tmp_path, "run")
    before = trained(run, folder)
    kept = (run.folder / "model.keras").read_bytes()
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:500])
    run.resume(more=5)
    with pytest.raises(UserError, match="The model that it has stays"):
        trained(run, folder)
    assert (run.folder / "model.keras").read_bytes() == kept
    assert run.results() == json.loads(json.dumps(before))
    assert len(run.state().history) == 6


def test_other_images_are_refused(painted: Painted, tiny: Path, tmp_path: Path) -> None:
    run = created(tmp_path, "run")
    trained(run, painted(8))
    run.resume(more=1)
    with pytest.raises(UserError, match="the images that this run learned from"):
        trained(run, painted(8, seed=5, folder="others"))


def test_early_stopping_ends_it_finished(painted: Painted, tiny: Path, tmp_path: Path) -> None:
    run = created(tmp_path, "run", epochs=60, patience=2, learning_rate=1e-6)
    stretches: list[Any] = []
    begun = learn.Learning._train

    def train(self: Any, model: Any, *args: Any) -> None:
        stretches.append(model)
        begun(self, model, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learn.Learning, "_train", train)
        results = trained(run, painted(8))
    assert len(stretches) == 1  # it does not go on with another
    assert run.state().status is RunStatus.FINISHED
    assert len(results["history"]) == results["best_epoch"] + 2 < 60


@pytest.mark.exhaustive
def test_pixels_are_varied_anew_in_every_epoch(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    folder = painted(8)
    settings = {"frozen_layers": 0, "warm_up_epochs": 0, "epochs": 2}
    plain = trained(created(tmp_path, "plain", **settings), folder)
    varied = trained(created(tmp_path, "varied", **settings, augment="strong"), folder)
    assert plain["history"][0]["loss"] != varied["history"][0]["loss"]
    again = trained(created(tmp_path, "again", **settings, augment="strong"), folder)
    assert varied["history"] == again["history"]
