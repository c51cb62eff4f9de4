"""What learns, when, and from what: whole trainings of a tiny network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.catalogue.rows import backbone_named, parameter_counts
from core.backbones.frameworks import keras
from core.backbones.weights import own_weights
from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run
from core.training import callbacks, fit
from tests import tiny_network

pytestmark = pytest.mark.slow

Painted = Callable[..., Path]
LAYERS = 11
LAST = LAYERS - 1


def train(tmp_path: Path, folder: Path, name: str = "run", **settings: Any) -> Run:
    chosen = {"epochs": 3, "batch_size": 8, "learning_rate": 0.05} | settings
    run = Run.create(tmp_path / name, TrainingSettings("tiny", **chosen), data_name="painted")
    fit.train(run, SourceFeed(open_source(folder), SplitSettings()))
    return run


def layers_of(run: Run) -> dict[str, list[np.ndarray]]:
    """The arrays of each layer of the backbone in the model that was kept."""
    model = keras.models.load_model(run.folder / "model.keras")
    body = model.get_layer("tiny")
    return {layer.name: layer.get_weights() for layer in body.layers}


def pretrained(file: Path) -> dict[str, list[np.ndarray]]:
    model = tiny_network.build()
    model.load_weights(file)
    return {layer.name: layer.get_weights() for layer in model.layers}


def same(before: list[np.ndarray], after: list[np.ndarray]) -> list[bool]:
    return [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    "frozen",
    [
        LAYERS // 3,
        "all",
        *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (0, 2 * LAYERS // 3, LAYERS)),
    ],
)
def test_frozen_layers_stay_to_the_bit_and_thawed_ones_learn(
    painted: Painted, tiny: Path, tmp_path: Path, frozen: Any
) -> None:
    run = train(tmp_path, painted(8), frozen_layers=frozen, warm_up_epochs=0)
    before, after = pretrained(tiny), layers_of(run)
    count = LAYERS if frozen == "all" else frozen
    for index, name in enumerate(before):
        kept = same(before[name], after[name])
        if index < count:
            assert all(kept), name
        elif kept:
            assert not kept[0], name
            assert kept[2:] == [True] * len(kept[2:]), f"{name}: statistics stay"
    results = run.results()
    assert results is not None
    total, trainable = parameter_counts(
        backbone_named("tiny"), count, (), 3, seen=16 if frozen == "all" else 8
    )
    assert results["parameters"] == {"total": total, "trainable": trainable}


@pytest.mark.parametrize(
    "frozen", [4, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (0, 8))]
)
def test_batch_norm_adapts_where_it_is_asked_to(
    painted: Painted, tiny: Path, tmp_path: Path, frozen: int
) -> None:
    thawed = {"frozen_layers": frozen, "batch_norm_learns": True, "warm_up_epochs": 0}
    run = train(tmp_path, painted(8), **thawed)
    before, after = pretrained(tiny), layers_of(run)
    for index, name in enumerate(before):
        if name.startswith("bn"):
            moved = not any(same(before[name], after[name])[2:])
            assert moved == (index >= frozen), name


@pytest.mark.exhaustive
def test_from_scratch_everything_learns_and_nothing_is_pretrained(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    tiny.unlink()  # not even needed
    folder = painted(8)
    run = train(tmp_path, folder, weights="random", frozen_layers=0, epochs=6)
    state = run.state()
    assert Stage.WEIGHTS not in state.stages
    after = layers_of(run)
    assert all(np.abs(after[name][2]).max() > 0 for name in ("bn1", "bn2", "bn3"))
    results = run.results()
    assert results is not None
    total, trainable = parameter_counts(backbone_named("tiny"), 0, (), 3, seen=8)
    assert results["parameters"] == {"total": total, "trainable": trainable}
    assert results["history"][-1]["loss"] < results["history"][0]["loss"]
    again = train(tmp_path, folder, "again", weights="random", frozen_layers=0, epochs=6)
    assert run.results()["history"] == again.results()["history"]  # type: ignore[index]
    other = train(tmp_path, folder, "other", weights="random", frozen_layers=0, seed=1)
    assert not same(after["conv1"], layers_of(other)["conv1"])[0]


def test_from_scratch_weight_decay_is_the_heads_alone(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    """One step, so that the head's weights have no say yet in what the others learn."""
    folder = painted(8)
    one = {"weights": "random", "frozen_layers": 0, "epochs": 1, "batch_size": 64}
    without, decayed = (
        train(tmp_path, folder, f"decay {decay}", weight_decay=decay, **one) for decay in (0.0, 1.0)
    )
    for name, arrays in layers_of(without).items():
        assert all(same(arrays, layers_of(decayed)[name])), name
    heads = [
        keras.models.load_model(run.folder / "model.keras").get_layer("classes")
        for run in (without, decayed)
    ]
    assert not all(same(*(head.get_weights() for head in heads)))


