"""A worker that holds too much memory is started anew between two runs, and no run is lost."""

import os
from pathlib import Path

import psutil
import pytest

from core.jobs import queue
from core.jobs.cluster import connection
from core.storage.job import RunStatus
from core.storage.runs import Run
from tests.jobs.conftest import DEADLINE, Wait, is_gone

pytestmark = pytest.mark.cluster


def ended(run: Run) -> bool:
    return queue.status(run).status.final


def pid_of(run: Run) -> int:
    (began,) = [event for event in run.log.read()[0] if event["event"] == "started"]
    return int(began["pid"])


def test_a_queue_of_runs_goes_through_workers_that_start_anew_after_each(
    one_cluster: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    monkeypatch.setenv("THAW_KEPT_GB", "0.001")
    runs = [held.submit() for _ in range(3)]
    for run in runs:
        wait(lambda run=run: queue.status(run).status == RunStatus.RUNNING)
        busy = psutil.Process(pid_of(run))
        # Something else ends on another worker meanwhile: the one that trains stays.
        client = connection.line().client
        client.submit(abs, -1, resources={"reading": 1}, pure=False).result(DEADLINE)
        assert busy.is_running()
        held.let_go(run)
        wait(lambda run=run: ended(run))
        assert queue.status(run).status == RunStatus.FINISHED, queue.status(run).message
        wait(lambda busy=busy: is_gone(busy))
    assert len({pid_of(run) for run in runs}) == 3

    last = held.submit()  # right after the others, while a worker starts
    wait(lambda: queue.status(last).status == RunStatus.RUNNING)
    held.let_go(last)
    wait(lambda: ended(last))
    assert queue.status(last).status == RunStatus.FINISHED, queue.status(last).message


def test_a_process_whose_result_somebody_still_wants_stays(
    one_cluster: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a training wants that of a helper: Dask would compute it again elsewhere."""
    monkeypatch.setenv("THAW_KEPT_GB", "0.001")
    client = connection.line().client
    wanted = client.submit(os.getpid, resources={"training": 1}, pure=False)
    process = psutil.Process(wanted.result(DEADLINE))
    for number in range(3):
        client.submit(abs, number, resources={"reading": 1}, pure=False).result(DEADLINE)
    assert process.is_running()
    assert wanted.status == "finished"
    wanted.release()
    wait(lambda: is_gone(process))


def test_a_worker_that_could_not_be_started_anew_goes_on(
    one_cluster: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    monkeypatch.setenv("THAW_KEPT_GB", "0.001")
    connection.line().client.run_on_scheduler(held.refuse_restarts)  # for good: no test follows
    runs = [held.submit() for _ in range(2)]  # the second waits for the first
    for run in runs:
        held.let_go(run)
        wait(lambda run=run: ended(run))
    runs.append(held.submit())  # comes when nobody is at work
    held.let_go(runs[2])
    wait(lambda: ended(runs[2]))
    assert [queue.status(run).status for run in runs] == 3 * [RunStatus.FINISHED]
    assert len({pid_of(run) for run in runs}) == 1


def test_a_small_worker_goes_on(clusters: Path, wait: Wait) -> None:
    import held

    runs = [held.submit() for _ in range(2)]
    for run in runs:
        held.let_go(run)
        wait(lambda run=run: ended(run))
    assert pid_of(runs[0]) == pid_of(runs[1])
