"""The best epoch is kept, progress is told, and a lost training is ended."""

import gc
import math
import weakref
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.datasets.dataset import Record
from core.errors import StopRequested, UserError
from core.network.features import FeatureCache
from core.settings import TrainingSettings
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run, best_epoch
from core.training import callbacks
from core.training.batches import Batches, Lessons, Views, balancing
from core.training.callbacks import KeepBest, Progress, Rate


def row(accuracy: float, loss: float) -> dict[str, float]:
    return {"accuracy": 0.5, "loss": 1.0, "val_accuracy": accuracy, "val_loss": loss}


HISTORIES = {
    "the last": ([row(0.1, 1), row(0.2, 1), row(0.3, 1)], 3),
    "the first": ([row(0.9, 1), row(0.2, 0.1), row(0.3, 0.1)], 1),
    "a tie, the lower loss": ([row(0.9, 0.5), row(0.9, 0.3), row(0.9, 0.4)], 2),
    "a tie in both, the earlier": ([row(0.5, 0.5), row(0.9, 0.3), row(0.9, 0.3)], 2),
    "accuracy comes before loss": ([row(0.8, 0.1), row(0.81, 9.0)], 2),
    "nothing right at all": ([row(0.0, 3), row(0.0, 2)], 2),
}


@pytest.fixture
def model() -> Any:
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("name", HISTORIES)
def test_the_best_epoch_is_kept_and_restored(model: Any, name: str) -> None:
    history, expected = HISTORIES[name]
    best = KeepBest(model.variables)
    best.set_model(model)
    assert best.epoch is None
    for epoch, logs in enumerate(history):
        model.set_weights([np.array([[epoch + 1.0]])])  # the weights tell their epoch
        best.on_epoch_end(epoch, logs)
    assert best.epoch == expected
    best.restore()
    assert model.get_weights()[0].item() == expected
    assert [entry["epoch"] for entry in best.history] == list(range(1, len(history) + 1))
    assert best_epoch(best.history) == expected  # the pages judge by the same rule


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", TrainingSettings(epochs=3), data_name="painted")


def events(run: Run, name: str) -> list[dict[str, Any]]:
    return [event for event in run.log.read()[0] if event["event"] == name]


def test_progress_is_told_a_few_times_a_second(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock)
    progress = Progress(run, epochs=3, steps=10)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    for step in range(10):
        clock += 0.125
        progress.on_train_batch_end(step, {"loss": 0.123456789, "accuracy": 0.5})
    progress.on_epoch_end(0, row(0.75, 0.25))
    beats = events(run, "batch")
    assert [(beat["epoch"], beat["step"], beat["steps"]) for beat in beats] == [
        (1, 4, 10),
        (1, 8, 10),
    ]
    assert beats[0]["loss"] == 0.123457
    stages = events(run, "stage")
    assert [(stage["done"], stage["total"]) for stage in stages] == [
        (0, 30),
        (4, 30),
        (8, 30),
        (10, 30),
    ]
    assert stages[0]["seconds_left"] is None
    assert stages[2]["seconds_left"] == pytest.approx(2.8)
    (epoch,) = events(run, "epoch")
    assert epoch["epoch"] == 1
    assert epoch["val_accuracy"] == 0.75
    assert epoch["seconds"] == pytest.approx(1.25)
    run.log.append("started")
    state = run.state()
    assert state.stage == Stage.TRAINING
    assert state.status == RunStatus.RUNNING


