"""A whole training on real EfficientNet-Lite0 weights and painted pictures."""

import gc
import json
import math
import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import psutil
import pytest
from PIL import Image, ImageDraw

from core.backbones.catalogue.rows import BACKBONES, parameter_counts
from core.backbones.frameworks import keras
from core.datasets import store
from core.datasets.dataset import Record
from core.datasets.feed import SourceFeed, StoredFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.pictures import images
from core.jobs import queue
from core.network import engine
from core.results import learned
from core.results.answers import choosing, kept
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run
from core.training import fit, learn
from tests import saved

Painted = Callable[..., Path]
LITE0 = BACKBONES["efficientnet_lite0"]

# As docs/run-folder.md tells it, besides `event` and `time`.
FIELDS = {
    "queued": {"cluster"},
    "images": {"images", "classes"},
    "stage": {"stage", "done", "total", "seconds_left"},
    "batch": {"epoch", "step", "steps", "accuracy", "loss"},
    "epoch": {"epoch", "accuracy", "loss", "val_accuracy", "val_loss", "seconds"},
    "solved": {"val_accuracy", "val_loss", "kept"},
    "finished": {"best_epoch", "turn"},
    "stopped": {"best_epoch", "turn", "finishing"},
}
RESULTS = {
    *("accuracy", "correct", "images", "interval", "classes", "per_class", "confusion"),
    *(
        "mistakes",
        "learned_from",
        "unseen",
        "split",
        "history",
        "best_epoch",
        "ordered",
        "kept",
        "solved",
        "calibration",
        "familiar",
        "refit",
        "val_accuracy",
        "parameters",
        "seconds",
    ),
}

pytestmark = pytest.mark.usefixtures("warm_home")


def new_run(tmp_path: Path, name: str = "run", **settings: Any) -> Run:
    chosen = TrainingSettings(**{"epochs": 3, "batch_size": 8, "learning_rate": 0.01} | settings)
    return Run.create(tmp_path / name, chosen, data_name="painted")


def feed(folder: Path, seed: int = 0) -> SourceFeed:
    return SourceFeed(open_source(folder), SplitSettings(seed=seed))


def events(run: Run) -> list[dict[str, Any]]:
    lines = (run.folder / "progress.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def inside(run: Run) -> set[str]:
    return {path.name for path in run.folder.iterdir()}


def without_seconds(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in FIELDS["epoch"] - {"seconds"}} for row in history]


@pytest.mark.slow
def test_a_run_from_images_to_results(painted: Painted, tmp_path: Path) -> None:
    folder = painted(8, seed=1)
    run = new_run(tmp_path, refit=False)
    results = fit.train(run, feed(folder))
    gc.collect()
    held = [each.path for each in psutil.Process().open_files() if each.path.endswith(".npy")]
    assert not held, "a process that has trained for weeks must not run out of open files"

    told = events(run)
    for event in told:
        assert set(event) - {"event", "time"} == FIELDS[event["event"]]
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)
    names = [event["event"] for event in told]
    assert names[0] == "queued"
    assert names[-1] == "finished"
    assert names.count("epoch") == 3
    first_met = list(dict.fromkeys(e["stage"] for e in told if e["event"] == "stage"))
    # Weights come with pip, and compiling is what a worker does afterwards.
    order = [Stage.BUILDING, Stage.READING, Stage.FEATURES, Stage.TRAINING, Stage.EVALUATION]
    assert first_met == order
    last = {e["stage"]: e for e in told if e["event"] == "stage"}
    assert {stage: (e["done"], e["total"]) for stage, e in last.items()} == {
        "reading": (24, 24),
        "features": (24, 24),
        "training": (9, 9),  # three epochs of three steps: 18 or 19 pictures by 8
        "evaluation": (6, 6),
        "building": (1, 1),
    }

    state = run.state()
    assert state.status == RunStatus.FINISHED
    assert state.best_epoch == results["best_epoch"] == told[-1]["best_epoch"]
    assert without_seconds(state.history) == results["history"]

    assert set(results) == RESULTS
    assert run.results() == json.loads(json.dumps(results))
    assert results["classes"] == ["circle", "cross", "stripes"]
    assert results["split"] == "validation"
    assert results["images"] == 6
    assert results["accuracy"] == pytest.approx(results["val_accuracy"], abs=1e-6)
    best = results["history"][results["best_epoch"] - 1]
    assert best["val_accuracy"] == max(row["val_accuracy"] for row in results["history"])
    total, trainable = parameter_counts(LITE0, len(LITE0.layers), (), 3, 2096)
    assert results["parameters"] == {"total": total, "trainable": trainable}
    assert set(results["seconds"]) == {"read", "features", "fit", "total"}
    assert results["history"][-1]["accuracy"] > 0.6  # it has learnt something

    assert inside(run) == {
        *("settings.json", "progress.jsonl", "checkpoint.npz"),
        *("model.keras", "model.json", "results.json", "learned.json", "judged.npz"),
    }
    assert files.read_json(run.folder / "model.json") == {
        "classes": ["circle", "cross", "stripes"],
        "origins": ["circle", "cross", "stripes"],
        "backbone": "efficientnet_lite0",
        "alpha": 1.0,
        "frozen_layers": len(LITE0.layers),
        "input_size": 224,
        "cut_off": None,
        "familiar": {"threshold": 0.05},
        "square": "squash",
        "levels": None,
        "bands": [0, 1, 2],
        "paper": "white",
    }
    assert_kept_model_says_what_the_results_say(run, folder)


