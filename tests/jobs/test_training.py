"""Real trainings on a real cluster: a dying worker, Stop, and a picture named meanwhile."""

import numpy as np
import psutil
import pytest
from PIL import Image

from core.backbones.catalogue.rows import all_backbones
from core.datasets import store
from core.datasets.samples.samples import examples
from core.intake.archives.archive import open_source
from core.jobs import comparing, queue, tasks
from core.jobs.cluster import connection
from core.results.overview import rows
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.job import DIED, Kind, RunStatus
from core.storage.runs import Run
from tests.jobs.conftest import DEADLINE

pytestmark = pytest.mark.cluster

ENDLESS = TrainingSettings(epochs=1000)


def _trains(run: Run) -> bool:
    state = queue.status(run)
    assert not state.status.final, state.message
    return bool(state.history)


@pytest.mark.exhaustive  # the browser's journey does it, too
def test_stop_keeps_the_best_epoch_and_the_run_can_predict(sketches, wait, tmp_path):
    run = queue.submit_training(home.HOME.dataset(sketches), ENDLESS)
    wait(lambda: len(queue.status(run).history) >= 2)

    queue.stop(run)

    wait(lambda: queue.status(run).status.final)
    state = queue.status(run)
    assert state.status == RunStatus.STOPPED
    wait(lambda: queue.status(run).finishing is None)
    results = run.results()
    assert results is not None
    assert results["best_epoch"] == state.best_epoch
    assert len(results["history"]) < ENDLESS.epochs
    pictures = []
    for name, data, _ in examples("sketches"):
        (tmp_path / name).write_bytes(data)
        pictures.append(tmp_path / name)
    predictions = queue.ask(tasks.predict, run.folder, pictures, top=2)
    truth = [label for *_, label in examples("sketches")]
    right = sum(p.label == label for p, label in zip(predictions, truth, strict=True))
    assert right > len(truth) / 2


@pytest.mark.exhaustive
def test_compared_backbones_are_trained_one_after_another_on_the_same_split(sketches, wait):
    settings = TrainingSettings(epochs=2)
    chosen = [all_backbones()[f"efficientnet_lite{number}"] for number in (2, 0)]
    comparison = comparing.submit(home.HOME.dataset(sketches), settings, chosen)
    compared = [row for row in rows.rows(home.HOME) if row.comparison == comparison]
    assert {row.settings.backbone for row in compared} == {each.name for each in chosen}
    assert {row.version for row in compared} == {1}
    first, second = sorted((row.run for row in compared), key=lambda run: run.state().submitted)
    assert first.settings.backbone == "efficientnet_lite0", "the smallest first"
    wait(lambda: queue.status(second).status.final)
    done = [row for row in rows.rows(home.HOME) if row.comparison == comparison]
    assert [row.accuracy is not None and row.seconds > 0 for row in done] == [True, True]
    sides = [dict(queue.status(run).images) for run in (first, second)]
    assert sides[0] == sides[1]


def test_prediction_and_reading_do_not_wait_for_training(sketches, wait, tmp_path):
    quick = queue.submit_training(home.HOME.dataset(sketches), TrainingSettings(epochs=1))
    wait(lambda: queue.status(quick).status.final)
    busy = queue.submit_training(home.HOME.dataset(sketches), ENDLESS)
    wait(lambda: _trains(busy))
    name, data, _ = examples("sketches")[0]
    (tmp_path / name).write_bytes(data)

    (prediction,) = queue.ask(tasks.predict, quick.folder, [tmp_path / name], top=1)
    another = queue.submit_sample(home.HOME, "sketches")
    wait(lambda: queue.import_state(home.HOME.dataset(another)).status.final)

    assert prediction.label in store.load(home.HOME.datasets() / sketches).classes
    assert queue.import_state(home.HOME.dataset(another)).status == RunStatus.FINISHED
    assert queue.status(busy).status == RunStatus.RUNNING
    queue.stop(busy)
    wait(lambda: queue.status(busy).status.final)


def test_a_worker_killed_in_mid_training_takes_down_its_run_alone(sketches, wait):
    run = queue.submit_training(home.HOME.dataset(sketches), ENDLESS)
    following = queue.submit_training(home.HOME.dataset(sketches), TrainingSettings(epochs=2))
    wait(lambda: _trains(run))
    events, _ = run.log.read()
    (pid,) = [event["pid"] for event in events if event["event"] == "started"]

    psutil.Process(pid).kill()

    wait(lambda: queue.status(run).status.final)
    assert queue.status(run).status == RunStatus.INTERRUPTED
    assert queue.status(run).message == DIED[Kind.TRAINING]
    assert not run.has_model
    wait(lambda: queue.status(following).status.final)
    assert queue.status(following).status == RunStatus.FINISHED, queue.status(following).message
    events, _ = run.log.read()
    assert [e["event"] for e in events].count("started") == 1, "it was run again"

    trained = len(queue.status(run).history)
    queue.resume(run)
    wait(lambda: len(queue.status(run).history) > trained + 2)
    queue.stop(run)
    wait(lambda: queue.status(run).status.final)
    state = queue.status(run)
    assert state.status == RunStatus.STOPPED
    assert [row["epoch"] for row in state.history] == list(range(1, len(state.history) + 1))
    queue.resume(run, more=3)  # at once, while the worker still compiles the model
    wait(lambda: queue.status(run).status.final)
    assert queue.status(run).status == RunStatus.FINISHED, queue.status(run).message
    assert len(queue.status(run).history) == len(state.history) + 3
    assert run.has_model


def test_a_free_worker_helps_with_the_frozen_part(clusters, wait, tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for number in range(520):
        colour = random.integers(0, 100, (8, 8, 3)).astype("uint8")
        to = tmp_path / "many" / ("dark" if number % 2 else "light") / f"{number}.png"
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colour if number % 2 else colour + 150).save(to)
    folder = home.HOME.datasets() / "many"
    store.import_dataset(open_source(tmp_path / "many"), folder, split=SplitSettings(), name="many")
    monkeypatch.setenv("THAW_WORKERS", "2")
    monkeypatch.setenv("THAW_KEPT_GB", "0.001")  # each is started anew when nobody needs it
    client = connection.line().client
    client.wait_for_workers(5, timeout=DEADLINE)  # or nobody is free yet when the training looks
    run = queue.submit_training(home.HOME.dataset("many"), TrainingSettings(epochs=3))
    seen: set[str] = set()

    def over() -> bool:
        seen.update(str(key) for keys in client.processing().values() for key in keys)
        return queue.status(run).status.final

    wait(over)
    assert queue.status(run).status == RunStatus.FINISHED, queue.status(run).message
    assert len([key for key in seen if key.startswith("answer")]) == 1
    assert run.results()["val_accuracy"] == 1
    # Some run in another precision too, where there is one.
    folders = [[np.load(path) for path in each.glob("*.npy")] for each in home.features().iterdir()]
    parts = max(folders, key=lambda parts: sum(map(len, parts)))
    assert len(parts) == 2  # one file from each
    assert sum(map(len, parts)) == 520
