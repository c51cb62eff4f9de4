"""Runs `python -m core …` and writes down every address that it tries to reach.

Usage: python watched.py LOG core-arguments…  An audit hook sees every socket that Python opens, in
any thread and whoever asks (OpenVINO's telemetry is Python, too).
"""

import runpy
import socket
import sys
from pathlib import Path
from typing import Any

LOG = Path(sys.argv[1])
REACHING = {
    *("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
    *("socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"),
}


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in REACHING:
        return
    first = arguments[0] if arguments else None
    if isinstance(first, socket.socket) and first.family == getattr(socket, "AF_UNIX", None):
        return
    with LOG.open("a") as log:
        log.write(f"{event} {arguments[1:] if isinstance(first, socket.socket) else arguments}\n")


if __name__ == "__main__":
    sys.addaudithook(watch)
    sys.argv = ["core", *sys.argv[2:]]
    sys.path.insert(0, str(Path(__file__).parents[2]))
    runpy.run_module("core", run_name="__main__", alter_sys=True)