def assert_kept_model_says_what_the_results_say(run: Run, folder: Path) -> None:
    results = run.results()
    assert results is not None
    found = feed(folder).read(lambda _: True, lambda _: None, 224, lambda *_: None)
    judged = found.of(results["split"])
    answers = kept_model_says(run, folder, judged).argmax(axis=1)
    true = [found.classes.index(record.label) for record in judged]
    assert results["correct"] == int((answers == true).sum())
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (true, answers), 1)
    assert results["confusion"] == confusion.tolist()


def kept_model_says(run: Run, folder: Path, records: list[Record]) -> np.ndarray:
    model = keras.models.load_model(run.folder / "model.keras")
    pixels = [
        images.to_square(images.decode((folder / record.file).read_bytes(), 224), 224)
        for record in records
    ]
    return saved.probabilities(model, np.stack(pixels))


@pytest.mark.slow
@pytest.mark.parametrize(
    "dense",
    [
        pytest.param((), id="solved exactly"),
        pytest.param((8,), id="trained anew", marks=pytest.mark.exhaustive),
    ],
)
def test_at_the_end_it_learns_from_all_but_the_test_side(
    painted: Painted, tmp_path: Path, dense: tuple[int, ...]
) -> None:
    """The numbers are those from before; only the model changes."""
    archive = tmp_path / "split"
    archive.mkdir()
    painted(8, seed=1, folder="one").rename(archive / "train")
    painted(3, seed=3, folder="two").rename(archive / "test")
    found = {}
    for refit in (False, True):
        run = new_run(tmp_path, f"refit-{refit}", refit=refit, dense=dense)
        results = fit.train(run, feed(archive))
        assert results["refit"] == (24 if refit else None)
        model = keras.models.load_model(run.folder / "model.keras")
        found[refit] = (results, learned.digests(run), model.get_layer("classes").get_weights())
    (before, some, weights), (after, more, others) = found[False], found[True]
    assert before["confusion"] == after["confusion"]
    assert before["history"] == after["history"]
    records = feed(archive).read(lambda _: False, lambda _: None, 224, lambda *_: None).records
    sides = {side: {r.digest for r in records if r.split == side} for side in ("train", "test")}
    assert some == sides["train"]
    assert more == {r.digest for r in records} - sides["test"]
    assert np.abs(weights[0] - others[0]).max() > 1e-4


