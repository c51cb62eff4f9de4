"""Ends the background processes, whatever they are doing: `python -m core stop`."""

import socket

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
    _, stubborn = psutil.wait_procs(family, _PATIENCE)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, _PATIENCE)
    return len(found)


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
