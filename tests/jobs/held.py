"""Jobs for the tests' clusters: real ones in all but what they do, which is to wait for a sign."""

import os
import time
from pathlib import Path
from typing import Any

from core.errors import StopRequested
from core.jobs import queue, tasks
from core.jobs.cluster.connection import line
from core.jobs.job import Job, Kind
from core.settings import TrainingSettings
from core.storage import home
from core.storage.runs import Run


def hold(folder: str) -> None:
    """What a worker runs: a run that ends when it is let go or stopped."""
    job = Job(Kind.TRAINING, Path(folder))

    def work() -> None:
        job.log.append("stage", stage="reading", done=1, total=2, seconds_left=None)
        while not (job.folder / "go").exists():
            if job.stop_requested:
                raise StopRequested
            time.sleep(0.02)

    tasks.perform(job, work)


def never_logs(folder: str) -> None:
    """A run whose task fails before it can say anything."""
    raise RuntimeError(folder)


def die(paths: object) -> None:
    """A prediction that takes its process down."""
    os._exit(1)


def status_of(dask_worker: object) -> str:
    """Where a nanny stands, as it says itself."""
    return str(dask_worker.status.name)  # type: ignore[attr-defined]


def idle_trainers(dask_scheduler: Any) -> list[int]:
    """The processes that train, have nothing to do and are not about to end; asked there."""
    ending = dask_scheduler.plugins["thaw-jobs"]._ending
    return [
        worker.pid
        for worker in dask_scheduler.running
        if str(Kind.TRAINING) in worker.resources
        and not worker.processing
        and not worker.has_what
        and worker.address not in ending
    ]


def refuse_restarts(dask_scheduler: Any) -> None:
    """Make every attempt to start a worker anew fail; run there."""

    async def refuse(*_: object, **__: object) -> None:
        raise OSError("its nanny does not answer")

    dask_scheduler.restart_workers = refuse


def submit(function: object = hold) -> Run:
    """Queue such a run as `queue.submit_training` queues a real one."""
    folder = home.runs() / home.new_id()
    owner = line().owner
    run = Run.create(folder, TrainingSettings(), data="none", dataset=None, cluster=owner)
    queue.submit(Job(Kind.TRAINING, folder), function, str(folder))
    return run


def let_go(run: Run) -> None:
    (run.folder / "go").touch()
