"""The queue on a real cluster: order, stopping, dead workers, a dead cluster, reading data."""

import zipfile
from pathlib import Path

import psutil
import pytest
from distributed import fire_and_forget
from PIL import Image

from core.errors import UserError
from core.jobs import queue, tasks
from core.jobs.cluster import connection
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.job import DIED, INTERRUPTED, Kind, RunStatus
from core.storage.runs import Run
from tests.jobs.conftest import DEADLINE, Wait, is_gone

pytestmark = pytest.mark.cluster


def started(run: Run) -> list[dict[str, object]]:
    return [event for event in run.log.read()[0] if event["event"] == "started"]


def kill(pid: object) -> None:
    assert isinstance(pid, int)
    psutil.Process(pid).kill()


def is_at(run: Run, status: RunStatus) -> bool:
    return queue.status(run).status == status


def test_runs_wait_for_each_other_in_order_and_can_be_stopped(shared: Path, wait: Wait) -> None:
    import held

    first, second, third, fourth = (held.submit() for _ in range(4))
    wait(lambda: is_at(first, RunStatus.RUNNING))
    assert [len(queue.ahead(run)) for run in (second, third, fourth)] == [1, 2, 3]
    queue.stop(third)
    assert is_at(third, RunStatus.STOPPED)
    assert len(queue.ahead(fourth)) == 2
    assert is_at(second, RunStatus.QUEUED)
    queue.stop(first)
    wait(lambda: is_at(first, RunStatus.STOPPED))
    wait(lambda: is_at(second, RunStatus.RUNNING))
    assert is_at(fourth, RunStatus.QUEUED)
    held.let_go(second)
    wait(lambda: is_at(fourth, RunStatus.RUNNING))
    assert is_at(second, RunStatus.FINISHED)
    assert not started(third)
    held.let_go(fourth)


def test_a_dead_worker_takes_down_its_own_job_only(shared: Path, wait: Wait) -> None:
    import held

    run, behind = held.submit(), held.submit()
    wait(lambda: is_at(run, RunStatus.RUNNING))
    connection.disconnect()  # the cluster tells by itself, also when no web server is there
    kill(started(run)[0]["pid"])
    wait(lambda: run.state().status == RunStatus.INTERRUPTED)
    assert run.state().message == DIED[Kind.TRAINING]
    wait(lambda: behind.state().status == RunStatus.RUNNING)
    held.let_go(behind)
    wait(lambda: behind.state().status == RunStatus.FINISHED)
    assert len(started(run)) == 1, "it was run again"
    assert started(behind)[0]["pid"] != started(run)[0]["pid"]


def test_a_job_that_ends_without_a_word_is_told(shared: Path, wait: Wait) -> None:
    import held

    run = held.queued()
    fire_and_forget(connection.line().send(Kind.TRAINING, held.never_logs, key=run.key(0)))
    wait(lambda: run.state().status == RunStatus.INTERRUPTED)
    assert run.state().message == DIED[Kind.TRAINING]


def test_a_dead_cluster_is_noticed_and_the_next_job_starts_another(
    clusters: Path, wait: Wait
) -> None:
    import held

    run, behind = held.submit(), held.submit()
    wait(lambda: is_at(run, RunStatus.RUNNING))
    old = queue.ensure_started()
    workers = psutil.Process(old.pid).children(recursive=True)
    kill(old.pid)
    wait(lambda: all(is_gone(worker) for worker in workers))
    wait(lambda: is_at(run, RunStatus.INTERRUPTED))
    assert is_at(behind, RunStatus.INTERRUPTED)
    assert queue.status(run).message == INTERRUPTED[Kind.TRAINING]
    next_run = held.submit()
    wait(lambda: is_at(next_run, RunStatus.RUNNING))
    assert queue.ensure_started().id != old.id
    assert len(started(run)) == 1


