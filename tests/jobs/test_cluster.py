"""The cluster as a program: it outlives its starter, is found again, renewed and ends by itself."""

import logging
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from core.jobs import queue
from core.jobs.cluster import address, connection
from core.storage import home, logs
from core.storage.job import RunStatus
from tests.jobs.conftest import DEADLINE, Wait

pytestmark = pytest.mark.cluster

PROJECT = Path(__file__).parents[2]


def started_elsewhere(count: int = 1) -> list[int]:
    """Pids of the cluster that other processes, at the same moment, find or start."""
    code = "from core.jobs import queue; print(queue.ensure_started().pid)"
    others = [
        subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE
        )
        for _ in range(count)
    ]
    return [int(other.communicate(timeout=DEADLINE)[0]) for other in others]


def test_one_cluster_for_two_that_start_at_once_and_it_outlives_both(one_cluster: Path) -> None:
    first, second = started_elsewhere(2)
    assert first == second
    assert psutil.pid_exists(first)
    assert queue.ensure_started().pid == first
    asked = connection.line().client.submit(os.getpid, resources={"training": 1})
    assert asked.result(DEADLINE) not in (first, os.getpid())


@pytest.mark.skipif(sys.platform == "win32", reason="asks for POSIX sessions and modes")
def test_it_has_a_session_of_its_own_and_keeps_its_key_to_itself(one_cluster: Path) -> None:
    found = queue.ensure_started()
    assert os.getsid(found.pid) != os.getsid(0)
    assert stat.S_IMODE(home.cluster().stat().st_mode) == 0o700
    assert stat.S_IMODE(found.certificate.stat().st_mode) == 0o600
    assert {p.name for p in one_cluster.iterdir()} <= {"cluster", "logs", "home"}


def test_its_log_stays_small_and_its_workers_keep_facts(one_cluster: Path, wait: Wait) -> None:
    queue.ensure_started()
    warn = logging.getLogger("distributed.worker").warning
    connection.line().client.submit(warn, "about Zoë", resources={"training": 1}).result(DEADLINE)
    facts = home.facts_log().read_text(encoding="utf-8")
    assert '[["dask/' in facts, "where it was logged"
    assert "Zo" not in facts
    log = home.cluster_log()
    assert "about Zo" in log.read_text(encoding="utf-8", errors="replace")
    with log.open("ab") as out:
        out.write(bytes(logs.LARGEST))
    wait(lambda: log.stat().st_size < logs.LARGEST)
    assert logs.earlier(log).stat().st_size == logs.LARGEST


@pytest.mark.skipif(sys.platform != "linux", reason="they begin by themselves elsewhere")
def test_workers_are_forks_of_a_process_that_forks_safely(one_cluster: Path) -> None:
    program = queue.ensure_started().pid
    client = connection.line().client
    client.wait_for_workers(4, timeout=DEADLINE)
    (parent,) = {psutil.Process(worker).parent() for worker in client.run(os.getpid).values()}
    assert parent is not None
    assert parent.ppid() == program
    assert parent.num_threads() == 1, "a fork would copy what others hold locked"


def test_it_starts_where_a_socket_would_have_too_long_a_name(
    clusters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    client = connection.line().client
    folder = client.submit(tempfile.gettempdir, resources={"training": 1}).result(DEADLINE)
    assert folder == str(long)


def test_who_lacks_the_certificate_cannot_submit(one_cluster: Path) -> None:
    from distributed import Client
    from distributed.security import Security

    found = queue.ensure_started()
    other = Security.temporary()
    with pytest.raises((OSError, TimeoutError)):
        Client(found.address, security=other, timeout=2, set_as_default=False)
    with pytest.raises((OSError, TimeoutError)):
        Client(found.address.replace("tls", "tcp"), timeout=2, set_as_default=False)


def test_a_stale_address_is_replaced(clusters: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = address.Address("tls://127.0.0.1:1", gone.pid, 1.0, address.version(), "dead")
    address.write(dead)
    assert queue.ensure_started().id != "dead"


def test_a_living_process_that_is_no_cluster_is_replaced(clusters: Path) -> None:
    """Its number was given to another program since; or it lives, but does not answer."""
    created = psutil.Process().create_time()
    other = address.Address("tls://127.0.0.1:1", os.getpid(), created, address.version(), "deaf")
    address.write(other)
    address.certificate("deaf").parent.mkdir(parents=True)
    queue.ensure_started()  # nothing tells yet
    address.certificate("deaf").write_bytes(b"")
    assert connection.line().client.status == "running"
    assert address.read() != other


def test_one_with_other_settings_makes_room_and_finishes_its_job(
    clusters: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    run = held.submit()
    wait(lambda: queue.status(run).status == RunStatus.RUNNING)
    old = queue.ensure_started()
    monkeypatch.setenv("THAW_MEGAPIXELS", "200")
    new = queue.ensure_started()
    assert new.id != old.id
    asked = connection.line().client.submit(os.getenv, "THAW_MEGAPIXELS", resources={"training": 1})
    assert asked.result(DEADLINE) == "200"
    later = held.submit()
    wait(lambda: queue.status(later).status == RunStatus.RUNNING)
    assert queue.status(run).status == RunStatus.RUNNING
    held.let_go(run)
    wait(lambda: queue.status(run).status == RunStatus.FINISHED)
    wait(lambda: not address.is_alive(old.owner))
    assert queue.status(later).status == RunStatus.RUNNING
    assert queue.ensure_started().id != old.id


def test_it_ends_when_idle_but_not_while_it_works(
    clusters: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import held

    monkeypatch.setenv("THAW_IDLE", "2")
    run = held.submit()
    first = queue.ensure_started()
    wait(lambda: queue.status(run).status == RunStatus.RUNNING)
    log = clusters / "logs" / "cluster.log"
    assert log.is_file()
    held.let_go(run)
    wait(lambda: not address.is_alive(first.owner))
    assert queue.status(run).status == RunStatus.FINISHED
    assert not address.folder(first.id).exists()
    again = held.submit()
    wait(lambda: queue.status(again).status == RunStatus.RUNNING)


@pytest.mark.parametrize(("name", "value"), [("THAW_WORKERS", "0"), ("THAW_IDLE", "soon")])
def test_a_wrong_setting_is_told_plainly(
    clusters: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    from core.errors import UserError

    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"{name}, received '{value}'"):
        queue.ensure_started()