@pytest.mark.exhaustive
def test_a_lower_precision_does_not_shift_what_the_model_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line drawings, whose early stages hardly vary: predictions run in float32."""
    if "BF16" not in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    monkeypatch.setattr(engine, "feature_precision", lambda: engine.BFLOAT16)
    rng = random.Random(0)
    for angle in range(0, 180, 12):
        (tmp_path / "drawn" / f"{angle}°").mkdir(parents=True)
        for number in range(10):
            paper = Image.new("RGB", (105, 105), "white")
            x, y, r = rng.randrange(30, 75), rng.randrange(30, 75), rng.randrange(12, 28)
            way = math.radians(angle + rng.uniform(-5, 5))
            line = (x, y, x + r * math.cos(way), y + r * math.sin(way))
            ImageDraw.Draw(paper).line(line, fill="black", width=2)
            paper.save(tmp_path / "drawn" / f"{angle}°" / f"{number}.png")
    measured: list[np.ndarray] = []
    answers = learn.Learning.answers
    monkeypatch.setattr(
        learn.Learning,
        "answers",
        lambda *given: measured.append(answers(*given)) or measured[-1],
    )
    run = new_run(tmp_path, refit=False)
    fit.train(run, feed(tmp_path / "drawn"))
    found = feed(tmp_path / "drawn").read(lambda _: True, lambda _: None, 224, lambda *_: None)
    said = kept_model_says(run, tmp_path / "drawn", found.of("validation"))
    assert np.abs(said - measured[-1]).mean() < 0.03


@pytest.mark.slow
def test_the_total_of_pictures_to_run_never_moves(painted: Painted, tmp_path: Path) -> None:
    folder = painted(8, seed=6)
    (folder / "circle" / "copy.png").write_bytes((folder / "circle" / "0.png").read_bytes())
    stored = tmp_path / "stored"
    store.import_dataset(open_source(folder), stored, split=SplitSettings(), name="painted")
    run = new_run(tmp_path, epochs=1)
    fit.train(run, StoredFeed(stored))
    through = [event for event in events(run) if event.get("stage") == Stage.FEATURES]
    assert len(through) > 1
    assert {event["total"] for event in through} == {24}
    assert through[-1]["done"] == 24


@pytest.mark.slow
def test_another_head_on_the_same_pictures_runs_nothing_frozen_again(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = painted(8, seed=1)
    fit.train(new_run(tmp_path, "first", epochs=1), feed(folder))

    def never(*_: Any) -> Any:
        raise AssertionError("the frozen part is run again")

    monkeypatch.setattr(engine, "compile_model", never)
    run = new_run(tmp_path, "second", epochs=2, dense=(16, 8), dropout=0.2, optimizer="adamw")
    results = fit.train(run, feed(folder))
    through = [(e["done"], e["total"]) for e in events(run) if e.get("stage") == "features"]
    assert through[-1] == (0, 0)
    assert {done for done, _ in through} == {0}
    total, trainable = parameter_counts(LITE0, len(LITE0.layers), (16, 8), 3, 2096)
    assert results["parameters"] == {"total": total, "trainable": trainable}
    assert_kept_model_says_what_the_results_say(run, folder)


@pytest.mark.slow
def test_the_total_of_the_frozen_part_never_moves_whatever_is_a_copy(
    painted: Painted, tmp_path: Path
) -> None:
    folder = painted(8, seed=1)
    for number, file in enumerate(sorted((folder / "cross").iterdir())[:5]):
        shutil.copy(file, folder / "cross" / f"copy{number}.png")
    first, second = new_run(tmp_path, "first", epochs=1), new_run(tmp_path, "second", epochs=1)
    files.remove(home.cache() / "features")  # another test leaves those of the same
    fit.train(first, feed(folder))
    through = [(e["done"], e["total"]) for e in events(first) if e.get("stage") == "features"]
    assert {total for _, total in through} == {29}
    assert through == sorted(through)
    assert through[-1] == (29, 29)
    stored = tmp_path / "stored"
    store.import_dataset(open_source(folder), stored, split=SplitSettings(), name="x")
    files.remove(home.cache() / "features")
    fit.train(second, StoredFeed(stored, 1))
    through = [(e["done"], e["total"]) for e in events(second) if e.get("stage") == "features"]
    assert {total for _, total in through} == {24}, "each picture once, as the page says"
    assert through[-1] == (24, 24)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_history(painted: Painted, tmp_path: Path) -> None:
    folder = painted(8, seed=1)

    def history(name: str, seed: int) -> list[dict[str, Any]]:
        run = new_run(tmp_path, name, seed=seed, dense=(8,), dropout=0.5)
        kept: list[dict[str, Any]] = fit.train(run, feed(folder))["history"]
        return kept

    first = history("first", 7)
    assert history("again", 7) == first
    assert history("other", 8) != first


@pytest.mark.slow
def test_a_stop_before_the_first_epoch_leaves_no_model(painted: Painted, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.request_stop()
    results = fit.train(run, feed(painted(2, seed=2)))
    assert results["best_epoch"] is None
    told = events(run)
    assert told[-1]["event"] == "stopped"
    assert told[-1]["best_epoch"] is None
    assert not {"model.keras", "model.json", "results.json"} & inside(run)
    assert not run.has_model
    assert run.state().status == RunStatus.STOPPED


@pytest.mark.slow
def test_a_stop_in_the_first_epoch_leaves_no_model(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training import callbacks

    run = new_run(tmp_path)
    begin = callbacks.Progress.on_epoch_begin

    def stop_now(self: Any, epoch: int, logs: Any = None) -> None:
        run.request_stop()
        begin(self, epoch, logs)

    monkeypatch.setattr(callbacks.Progress, "on_epoch_begin", stop_now)
    fit.train(run, feed(painted(8, seed=1)))
    state = run.state()
    assert state.status == RunStatus.STOPPED
    assert state.best_epoch is None
    assert state.stage == Stage.TRAINING
    assert not {"model.keras", "model.json", "results.json"} & inside(run)


@pytest.mark.slow
@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(Run.request_stop, id="a terminal", marks=pytest.mark.exhaustive),
        pytest.param(queue.stop, id="a page"),
    ],
)
def test_a_stop_in_training_keeps_the_best(painted: Painted, stop: Callable[[Run], None]) -> None:
    folder = painted(8, seed=1)
    kept = home.HOME.runs() / home.new_id()  # where a page finds it
    kept.mkdir(parents=True)
    run = new_run(kept, epochs=1000)
    run.log.append("started", host="here", pid=os.getpid())
    ended = threading.Event()

    def watch() -> None:  # as a page does, from outside
        state = run.state()
        while not ended.wait(0.01):
            state = run.state(state)
            if len(state.history) >= 2:
                stop(run)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        results = fit.train(run, feed(folder))
    finally:
        ended.set()
        watcher.join()
    assert 2 <= len(results["history"]) < 1000
    state = run.state()
    assert state.status == RunStatus.STOPPED
    assert state.best_epoch == results["best_epoch"]
    assert [row["epoch"] for row in state.history] == [row["epoch"] for row in results["history"]]
    assert sum(event["event"] == "stopped" for event in events(run)) == 1
    assert_kept_model_says_what_the_results_say(run, folder)


@pytest.mark.slow
def test_a_loss_that_explodes_is_told_plainly(painted: Painted, tmp_path: Path) -> None:
    run = new_run(tmp_path, optimizer="sgd", learning_rate=10.0, dense=(256, 256, 256), epochs=100)
    with pytest.raises(UserError, match="lower learning rate"):
        fit.train(run, feed(painted(8, seed=1)))
    assert not {"model.keras", "model.json", "results.json"} & inside(run)
    assert events(run)[-1]["event"] not in ("finished", "stopped")


def test_more_frozen_layers_than_there_are(painted: Painted, tmp_path: Path) -> None:
    run = new_run(tmp_path, frozen_layers=len(LITE0.layers) + 1)
    with pytest.raises(UserError, match=f"at most {len(LITE0.layers)} frozen layers"):
        fit.train(run, feed(painted(2, seed=2)))
    assert not run.has_model


@pytest.mark.exhaustive
def test_all_layers_by_number_use_the_features_of_all(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = painted(8, seed=1)
    first = fit.train(new_run(tmp_path, "first"), feed(folder))
    monkeypatch.setattr(engine, "compile_model", lambda *_: pytest.fail("run again"))
    second = fit.train(new_run(tmp_path, "second", frozen_layers=len(LITE0.layers)), feed(folder))
    assert second["history"] == first["history"]


def test_an_unknown_backbone(painted: Painted, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Expected a backbone among"):
        fit.train(new_run(tmp_path, backbone="lenet"), feed(painted(2, seed=2)))


@pytest.mark.slow
def test_one_batch_may_hold_all(painted: Painted, tmp_path: Path) -> None:
    run = new_run(tmp_path, batch_size=4096, epochs=2)
    results = fit.train(run, feed(painted(2, seed=2)))
    assert len(results["history"]) == 2
    assert run.state().stages[Stage.TRAINING][:2] == (2, 2)


@pytest.mark.slow
def test_results_rest_on_a_test_side_where_there_is_one(painted: Painted, tmp_path: Path) -> None:
    archive = tmp_path / "split"
    archive.mkdir()
    painted(8, seed=1, folder="one").rename(archive / "train")
    painted(3, seed=3, folder="two").rename(archive / "test")
    run = new_run(tmp_path, refit=False)
    results = fit.train(run, feed(archive))
    assert results["split"] == "test"
    assert results["images"] == 9
    solved, best = results["solved"], results["history"][results["best_epoch"] - 1]
    assert results["kept"] == ("solution" if solved["kept"] else "epoch")
    kept = solved if solved["kept"] else best
    assert results["val_accuracy"] == kept["val_accuracy"]
    assert_kept_model_says_what_the_results_say(run, archive)


def test_an_error_in_the_engine_reaches_the_caller(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError("the graph cannot be written")

    monkeypatch.setattr(engine, "compile_model", broken)
    with pytest.raises(OSError, match="the graph cannot be written"):
        fit.train(new_run(tmp_path), feed(painted(2, seed=4)))


def test_pictures_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="at least 2 classes"):
        fit.train(new_run(tmp_path), feed(tmp_path / "data"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("share", [0, 2 / 3])
def test_thawed_layers_learn_and_frozen_ones_do_not(
    painted: Painted, tmp_path: Path, share: float
) -> None:
    folder = painted(4, seed=1)
    frozen = int(share * len(LITE0.layers))
    run = new_run(tmp_path, frozen_layers=frozen, epochs=2, learning_rate=1e-3)
    results = fit.train(run, feed(folder))
    total, trainable = parameter_counts(LITE0, frozen, (), 3, 1280)
    assert results["parameters"] == {"total": total, "trainable": trainable}
    assert_kept_model_says_what_the_results_say(run, folder)
    untouched = {layer.name: layer for layer in pretrained().layers}
    model = keras.models.load_model(run.folder / "model.keras")
    body = model.get_layer(LITE0.name)
    assert len(body.layers) == len(LITE0.layers)
    for index, layer in enumerate(body.layers):
        pairs = zip(layer.get_weights(), untouched[layer.name].get_weights(), strict=True)
        same = [np.array_equal(mine, before) for mine, before in pairs]
        if index < frozen:
            assert all(same), layer.name
        elif same:
            assert not same[0], layer.name
            if isinstance(layer, keras.layers.BatchNormalization):
                assert same[2:] == [True, True], layer.name
    # A later run in the same process must not start from what this one has learnt.
    later = new_run(tmp_path, "later")
    fit.train(later, feed(folder))
    body = keras.models.load_model(later.folder / "model.keras").get_layer(LITE0.name)
    for layer in body.layers:
        pairs = zip(layer.get_weights(), untouched[layer.name].get_weights(), strict=True)
        assert all(np.array_equal(mine, before) for mine, before in pairs), layer.name


def pretrained() -> Any:
    from core.backbones import load
    from core.backbones.weights import weights

    file = weights.find(LITE0)
    assert file is not None
    return load.load(LITE0, file)


def test_what_was_said_of_each_image_is_kept_with_the_run(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    run = Run.create(tmp_path / "run", TrainingSettings("tiny", epochs=2), data_name="painted")
    fit.train(run, SourceFeed(open_source(painted(10)), SplitSettings()))
    results, answers = run.results(), kept.read(run.folder)
    assert results is not None
    assert answers is not None
    assert len(answers.files) == results["images"]
    table = [
        [len(choosing.places(answers, choosing.Wanted(true, predicted))) for predicted in range(3)]
        for true in range(3)
    ]
    assert table == results["confusion"]
