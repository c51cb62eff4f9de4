"""States are shared by threads: they never change, and the end of an earlier turn is no end."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields

import pytest

from core.jobs import queue
from core.settings import TrainingSettings
from core.storage import home
from core.storage.job import JobState, RunStatus
from core.storage.runs import Run, RunState

_POLLERS = 8
_RESUMES = 50


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def new_run() -> Run:
    return Run.create(home.HOME.runs() / home.new_id(), TrainingSettings(), data_name="none")


def test_many_pollers_count_every_turn_once(eager_threads: None) -> None:
    run, over = new_run(), threading.Event()
    seen: list[list[int]] = [[] for _ in range(_POLLERS)]

    def poll(turns: list[int]) -> None:
        while not over.is_set():
            queue.busy()
            turns.append(queue.standing(run).turn)

    pollers = [threading.Thread(target=poll, args=(turns,)) for turns in seen]
    for poller in pollers:
        poller.start()
    wrong = []
    for number in range(1, _RESUMES + 1):
        run.log.append("stopped")
        run.resume()
        if queue.standing(run).turn != number:
            wrong.append(number)
    over.set()
    for poller in pollers:
        poller.join()
    assert not wrong
    assert queue.standing(run) == run.state()
    assert run.state().turn == _RESUMES
    assert all(max(turns) <= _RESUMES for turns in seen)


@pytest.mark.parametrize("kind", [RunState, JobState])
def test_a_state_cannot_be_changed(kind: type[RunState] | type[JobState]) -> None:
    state = kind()
    for field in fields(state):
        with pytest.raises(FrozenInstanceError):
            setattr(state, field.name, None)


def test_reading_on_leaves_what_was_known_as_it_was() -> None:
    run = new_run()
    row = {"epoch": 1, "accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0}
    run.log.append("started", host="here", pid=1)
    run.log.append("stage", stage="training", done=1, total=2, seconds_left=None)
    run.log.append("epoch", **row, seconds=1.0)
    known, again = run.state(), run.state()
    run.log.append("stage", stage="training", done=2, total=2, seconds_left=0)
    run.log.append("stage", stage="evaluation", done=0, total=1, seconds_left=None)
    run.log.append("epoch", **row | {"epoch": 2}, seconds=1.0)
    assert run.state(known) == run.state()
    assert known == again


def test_who_finds_a_job_lost_does_not_end_its_next_turn() -> None:
    """Two look at once; between the look and the word of one, the user has resumed it."""
    run = new_run()
    job = Run(run.folder)
    run.log.append("started", host="here", pid=1)
    seen = job.state()
    job.lose("its process ended", seen.turn)  # the other one
    run.resume()
    job.lose("its process ended", seen.turn)
    assert run.state().status == RunStatus.QUEUED
    run.log.append("interrupted", message="too late", turn=0)  # written at the very moment
    assert run.state().status == RunStatus.QUEUED
    assert run.state().turn == 1
    job.lose("its process ended", 1)
    assert run.state().status == RunStatus.INTERRUPTED


@pytest.mark.parametrize(
    ("event", "checkpoint", "data", "expected"),
    [
        ("stopped", False, True, True),  # begins anew
        ("interrupted", False, True, True),
        ("failed", False, True, False),
        ("failed", True, True, True),
        ("finished", False, True, False),
        ("finished", True, True, True),
        ("stopped", True, False, False),
    ],
)
def test_a_run_goes_on_where_its_data_and_its_last_epoch_are(
    event: str, checkpoint: bool, data: bool, expected: bool
) -> None:
    dataset = home.new_id()
    run = Run.create(
        home.HOME.runs() / home.new_id(), TrainingSettings(), data_name="x", dataset_id=dataset
    )
    run.log.append(event)
    if data:
        (home.HOME.datasets() / dataset).mkdir(parents=True)
    if checkpoint:
        run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        run.checkpoint.write_bytes(b"")
    assert queue.can_go_on(run, run.state()) is expected
