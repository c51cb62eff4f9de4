"""The local cluster, a separate program: `python -m core.jobs.cluster.program`.

One scheduler and a few worker processes on loopback. It outlives the web server that started it,
ends by itself when long idle, and makes room when another cluster takes its place.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core import config
from core.errors import UserError
from core.intake import room
from core.jobs.cluster import address
from core.storage import files, home, incidents, logs, privacy
from core.storage.job import Kind

if TYPE_CHECKING:
    from distributed import Nanny, Scheduler

logger = logging.getLogger("thaw")

_POLL = 1.0
_START_ATTEMPTS = 5
_FOR_A_SOCKET = 70  # bytes of a folder's name, so that the name of a socket in it is short enough
_HOST = "127.0.0.1"
_CONFIG: dict[str, Any] = {
    # A dead worker's task is not run again.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    # A worker busy in native code may be silent for long; a dead one is noticed by its socket.
    "distributed.scheduler.worker-ttl": None,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    # Dask would give each worker one thread for its arithmetic, and have it hand every buffer of
    # a picture back to the system at once: 10 % of the frozen part's time.
    "distributed.nanny.pre-spawn-environ": {},
    # Every worker would look at its clock 50 times a second, and at all of the machine twice.
    "distributed.admin.tick.interval": "10s",
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.comm.compression": False,
}


def main() -> None:
    """Run a cluster until it is idle, replaced or told to end.

    A setting that cannot be used ends it with one sentence and the code 2.
    """
    parser = argparse.ArgumentParser(
        prog="python -m core.jobs.cluster.program", description=__doc__
    )
    parser.add_argument("--id", default=None, help="a name for it (made up when not given)")
    cluster_id = parser.parse_args().id or home.new_id()
    if not home.is_id(cluster_id):
        parser.error("Expected lower-case letters, digits and dashes as the id.")
    try:
        config.check()
        room.check_home()
    except UserError as error:
        parser.exit(2, f"{error}\n")
    created = psutil.Process().create_time()
    version = address.version()  # before the code is imported: rather too old than too new
    folder = address.folder(cluster_id)
    privacy.make_private()
    home.cluster().mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)  # see `address.claim`
    mine = address.Address("", os.getpid(), created, version, cluster_id)
    files.write_json(address.owner_file(cluster_id), mine.owner)
    address.sweep()
    # A thread: what is left may be large, and nobody who starts us need wait for it.
    threading.Thread(target=_sweep, name="leftovers", daemon=True).start()
    incidents.watch()
    try:
        asyncio.run(_serve(mine))
    except Exception as error:
        incidents.record(error)
        raise
    finally:
        address.forget(cluster_id)
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    from core.jobs.cluster import leftovers  # heavy, and workers import this module as well

    leftovers.sweep()


async def _serve(mine: address.Address) -> None:
    import dask
    from distributed import Scheduler

    from core.jobs.cluster import encryption
    from core.jobs.cluster.plugins import JobWatch

    idle_seconds, trainers = config.IDLE.value, config.WORKERS.value
    folder = address.folder(mine.id)
    certificate = encryption.make(mine.certificate)
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    own = {**_how_workers_begin(), "temporary-directory": str(folder)}
    with dask.config.set({**_CONFIG, **own}):
        async with AsyncExitStack() as stack:
            scheduler = await stack.enter_async_context(
                Scheduler(
                    host=_HOST,
                    port=0,
                    protocol="tls",
                    security=certificate,
                    dashboard=False,
                    dashboard_address=f"{_HOST}:0",
                )
            )
            watch = JobWatch(config.KEPT.value * 1e9)
            await watch.start(scheduler)
            scheduler.add_plugin(watch, name=watch.name)
            address.write(replace(mine, address=scheduler.address))
            kinds = [Kind.PREDICTION, Kind.READING, Kind.CHECKING] + [Kind.TRAINING] * trainers
            over = asyncio.create_task(_until_over(scheduler, mine.id, idle_seconds, told_to_end))
            workers = [
                asyncio.create_task(_keep(scheduler, folder, number, kind))
                for number, kind in enumerate(kinds)
            ]
            done, rest = await asyncio.wait([over, *workers], return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            for task in done:
                task.result()  # raises what ended us


def _how_workers_begin() -> dict[str, str]:
    """On Linux, as forks of a process that has imported what all of them need and has no threads.

    Otherwise each imports it for itself: half a second of the processor, and 30 MB.
    """
    if sys.platform != "linux" or len(os.fsencode(tempfile.gettempdir())) > _FOR_A_SOCKET:
        return {}  # macOS' own libraries do not survive a fork, and Windows has none
    import multiprocessing

    from distributed import utils

    utils._forkserver_preload_set = True  # or Dask has pandas imported, here and there
    common = ["core.jobs.cluster.plugins", "core.jobs.worker", "core.jobs.tasks"]
    multiprocessing.set_forkserver_preload(common)
    return {"distributed.worker.multiprocessing-method": "forkserver"}


async def _keep(scheduler: "Scheduler", folder: Path, number: int, kind: Kind) -> None:
    """Keep one worker alive.

    A nanny starts a worker that has died again, but gives up on one that dies while it starts.

    Raises:
        RuntimeError: It never comes up.
    """
    failures = 0
    while failures < _START_ATTEMPTS:
        nanny = _nanny(scheduler, folder, number, kind)
        try:
            async with nanny:
                failures = 0
                await nanny.finished()
        except Exception:
            failures += 1
            logger.exception("the worker for %s did not start", kind)
            await asyncio.sleep(_POLL)
    raise RuntimeError(f"the worker for {kind} does not start")


def _nanny(scheduler: "Scheduler", folder: Path, number: int, kind: Kind) -> "Nanny":
    """A process that does one kind of work, and the one that starts it again when it dies."""
    from distributed import Nanny

    from core.jobs.cluster.plugins import WarmUp

    return Nanny(
        scheduler.address,
        host=_HOST,
        protocol="tls",
        security=scheduler.security,
        name=f"{kind}-{number}",
        nthreads=1,
        resources={str(kind): 1},
        memory_limit=0,
        local_directory=str(folder),
        plugins=(WarmUp(kind),),
    )


async def _until_over(
    scheduler: "Scheduler", cluster_id: str, idle_seconds: float, told_to_end: asyncio.Event
) -> None:
    """Return once there is nothing left to do here."""
    seen, since = -1, time.monotonic()
    while not told_to_end.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(told_to_end.wait(), _POLL)
        address.give_a_sign(cluster_id)
        with suppress(OSError):  # a full disk, where it does not grow either
            logs.keep_small(home.cluster_log())
        busy = any(task.state in _ACTIVE for task in scheduler.tasks.values())
        if busy or scheduler.transition_counter != seen:
            seen, since = scheduler.transition_counter, time.monotonic()
        quiet = time.monotonic() - since
        present = address.read()
        if present is None or present.id != cluster_id:
            if quiet > 2 * _POLL:
                return  # nobody knows us any more, and all that was begun is done
        elif quiet > idle_seconds:
            _retire(cluster_id)


_ACTIVE = ("waiting", "no-worker", "queued", "processing")


def _retire(cluster_id: str) -> None:
    """Take our address away, unless somebody is just looking for it."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(home.start_lock(), timeout=0):
            address.forget(cluster_id)
    except (Timeout, OSError):
        pass  # next time


if __name__ == "__main__":
    main()
