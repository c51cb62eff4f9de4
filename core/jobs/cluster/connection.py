"""The web process's line to the cluster: found, started when needed, and renewed when it broke."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import config, installation
from core.errors import UserError
from core.jobs.cluster import address
from core.jobs.cluster.address import Address
from core.storage import home, logs
from core.storage.job import Kind

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger("thaw")

_START_SECONDS = 60.0
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Line:
    """A client, and whose it is.

    Attributes:
        owner: What the log of a job says about who has it.
    """

    client: "Client"
    owner: dict[str, Any]

    @property
    def holds(self) -> bool:
        return bool(self.client.status == "running")

    def send(
        self,
        kind: Kind,
        function: Callable[..., Any],
        *args: Any,
        priority: float = 0.0,
        key: str | None = None,
    ) -> "Future":
        """Give the cluster something to do.

        Args:
            kind: Of the worker that does it.
            function: What it runs: `worker.perform` or `worker.answer`.
            args: What that is given.
            priority: The higher, the sooner.
            key: The task's name in Dask; made up where there is none.

        Raises:
            OSError, CancelledError: It ended this very moment.
        """
        return self.client.submit(
            function, *args, key=key, resources={str(kind): 1}, priority=priority, pure=False
        )


_lock = threading.Lock()
_line: Line | None = None
_started: list[subprocess.Popen[bytes]] = []


def remote() -> str | None:
    """Address of a scheduler that others run (THAW_SCHEDULER), if there is one."""
    return config.SCHEDULER.value


def ensure_started() -> Address | None:
    """The local cluster; started if there is none, or if the one there is runs other code
    or was started with other settings.

    That one finishes what it has, then ends by itself. None where jobs go to a scheduler that
    others run.

    Raises:
        UserError: It cannot be started, or a setting cannot be used.
    """
    from filelock import FileLock, Timeout

    config.check()  # a wrong setting is named here, not in the cluster's log
    if remote():
        return None
    found = _usable()
    if found is not None:
        return found
    home.cluster().mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with FileLock(home.start_lock(), timeout=2 * _START_SECONDS):
            return _usable() or _start()
    except Timeout as error:
        raise UserError(_no_start()) from error


def line() -> Line:
    """A client that is connected to the cluster that takes jobs now.

    Raises:
        UserError: There is no cluster, and none can be started.
    """
    global _line
    with _lock:
        for last in (False, True):
            found, there = ensure_started(), remote()
            owner = found.owner if found else {"address": there}
            if _line is not None and _line.owner == owner and _line.holds:
                return _line
            _drop()
            try:
                _line = Line(_connect(found, str(there)), owner)
            except (OSError, TimeoutError) as error:
                logger.warning("no connection to %s: %s", owner, error)
                if found is None:
                    raise UserError(
                        "The scheduler at {there} (THAW_SCHEDULER) does not answer.",
                        there=there,
                    ) from error
                if last:
                    raise UserError(_no_start()) from error
                address.forget(found.id)  # alive perhaps, but deaf
            else:
                return _line
        raise AssertionError("unreachable")


def is_at_hand() -> bool:
    """Whether this process has a client already, to a cluster that Thaw itself runs."""
    return _line is not None and _line.holds and not remote()


def connected_to(owner: dict[str, Any]) -> "Client | None":
    """The client, if it is connected right now to the cluster that a job's log names."""
    now = _line
    return now.client if now is not None and now.owner == owner and now.holds else None


def disconnect() -> None:
    """Disconnect from the cluster, which keeps running."""
    with _lock:
        _drop()


def _usable() -> Address | None:
    """The cluster that the address file names, if it lives and fits our code and settings."""
    for process in _started:
        process.poll()  # or a dead one would stay a zombie
    found = address.read()
    if found is None or not address.is_alive(found.owner):
        return None
    return found if found.version == address.version() else None


def _start() -> Address:
    """Start the cluster program and wait until it can be reached."""
    cluster_id = home.new_id()
    log = home.cluster_log()
    log.parent.mkdir(parents=True, exist_ok=True)
    logs.keep_small(log)
    paths = [str(installation.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **config.environment(),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    environment.setdefault("DASK_DISTRIBUTED__LOGGING__DISTRIBUTED", "warning")
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "core.jobs.cluster.program", "--id", cluster_id],
            cwd=installation.ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            **_on_its_own(),
        )
    address.claim(cluster_id, process.pid)
    _started.append(process)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = address.read()
        if found is not None and found.id == cluster_id:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.02)
    else:
        process.kill()
    raise UserError(_no_start())


def _on_its_own() -> dict[str, Any]:
    """Popen arguments for a process that Ctrl-C in this terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    return {"start_new_session": True}


def _no_start() -> str:
    return (
        "Thaw's background process could not be started or does not answer. "
        "The reason is at the end of cluster.log, in the logs folder of THAW_HOME."
    )


def _connect(found: Address | None, there: str) -> "Client":
    from distributed import Client

    from core.jobs.cluster import encryption

    # That a cluster has ended is no news: it does so when idle.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    if found is not None:
        own = encryption.of(found.certificate)
        return Client(found.address, security=own, timeout=_CONNECT_SECONDS, set_as_default=False)
    client = Client(there, timeout=_CONNECT_SECONDS, set_as_default=False)
    from core.jobs.cluster.plugins import JobWatch

    try:
        client.register_plugin(JobWatch())
    except Exception as error:  # an older Dask, or no Thaw where the scheduler runs
        logger.warning("the scheduler will not tell of dead workers: %s", error)
    return client


def _drop() -> None:
    global _line
    old, _line = _line, None
    if old is not None:
        threading.Thread(target=_close, args=(old.client,), name="hang-up", daemon=True).start()


def _close(client: "Client") -> None:
    try:
        client.close(timeout=2)
    except Exception as error:
        logger.debug("closing a client: %s", error)
