"""What Thaw adds to Dask: lost jobs are told of, and workers warm themselves up."""

import asyncio
import logging
import os
import threading
from typing import Any

from distributed import Scheduler, Worker
from distributed.diagnostics.plugin import SchedulerPlugin, WorkerPlugin

from core.jobs.job import DIED, Job, Kind

logger = logging.getLogger("thaw")

_DEATHS_AHEAD = 100  # that many workers may die before a queued job is given up


class JobWatch(SchedulerPlugin):  # type: ignore[misc]
    """Tells in a job's log that its worker has died, whether or not a web server is there.

    Dask takes a dead worker's whole queue for suspicious. Only the job that had begun is lost:
    those behind it are let off, and run on the next worker.
    """

    name = "thaw-jobs"
    idempotent = True
    scheduler: Scheduler

    async def start(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        """Called by Dask, in its event loop, whenever a task changes its state."""
        job = Job.of_key(key)
        if job is None:
            return
        if finish == "processing":
            self.scheduler.tasks[key].suspicious = -_DEATHS_AHEAD
        elif start == "processing":
            if finish == "erred":
                logger.error("job %s: %s", key, kwargs.get("exception_text"))
            lost = finish in ("erred", "memory")
            asyncio.get_running_loop().run_in_executor(None, _told, job, lost)


def _told(job: Job, lost: bool) -> None:
    """See to it that a job's log says how it ended.

    Args:
        job: It is no longer with a worker.
        lost: Nobody will run it again, even if it has not begun.
    """
    try:
        if lost or job.state().started is not None:
            job.fail(DIED[job.kind])
    except Exception:
        logger.exception("job %s could not be marked as failed", job.key)


class WarmUp(WorkerPlugin):  # type: ignore[misc]
    """Imports what a worker's kind of job needs while it waits for the first.

    With THAW_WARM_UP=0 it doesn't: the first job takes seconds longer, and a worker that is never
    asked stays small.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def setup(self, worker: Worker) -> None:
        from core.jobs import tasks

        if os.environ.get("THAW_WARM_UP") == "0":
            return
        threading.Thread(
            target=tasks.warm_up, args=(self.kind,), name="warm-up", daemon=True
        ).start()