def test_what_is_traced_once_does_not_count_for_the_time_left(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow takes seconds for the first batch, and for the first validation."""
    clock = 100.0
    monkeypatch.setattr("core.storage.progress.time.monotonic", lambda: clock)
    progress = Progress(run, epochs=3, steps=10)
    progress.on_train_begin()
    for epoch in range(2):
        progress.on_epoch_begin(epoch)
        for step in range(10):
            clock += 50 if (epoch, step) == (0, 0) else 0.5
            progress.on_train_batch_end(step, {"loss": 0.5})
        clock += 30 if epoch == 0 else 1
        progress.on_epoch_end(epoch, row(0.75, 0.25))
    told = {stage["done"]: stage["seconds_left"] for stage in events(run, "stage")}
    assert told[5] == pytest.approx(12.5)  # 25 steps of half a second; validation is yet to come
    assert told[20] == pytest.approx(6)


def test_a_stop_is_noticed_after_the_batch(run: Run) -> None:
    progress = Progress(run, epochs=3, steps=10)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, {"loss": 1.0})
    run.request_stop()
    with pytest.raises(StopRequested):
        progress.on_train_batch_end(1, {"loss": 1.0})


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_ends_the_training(run: Run, loss: float) -> None:
    progress = Progress(run, epochs=3, steps=10)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    with pytest.raises(UserError, match="lower learning rate"):
        progress.on_train_batch_end(0, {"loss": loss})


@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_an_epoch_that_ends_without_a_number_ends_the_training(run: Run, name: str) -> None:
    """The last step may ruin the weights: only the validation shows it. NaN is no JSON either."""
    progress = Progress(run, epochs=3, steps=10)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    with pytest.raises(UserError, match="lower learning rate"):
        progress.on_epoch_end(0, row(0.5, 0.5) | {name: math.nan})
    assert events(run, "epoch") == []


def records(count: int) -> list[Record]:
    return [Record(f"{n}.png", "ab"[n % 2], "train", f"{n:064x}", 8, 8, 100) for n in range(count)]


def batches(count: int, size: int) -> Batches:
    cache = FeatureCache("key", (1,))
    for number in range(count):
        cache.add(f"{number:064x}", np.array([number], np.float32))
    return Batches(records(count), ("a", "b"), cache, size)


def contents(given: Iterable[Any]) -> list[list[int]]:
    made = []
    for features, labels in given:
        numbers = features[:, 0].astype(int).tolist()
        assert labels.tolist() == [number % 2 for number in numbers]
        made.append(numbers)
    return made


def test_batches_in_their_own_order() -> None:
    given = batches(7, 3)
    assert contents(given[i] for i in range(len(given))) == [[0, 1, 2], [3, 4, 5], [6]]


def test_one_batch_larger_than_the_data() -> None:
    assert contents([batches(3, 100)[0]]) == [[0, 1, 2]]


def lessons(count: int, size: int, weights: Any = None, variants: int = 0) -> Lessons:
    cache = FeatureCache("key", (1,))
    keys = [[f"{n:032x}{v:032x}" for v in range(variants + 1)] for n in range(count)]
    for number in range(count):
        for variant, key in enumerate(keys[number]):
            cache.add(key, np.array([number + variant / 10], np.float32))
    views = Views(cache, [each[0] for each in keys], [each[1:] for each in keys])
    return Lessons(records(count), ("a", "b"), views, size, weights)


def epoch(given: Lessons, number: int, seed: int = 3) -> list[list[int]]:
    return contents(islice(given.from_epoch(number, seed), len(given)))


def test_lessons_hold_every_image_once_an_epoch_in_a_seeded_order() -> None:
    given = lessons(20, 6)
    assert len(given) == 4
    first, second = epoch(given, 0), epoch(given, 1)
    assert [len(batch) for batch in first] == [6, 6, 6, 2]
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(20))
    assert first != second
    assert epoch(lessons(20, 6), 0) == first
    assert epoch(given, 0, seed=4) != first


def test_who_keeps_the_stream_keeps_no_features() -> None:
    """TensorFlow does, for as long as the process lives."""
    given = lessons(20, 6)
    stream = given.from_epoch(0, 9)
    next(stream)
    gone = weakref.ref(given)
    del given
    gc.collect()
    assert gone() is None
    assert list(stream) == []


def test_a_resumed_training_meets_the_same_batches() -> None:
    given = lessons(20, 6, variants=2)
    whole = list(islice(given.from_epoch(0, 9), 12))
    later = list(islice(given.from_epoch(2, 9), 4))
    for (features, labels), (again, same) in zip(whole[8:], later, strict=True):
        assert np.array_equal(features, again)
        assert np.array_equal(labels, same)


def test_variants_take_turns_with_the_image_itself() -> None:
    given = lessons(20, 20, variants=2)
    seen = {
        int(number): set()
        for number in range(20)
    }  # fmt: skip
    for features, _ in islice(given.from_epoch(0, 1), 30):
        for value in features[:, 0]:
            seen[int(value)].add(round(float(value) % 1, 1))
    assert all(views == {0.0, 0.1, 0.2} for views in seen.values())


def test_rare_classes_count_as_much() -> None:
    labels = np.array([0] * 30 + [1] * 10)
    weights = balancing(labels, 3)
    assert weights[:2] == pytest.approx([40 / 90, 40 / 30])
    assert np.isfinite(weights).all()  # a class without images for training, too
    given = lessons(8, 8, np.array([1.0, 3.0]))
    batch = next(given.from_epoch(0, 0))
    assert np.array_equal(batch[2], np.where(batch[1] == 1, 3.0, 1.0))


def test_early_stopping_waits_for_its_patience(model: Any) -> None:
    best = KeepBest(model.variables, patience=2)
    best.set_model(model)
    told = []
    for number, value in enumerate([0.1, 0.3, 0.2, 0.35, 0.3, 0.3]):
        model.stop_training = False
        best.on_epoch_end(number, row(value, 1))
        told.append(model.stop_training)
    assert told == [False, False, False, False, False, True]
    warming = KeepBest(model.variables, patience=1)
    warming.set_model(model)
    warming.waited_from = 3  # the head alone warmed up until then
    model.stop_training = False
    for number in range(3):
        warming.on_epoch_end(number, row(0.5 - number / 10, 1))
    assert not model.stop_training
    warming.on_epoch_end(3, row(0.1, 1))
    assert model.stop_training


def test_batches_come_several_in_one_but_never_from_two_epochs() -> None:
    given = lessons(20, 6)
    first = contents(islice(given.from_epoch(0, 3, at_once=3), 4))
    assert [len(several) for several in first] == [18, 2, 18, 2]
    assert list(chain(*first)) == list(chain(*epoch(given, 0), *epoch(given, 1)))


def test_steps_that_are_taken_at_once_are_counted_one_by_one(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 100.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock)
    progress = Progress(run, epochs=3, steps=10)
    progress.at_once = 4
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    for call in range(3):
        clock += 1
        progress.on_train_batch_end(call, {"loss": 0.5})
    assert [beat["step"] for beat in events(run, "batch")] == [4, 8, 10]
    assert [stage["done"] for stage in events(run, "stage")] == [0, 4, 8, 10]


def test_every_step_has_its_own_rate() -> None:
    told: list[np.ndarray] = []
    rate = Rate([(told.append, 0.5)], lambda epoch: 1 - epoch / 2, steps=4, at_once=3)
    rate.on_epoch_begin(1)
    rate.on_train_batch_begin(0)
    rate.on_train_batch_begin(1)
    assert told[0] == pytest.approx([0.25, 0.1875, 0.125])
    assert told[1][0] == pytest.approx(0.0625)
