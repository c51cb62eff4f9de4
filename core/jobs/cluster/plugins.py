"""What Thaw adds to Dask: a fair queue, a word on lost jobs, and workers that warm up."""

import asyncio
import logging
import threading
from typing import Any

import psutil
from distributed import Scheduler, Worker
from distributed.diagnostics.plugin import SchedulerPlugin, WorkerPlugin

from core import config
from core.storage import incidents
from core.storage.job import DIED, Job, Kind
from core.storage.runs import RunState, job_of

logger = logging.getLogger("thaw")


class JobWatch(SchedulerPlugin):  # type: ignore[misc]
    """Keeps jobs in order, and tells in a job's log when its worker has died.

    Dask gives a task to a worker at once, however much that has to do, and takes all of a dead
    worker's tasks for suspicious. Here a worker gets a task when it has nothing else: whoever
    came first goes first, on whichever worker is free, and a dying worker takes down one job.
    A job's end is recorded whether or not a web server is there.

    Between two trainings a worker that holds too much memory is started anew. That is decided here,
    where jobs are given out, so no job can reach a worker that is about to end.
    """

    name = "thaw-jobs"
    idempotent = True
    scheduler: Scheduler

    def __init__(self, kept: float | None = None) -> None:
        """
        Args:
            kept: Bytes that an idle worker that trains may hold; None where workers are on other
                machines, whose memory cannot be seen from here.
        """
        self._kept = kept
        self._ending: dict[str, asyncio.Task[None]] = {}

    async def start(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._capable = scheduler.valid_workers
        scheduler.valid_workers = self._free

    def _free(self, task: Any) -> Any:
        """Stands in for `Scheduler.valid_workers`: who could, but for the busy ones."""
        capable = self._capable(task)
        needs = task.resource_restrictions
        if not capable or not needs:
            return capable
        return {
            worker
            for worker in capable
            if worker.address not in self._ending
            and all(
                worker.resources[name] - worker.used_resources[name] >= amount
                for name, amount in needs.items()
            )
        }

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        """Called by Dask, in its event loop, whenever a task changes its state."""
        if start not in ("processing", "memory"):
            return
        loop = asyncio.get_running_loop()
        loop.call_soon(self._next)
        if start == "memory":
            return
        job = job_of(key)
        if job is not None:
            if finish == "erred":
                logger.error("job %s: %s", key, kwargs.get("exception_text") or "its worker died")
            loop.run_in_executor(None, _told, job, str(key), finish in ("erred", "memory"))

    def _next(self) -> None:
        """Give workers that have become free what has waited longest."""
        for worker in list(self.scheduler.running):
            if self._has_grown(worker):
                renewal = self._renew(worker.address)
                self._ending[worker.address] = asyncio.get_running_loop().create_task(renewal)
            self._give_to(worker)

    def _give_to(self, worker: Any) -> None:
        waiting = self.scheduler.bulk_schedule_unrunnable_after_adding_worker(worker)
        self.scheduler.transitions(waiting, "thaw-next")

    def _has_grown(self, worker: Any) -> bool:
        """Whether a worker that trains is idle and holds too much.

        One that has helped is not idle before the training that it helped has fetched its result.
        """
        if self._kept is None or str(Kind.TRAINING) not in worker.resources:
            return False
        if worker.processing or worker.has_what or worker.address in self._ending:
            return False
        try:
            return bool(psutil.Process(worker.pid).memory_info().rss > self._kept)
        except psutil.NoSuchProcess:  # it has died, which is noticed elsewhere
            return False

    async def _renew(self, address: str) -> None:
        try:
            await self.scheduler.restart_workers(
                [address], wait_for_workers=False, stimulus_id="thaw-renew"
            )
        except Exception:
            logger.exception("the worker %s was not started anew", address)
            self._ending.pop(address, None)
            if worker := self.scheduler.workers.get(address):  # it continues as it is
                self._give_to(worker)

    def remove_worker(self, scheduler: Scheduler, worker: str, **_: Any) -> None:
        """Called by Dask when a worker has gone; another may get its address."""
        self._ending.pop(worker, None)


def _told(job: Job, key: str, lost: bool) -> None:
    """See to it that a job's log says how it ended.

    Args:
        job: It is no longer with a worker.
        key: Its name in Dask; it may have been resumed under another since.
        lost: Nobody will run it again, even if it has not begun.
    """
    try:
        state = job.state()
        if job.key(state.turn) == key and (lost or state.started is not None):
            job.lose(DIED[job.kind], state.turn)
            if isinstance(state, RunState) and state.finishing:
                job.released()
    except Exception:
        logger.exception("job %s could not be marked as lost", key)


class WarmUp(WorkerPlugin):  # type: ignore[misc]
    """Imports what a worker's kind of job needs while it waits for the first.

    With THAW_WARM_UP=0 it doesn't: the first job takes seconds longer, and a worker that is never
    asked stays small.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def setup(self, worker: Worker) -> None:
        from core.jobs.worker import warm_up

        incidents.watch()
        if not config.WARM_UP.value:
            return
        threading.Thread(target=warm_up, args=(self.kind,), name="warm-up", daemon=True).start()