def test_a_file_of_ones_own_is_what_it_starts_from(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(99)
    mine = tiny_network.build()
    mine.save_weights(tmp_path / "mine.weights.h5")
    own = own_weights.keep(home.HOME, tmp_path / "mine.weights.h5", "mine", backbone_named("tiny"))
    run = train(tmp_path, painted(8), weights=own.digest)
    for layer in mine.layers:
        assert all(same(layer.get_weights(), layers_of(run)[layer.name])), layer.name
    own_weights.delete(home.HOME, own.digest)
    with pytest.raises(UserError, match="no longer here"):
        train(tmp_path, painted(8, folder="other"), "later", weights=own.digest)


def stop_after(monkeypatch: pytest.MonkeyPatch, epochs: int) -> None:
    """As somebody who presses Stop when that many epochs have ended."""
    ended = callbacks.Progress.on_epoch_end

    def end(self: Any, epoch: int, logs: Any = None) -> None:
        ended(self, epoch, logs)
        if epoch + 1 == epochs:
            self._run.request_stop()

    monkeypatch.setattr(callbacks.Progress, "on_epoch_end", end)


def test_the_head_warms_up_alone(
    painted: Painted, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped when two warm-up epochs of two have ended, only the head has learned."""
    stop_after(monkeypatch, 2)
    run = train(tmp_path, painted(8), frozen_layers=4, warm_up_epochs=2, epochs=5)
    assert run.state().status is RunStatus.STOPPED
    history = run.results()["history"]  # type: ignore[index]
    assert len(history) == 2
    assert history[1]["loss"] < history[0]["loss"]
    before, after = pretrained(tiny), layers_of(run)
    assert all(all(same(before[name], after[name])) for name in before)


def test_then_the_thawed_layers_join_in(
    painted: Painted, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(tmp_path, painted(8), frozen_layers=4, warm_up_epochs=2, epochs=4)
    results = run.results()
    assert results is not None
    assert [row["epoch"] for row in results["history"]] == [1, 2, 3, 4]
    if results["best_epoch"] > 2:
        assert not all(same(pretrained(tiny)["conv3"], layers_of(run)["conv3"]))
    stages = [e for e in run.log.read()[0] if e["event"] == "stage" and e["stage"] == "training"]
    assert [e["done"] for e in stages] == sorted(e["done"] for e in stages)
    assert stages[-1]["done"] == stages[-1]["total"]


def test_one_epoch_is_left_for_the_thawed_layers(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    run = train(tmp_path, painted(8), frozen_layers=4, warm_up_epochs=9, epochs=1)
    assert not same(pretrained(tiny)["conv3"], layers_of(run)["conv3"])[0]


def test_warming_up_runs_the_backbone_once_an_image_and_not_again(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    """Features of the whole backbone are those of an earlier run with everything frozen."""
    folder = painted(8)
    train(tmp_path, folder, "frozen")
    run = train(tmp_path, folder, "thawed", frozen_layers=4, warm_up_epochs=1)
    again = train(tmp_path, folder, "again", frozen_layers=4, warm_up_epochs=1)
    features = [r.state().stages[Stage.FEATURES][:2] for r in (run, again)]
    assert features == [(24, 24), (0, 0)]  # at the cut; then nothing at all
    assert run.results()["history"] == again.results()["history"]  # type: ignore[index]


def test_the_kept_model_says_what_the_results_say(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    """After a warm-up and with adapted batch norm, on the very images that were judged."""
    folder = painted(8)
    run = train(tmp_path, folder, frozen_layers=5, batch_norm_learns=True, epochs=4)
    results = run.results()
    assert results is not None
    from core.results.predictor import of_run

    judged = tmp_path / "judged"
    found = SourceFeed(open_source(folder), SplitSettings()).read(
        lambda _: True, lambda _: None, 16, lambda *_: None
    )
    for record in found.of("validation"):
        target = judged / record.label / Path(record.file).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((folder / record.file).read_bytes())
    again = of_run(run.folder).evaluate(open_source(judged), lambda *_: None)
    assert again["correct"] == results["correct"]
    assert again["confusion"] == results["confusion"]
