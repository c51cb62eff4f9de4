"""What twenty varied runs leave in the process that trains, and what each takes at its peak."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.advice.estimate import estimate
from core.backbones.catalogue.rows import backbone_of
from core.datasets import store
from core.datasets.samples.samples import write
from core.intake.archives.archive import open_source
from core.jobs import foresight, queue
from core.jobs.cluster import connection
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.job import RunStatus
from tests.jobs.conftest import Wait

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.exhaustive,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(sys.platform != "linux", reason="reads peaks from /proc"),
]

MOBILENET = {"backbone": "mobilenet", "alpha": 0.25}
SCRATCH = {"weights": "random", "frozen_layers": 0}
ENDLESS = 1000  # epochs of those that are stopped
SERIES: list[dict[str, Any]] = [
    {"epochs": 2},
    {"frozen_layers": 0, "epochs": 1},
    {**MOBILENET, "epochs": 2, "batch_size": 8},
    {"frozen_layers": 95, "epochs": 1, "batch_size": 16},
    {**MOBILENET, **SCRATCH, "epochs": 1},
    {"epochs": 2, "batch_size": 16},
    {**MOBILENET, "frozen_layers": 47, "epochs": 1, "batch_size": 16},
    {"frozen_layers": 0, "batch_size": 16, "epochs": ENDLESS},
    {**MOBILENET, "frozen_layers": 0, "epochs": 1},
    {"dense": (64,), "dropout": 0.2, "epochs": 2},
    {"frozen_layers": 95, "epochs": ENDLESS},
    {**MOBILENET, "epochs": ENDLESS},
    {"frozen_layers": 47, "epochs": 1, "batch_size": 8},
    {**MOBILENET, "frozen_layers": 47, "epochs": 1, "batch_size": 8},
    {"epochs": 2, "batch_size": 8},
    {**MOBILENET, **SCRATCH, "batch_size": 8, "epochs": ENDLESS},
    {"frozen_layers": 0, "epochs": 1, "batch_size": 8},
    {**MOBILENET, "frozen_layers": 0, "epochs": 1, "batch_size": 16},
    {"frozen_layers": 95, "epochs": 1, "batch_size": 8},
    {"epochs": 2},
]
EACH = 10  # pictures of each of the four classes
MEGABYTE = 1e6
IDLE = 1300  # megabytes that a process which trains may hold between two runs


@pytest.fixture
def few_sketches(
    clusters: Path, tmp_path: Path, material: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A small stored data set and the weights of both networks; its id."""
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    write("sketches", tmp_path / "sketches")
    for folder in (tmp_path / "sketches").iterdir():
        for picture in sorted(folder.iterdir())[EACH:]:
            picture.unlink()
    source, chosen = open_source(tmp_path / "sketches"), home.new_id()
    store.import_dataset(source, home.HOME.datasets() / chosen, split=SplitSettings(), name="s")
    return chosen


def at_rest(wait: Wait) -> int:
    """The process that trains, once it is there and has nothing to do."""
    import held

    found: list[int] = []

    def seen() -> bool:
        found[:] = connection.line().client.run_on_scheduler(held.idle_trainers)
        return bool(found)

    wait(seen)
    return found[0]


def resident(pid: int) -> float:
    """Megabytes; no number is as large as that of a process that has just ended."""
    try:
        return float(psutil.Process(pid).memory_info().rss / MEGABYTE)
    except psutil.NoSuchProcess:
        return float("inf")


def peak(pid: int) -> float:
    """Megabytes at most since `begin_peak`."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes[0]) * 1024 / MEGABYTE if kilobytes else 0.0  # none once it has ended


def begin_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def estimated(dataset: str, settings: TrainingSettings, wait: Wait) -> float:
    """Megabytes that the page would name."""
    wait(lambda: foresight.probe(home.HOME.dataset(dataset), settings) is not None)
    probe = foresight.known_probe(home.HOME.dataset(dataset), settings)
    assert probe is not None
    counts = store.load(home.HOME.datasets() / dataset).split_counts
    return estimate(probe, settings, backbone_of(settings), counts).memory / MEGABYTE


def train(dataset: str, settings: TrainingSettings, wait: Wait) -> float:
    """Megabytes that the process of a run held at most."""
    run = queue.submit_training(home.HOME.dataset(dataset), settings)
    wait(lambda: queue.status(run).started)
    (pid,) = [event["pid"] for event in run.log.read()[0] if event["event"] == "started"]
    begin_peak(pid)
    highest = 0.0

    def over() -> bool:
        nonlocal highest
        state = queue.status(run)
        with suppress(OSError):  # it has been started anew
            highest = max(highest, peak(pid))
        if state.history and settings.epochs == ENDLESS:
            queue.stop(run)
        return state.status.final

    wait(over)
    stopped = settings.epochs == ENDLESS
    assert queue.status(run).status == (RunStatus.STOPPED if stopped else RunStatus.FINISHED)
    return highest


def test_twenty_varied_runs_in_one_process_leave_what_three_have_left(
    few_sketches: str, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest is the second: TensorFlow's pool keeps what it took, see `JobWatch`."""
    monkeypatch.setenv("THAW_KEPT_GB", "1000")
    left: list[float] = []
    for chosen in SERIES:
        highest = train(few_sketches, TrainingSettings(**chosen), wait)
        left.append(resident(at_rest(wait)))
        print(f"{chosen}: peak {highest:.0f}, then {left[-1]:.0f} MB", flush=True)
    assert left[19] <= 1.2 * left[2], left


def test_twenty_varied_runs_stay_below_their_estimate_and_idle_processes_small(
    few_sketches: str, wait: Wait
) -> None:
    too_low: list[str] = []
    for chosen in SERIES:
        settings = TrainingSettings(**chosen)
        expected = estimated(few_sketches, settings, wait)
        highest = train(few_sketches, settings, wait)
        wait(lambda: resident(at_rest(wait)) <= IDLE)
        line = f"{chosen}: peak {highest:.0f} of {expected:.0f} MB"
        print(line, flush=True)
        if highest > expected:
            too_low.append(line)
    assert not too_low, too_low
