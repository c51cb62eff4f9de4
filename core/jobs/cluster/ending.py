"""Ends the background processes, whatever they are doing: `python -m core stop`."""

import socket
import time
from contextlib import suppress

import psutil

from core.jobs.cluster import address
from core.storage import files, home

_PATIENCE = 15.0  # seconds in which a cluster and its workers may end by themselves


def end_clusters() -> int:
    """End every cluster that was started on this machine below THAW_HOME, and its workers.

    A training that was under way counts as interrupted and can be resumed from its last epoch.

    Returns:
        How many clusters there were.
    """
    found = programs()
    family = list(found)
    for program in found:
        family += program.children(recursive=True)
        program.terminate()
    for process in _alive_after(_PATIENCE, family):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _alive_after(_PATIENCE, family)
    return len(found)


def _alive_after(seconds: float, processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after so many seconds, or none as soon as all have ended.

    One has ended, too, if the web server that started it has not asked yet how it did.
    """
    end = time.monotonic() + seconds
    while processes := [process for process in processes if _runs(process)]:
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return processes


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def programs() -> list[psutil.Process]:
    """The clusters of this machine that are alive, also those that finish what older code began."""
    found = []
    for file in home.cluster().glob(f"*/{home.OWNER}"):
        try:
            owner = files.read_json(file)
        except (OSError, ValueError):
            continue  # just being made, or just removed
        if owner.get("host") == socket.gethostname() and address.is_alive(owner):
            found.append(psutil.Process(owner["pid"]))
    return found
