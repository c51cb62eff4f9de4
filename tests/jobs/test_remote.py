"""A scheduler and workers that others run, named by THAW_SCHEDULER."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.errors import UserError
from core.jobs import queue
from core.jobs.cluster import connection
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import DIED, Kind, RunStatus
from core.storage.runs import Run
from tests.jobs.conftest import DEADLINE, Wait, is_gone, until

pytestmark = pytest.mark.cluster

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def scheduler(clusters: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A plain Dask scheduler with one worker that declares what it is for."""
    paths = os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "jobs")])
    environment = {**os.environ, "PYTHONPATH": paths, "DASK_TEMPORARY_DIRECTORY": str(clusters)}
    clusters.mkdir()
    file = clusters / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    options = {
        "scheduler": ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"],
        "worker": [
            "--nthreads",
            "1",
            "--resources",
            "training=1",
            "--local-directory",
            str(file.parent),
        ],
    }
    started = [
        subprocess.Popen(  # noqa: S603 - Dask's own programs
            [sys.executable, "-m", "dask", kind, *common, *arguments],
            cwd=clusters,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for kind, arguments in options.items()
    ]
    until(lambda: file.is_file() and file.read_text().rstrip().endswith("}"))  # written in pieces
    address = str(files.read_json(file)["address"])
    monkeypatch.setenv("THAW_SCHEDULER", address)
    yield address
    family = [child for one in started for child in psutil.Process(one.pid).children(True)]
    for process in [*family, *started]:
        process.kill()
    until(lambda: all(is_gone(process) for process in family))
    for process in started:
        process.wait(DEADLINE)


def test_runs_go_there_and_their_end_is_told(
    scheduler: str, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    client = connection.line().client
    # A nanny gives up on a worker that is killed before it has seen it come up.
    wait(lambda: [*client.run(held.status_of, nanny=True).values()] == ["running"])
    run, behind = held.submit(), held.submit()
    wait(lambda: queue.status(run).status == RunStatus.RUNNING)
    assert queue.status(run).cluster == {"address": scheduler}
    pid = next(event["pid"] for event in run.log.read()[0] if event["event"] == "started")
    psutil.Process(pid).kill()
    wait(lambda: run.state().status == RunStatus.INTERRUPTED)
    assert run.state().message == DIED[Kind.TRAINING]
    wait(lambda: behind.state().status == RunStatus.RUNNING)
    assert queue.ensure_started() is None
    assert not home.cluster().exists()

    monkeypatch.setattr(queue, "_ASK_AGAIN_SECONDS", 0.0)  # one that it never heard of
    folder = home.HOME.runs() / home.new_id()
    lost = Run.create(folder, TrainingSettings(), data_name="none", cluster={"address": scheduler})
    wait(lambda: queue.status(lost).status == RunStatus.INTERRUPTED)


def test_a_scheduler_that_does_not_answer_is_told(
    clusters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_SCHEDULER", "tcp://127.0.0.1:1")
    monkeypatch.setattr("core.jobs.cluster.connection._CONNECT_SECONDS", 0.5)
    with pytest.raises(UserError, match="does not answer"):
        connection.line()
