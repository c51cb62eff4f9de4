"""Jobs for the tests' clusters: real ones in all but what they do, which is to wait for a sign."""

import os
import time
from collections.abc import Callable
from typing import Any

from core.errors import StopRequested
from core.jobs import queue
from core.jobs.cluster.connection import line
from core.settings import TrainingSettings
from core.storage import home
from core.storage.job import Kind
from core.storage.runs import Run


def hold(run: Run) -> None:
    """What a worker runs: a run that ends when it is let go or stopped."""
    run.log.append("stage", stage="reading", done=1, total=2, seconds_left=None)
    while not (run.folder / "go").exists():
        if run.stop_requested:
            raise StopRequested
        time.sleep(0.05)


def never_logs() -> None:
    """A task that fails before it can say anything."""
    raise RuntimeError


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


def submit(work: Callable[..., None] = hold, *args: object) -> Run:
    """Queue such a run as `queue.submit_training` queues a real one."""
    run = queued()
    queue.submit(run, work, *args)
    return run


def queued() -> Run:
    """A run that is logged as queued."""
    folder, owner = home.HOME.runs() / home.new_id(), line().owner
    return Run.create(folder, TrainingSettings(), data_name="none", cluster=owner)


def let_go(run: Run) -> None:
    (run.folder / "go").touch()