def test_two_training_workers_leave_no_run_waiting(
    clusters: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    monkeypatch.setenv("THAW_WORKERS", "2")
    first, second, third, fourth = (held.submit() for _ in range(4))
    wait(lambda: is_at(first, RunStatus.RUNNING) and is_at(second, RunStatus.RUNNING))
    assert is_at(third, RunStatus.QUEUED)
    assert [len(queue.ahead(run)) for run in (third, fourth)] == [2, 3]
    for done, following in ((first, third), (third, fourth)):
        held.let_go(done)
        wait(lambda run=following: is_at(run, RunStatus.RUNNING))
    assert is_at(second, RunStatus.RUNNING)


def test_a_run_the_cluster_never_heard_of_does_not_hang(
    shared: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_ASK_AGAIN_SECONDS", 0.0)
    connection.line()
    owner = queue.ensure_started().owner
    folder = home.HOME.runs() / home.new_id()
    lost = Run.create(folder, TrainingSettings(), data_name="none", cluster=owner)
    wait(lambda: is_at(lost, RunStatus.INTERRUPTED))


def test_a_prediction_that_kills_its_process_is_told_and_the_next_works(shared: Path) -> None:
    import held
    from distributed import KilledWorker

    client = connection.line().client
    want = {"prediction": 1}
    with pytest.raises(KilledWorker):
        client.submit(held.die, None, resources=want, pure=False).result(DEADLINE)
    assert client.submit(len, "abc", resources=want, pure=False).result(DEADLINE) == 3


def test_predicting_without_a_model_is_the_users_mistake(shared: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.new("RGB", (8, 8)).save(picture)
    with pytest.raises(UserError, match="is not there") as raised:
        queue.ask(tasks.predict, home.HOME.runs() / "none", [picture], 3)
    assert raised.type is UserError


def painted(classes: int) -> Path:
    """An upload: a zip of small pictures in class folders."""
    upload = home.HOME.uploads() / home.new_id() / "pictures.zip"
    upload.parent.mkdir(parents=True)
    with zipfile.ZipFile(upload, "w") as archive:
        for label in range(classes):
            for number in range(3):
                with archive.open(f"class{label}/{number}.png", "w") as file:
                    Image.new("RGB", (8, 8), (80 * label, 60 * number, 9)).save(file, "png")
    return upload


def test_an_upload_is_read_while_a_run_trains(shared: Path, wait: Wait) -> None:
    import held

    from core.datasets import store
    from core.datasets.dataset import SPLITS

    run = held.submit()
    wait(lambda: is_at(run, RunStatus.RUNNING))
    upload = painted(2)
    good = queue.submit_import(upload, "Two classes", SplitSettings(validation=0.4, test=0.3))
    wait(lambda: queue.import_state(home.HOME.dataset(good)).status.final)
    state = queue.import_state(home.HOME.dataset(good))
    assert (state.status, state.message) == (RunStatus.FINISHED, None)
    assert (state.name, state.done, state.total) == ("Two classes", 6, 6)
    assert store.load(home.HOME.datasets() / good).split_counts == dict.fromkeys(SPLITS, 2)
    assert not upload.parent.exists()
    assert is_at(run, RunStatus.RUNNING)

    upload = painted(1)
    bad = queue.submit_import(upload, "One class", SplitSettings())
    wait(lambda: queue.import_state(home.HOME.dataset(bad)).status.final)
    assert queue.import_state(home.HOME.dataset(bad)).status == RunStatus.FAILED
    assert "2 classes" in str(queue.import_state(home.HOME.dataset(bad)).message)
    assert {p.name for p in (home.HOME.datasets() / bad).iterdir()} == {"progress.jsonl"}
    assert not upload.parent.exists()
    assert queue.import_state(home.HOME.dataset(good)).status == RunStatus.FINISHED
    held.let_go(run)


def test_a_starter_set_can_be_drawn(shared: Path, wait: Wait) -> None:
    from core.datasets import store

    chosen = queue.submit_sample(home.HOME, "digits")
    wait(lambda: queue.import_state(home.HOME.dataset(chosen)).status.final)
    assert queue.import_state(home.HOME.dataset(chosen)).status == RunStatus.FINISHED
    assert len(store.load(home.HOME.datasets() / chosen).classes) == 10
    assert not list(home.HOME.uploads().iterdir())
