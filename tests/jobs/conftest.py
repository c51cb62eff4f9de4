"""Real clusters for tests, each below the test's own THAW_HOME, and all gone when it ends."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.datasets import store
from core.datasets.samples.samples import write
from core.intake.archives.archive import open_source
from core.jobs.cluster import connection
from core.jobs.cluster.address import is_alive
from core.settings import SplitSettings
from core.storage import home

DEADLINE = 180.0  # a machine may be busy with other things
Wait = Callable[[Callable[[], object]], None]


def until(happened: Callable[[], object]) -> None:
    """Wait for something to become true, for a bounded time."""
    end = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def wait() -> Wait:
    return until


@contextlib.contextmanager
def ending(thaw_home: Path) -> Iterator[Path]:
    """Kills the clusters that were started below a THAW_HOME and looks that nothing remains."""
    yield thaw_home
    connection.disconnect()
    family: list[psutil.Process] = []
    for file in (thaw_home / "cluster").glob("*/owner.json"):
        owner = json.loads(file.read_text())
        if is_alive(owner):
            program = psutil.Process(owner["pid"])
            family += [program, *program.children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    for process in connection._started:
        if process.pid in {member.pid for member in family}:
            process.wait(DEADLINE)
    connection._started[:] = [each for each in connection._started if each.poll() is None]
    until(lambda: all(is_gone(member) for member in family))


def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test's clusters are to find."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.setenv("THAW_WARM_UP", "0")
    monkeypatch.setenv("THAW_IDLE", "60")
    monkeypatch.delenv("THAW_SCHEDULER", raising=False)
    monkeypatch.delenv("THAW_WORKERS", raising=False)
    monkeypatch.syspath_prepend(here)


@pytest.fixture
def clusters(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lets a test start clusters of its own."""
    surroundings(monkeypatch)
    with ending(thaw_home):
        yield thaw_home


@pytest.fixture(scope="module")
def home_of_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with ending(tmp_path_factory.mktemp("file") / "thaw") as thaw_home:
        yield thaw_home


@pytest.fixture
def one_cluster(home_of_file: Path, thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One for the tests of a file that start it with the same settings."""
    surroundings(monkeypatch)
    monkeypatch.setenv("THAW_HOME", str(home_of_file))
    return home_of_file


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with ending(tmp_path_factory.mktemp("shared") / "thaw") as thaw_home:
        yield thaw_home


@pytest.fixture
def shared(shared_home: Path, thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One cluster for many tests, with networks that are converted once."""
    surroundings(monkeypatch)
    monkeypatch.setenv("THAW_HOME", str(shared_home))
    return shared_home


@pytest.fixture
def sketches(shared: Path, tmp_path: Path) -> str:
    """A stored data set of drawings, imported in this process; its id, of this test alone."""
    write("sketches", tmp_path / "sketches")
    source, chosen = open_source(tmp_path / "sketches"), home.new_id()
    store.import_dataset(source, home.HOME.datasets() / chosen, split=SplitSettings(), name="s")
    return chosen
