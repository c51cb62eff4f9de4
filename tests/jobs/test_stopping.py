"""A stop ends a run at once where nothing can be kept, whatever its process is still at."""

from pathlib import Path

import pytest

from core.errors import StopRequested
from core.jobs import queue, worker
from core.settings import TrainingSettings
from core.storage import home
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run

ROW = {"epoch": 1, "accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0}
EARLY = [None, Stage.WEIGHTS, Stage.BUILDING, Stage.READING, Stage.FEATURES, Stage.TRAINING]


@pytest.fixture
def run(thaw_home: Path) -> Run:
    return Run.create(home.HOME.runs() / "one", TrainingSettings(), data_name="none")


def at(run: Run, stage: Stage | None) -> None:
    if stage is not None:
        run.log.append("stage", stage=stage, done=0, total=1, seconds_left=None)


def begun(run: Run, stage: Stage | None) -> None:
    run.log.append("started", host="here", pid=1)
    at(run, stage)


@pytest.mark.parametrize("stage", EARLY)
def test_a_run_that_has_learned_nothing_ends_at_once(run: Run, stage: Stage | None) -> None:
    begun(run, stage)
    queue.stop(run)
    state = run.state()
    assert state.status is RunStatus.STOPPED
    assert state.finishing == (stage or Stage.BUILDING), "nobody says what goes on"
    Run(run.folder).released()
    assert run.state().finishing is None
    assert run.state().status is RunStatus.STOPPED


def test_a_run_that_learns_ends_at_once_and_keeps_what_it_has_learned(run: Run) -> None:
    """The step under way may take long: the first ones are traced."""
    theirs = Run(run.folder)
    begun(run, Stage.TRAINING)
    run.log.append("epoch", **ROW, seconds=1.0)
    assert theirs.keeps
    queue.stop(run)
    state = run.state()
    assert (state.status, state.finishing) == (RunStatus.STOPPED, Stage.TRAINING)
    assert theirs.keeps
    run.log.append("epoch", **ROW | {"epoch": 2, "val_accuracy": 0.6}, seconds=1.0)
    assert len(run.state().history) == 2, "an epoch that ends as the run is stopped is lost"
    assert run.state().best_epoch == 2
    run.log.append("finishing", stage=Stage.EVALUATION)
    run.log.append("epoch", **ROW | {"epoch": 3}, seconds=1.0)
    assert len(run.state().history) == 2


def test_what_was_stopped_before_it_learned_is_not_kept(run: Run) -> None:
    begun(run, Stage.FEATURES)
    queue.stop(run)
    assert not run.keeps


def test_a_resumed_run_is_not_kept_by_the_process_of_the_turn_before(run: Run) -> None:
    theirs = Run(run.folder)
    begun(run, Stage.TRAINING)
    run.log.append("epoch", **ROW, seconds=1.0)
    assert theirs.keeps
    queue.stop(Run(run.folder))
    Run(run.folder).resume()
    assert not theirs.keeps


def test_where_only_the_evaluation_is_left_there_is_nothing_to_stop(run: Run) -> None:
    begun(run, Stage.EVALUATION)
    run.log.append("epoch", **ROW, seconds=1.0)
    queue.stop(run)
    assert run.state().status is RunStatus.RUNNING
    assert run.stop_requested


@pytest.mark.parametrize("stage", [Stage.BUILDING, Stage.FEATURES])
def test_a_resumed_run_that_has_learned_nothing_new_ends_at_once(run: Run, stage: Stage) -> None:
    begun(run, Stage.TRAINING)
    run.log.append("epoch", **ROW, seconds=1.0)
    run.log.append("interrupted", message="its process ended")
    run.resume()
    begun(run, stage)
    queue.stop(run)
    assert run.state().status is RunStatus.STOPPED
    assert len(run.state().history) == 1


def test_the_process_of_a_stopped_run_goes_by_its_own_turn(run: Run) -> None:
    """It is still building when the run is resumed: it must stop, and the next turn must not."""
    theirs = Run(run.folder)

    def work(job: Run) -> None:
        assert theirs.turn == 0
        at(run, Stage.BUILDING)
        queue.stop(Run(run.folder))
        Run(run.folder).resume()
        assert theirs.stop_requested
        assert not theirs.at_work
        assert not Run(run.folder).stop_requested
        assert run.state().finishing is Stage.BUILDING
        raise StopRequested

    worker.perform(run, work)
    state = run.state()
    assert (state.status, state.turn, state.finishing) == (RunStatus.QUEUED, 1, None)
