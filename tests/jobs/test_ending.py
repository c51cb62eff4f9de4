"""How all of it is ended: Ctrl-C says what goes on, and `python -m core stop` ends that."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from core import installation
from core.jobs import queue
from core.jobs.cluster import address, ending
from core.storage.job import RunStatus
from tests.jobs.conftest import DEADLINE, Wait, is_gone

pytestmark = pytest.mark.cluster

PROJECT = Path(__file__).parents[2]


def stop() -> int:
    """How many clusters `python -m core stop` has ended."""
    said = subprocess.run(
        [sys.executable, "-m", "core", "stop", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(said.stdout)["stopped"])


def test_stop_ends_old_and_new_clusters_in_the_middle_of_a_training(
    clusters: Path, wait: Wait
) -> None:
    import held

    assert stop() == 0
    run = held.submit()
    wait(lambda: queue.status(run).status == RunStatus.RUNNING)
    old = queue.ensure_started()
    address.write(replace(old, version="of yesterday"))
    new = queue.ensure_started()
    programs = [psutil.Process(each.pid) for each in (old, new)]
    family = [*programs, *(child for each in programs for child in each.children(recursive=True))]
    assert len(family) > 2
    assert stop() == 2
    wait(lambda: all(map(is_gone, family)))
    assert queue.status(run).status == RunStatus.INTERRUPTED
    assert stop() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_ctrl_c_says_what_goes_on_and_how_to_end_it(clusters: Path, wait: Wait) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait(lambda: address.read() is not None)
    server.send_signal(signal.SIGINT)
    said, _ = server.communicate(timeout=DEADLINE)
    told = f"keeps running in the background.*{re.escape(installation.stop())}"
    assert re.search(told, said, re.DOTALL), said
    (program,) = ending.programs()
    assert program.pid != os.getpid()
    assert stop() == 1


def test_a_cluster_whose_starter_ended_at_once_is_ended_too(clusters: Path) -> None:
    starter = """
        import os, time
        from core.jobs.cluster import connection
        time.sleep = lambda _: os._exit(0)  # while it waits for the cluster to be there
        connection.ensure_started()
    """
    code = [sys.executable, "-c", dedent(starter)]
    subprocess.run(code, cwd=PROJECT, check=True)  # noqa: S603 - our own program
    assert address.read() is None
    assert ending.end_clusters() == 1
    assert not ending.programs()
