"""Who calls for help, and what is reported when nobody can be called."""

import logging
from pathlib import Path

import distributed
import pytest

from core.jobs import crew, tasks
from core.jobs.crew import Crew
from core.settings import TrainingSettings
from core.storage.runs import Run

MANY = 10_000


@pytest.fixture
def caller(tmp_path: Path) -> Crew:
    return Crew(
        Run.create(tmp_path / "run", TrainingSettings(), data_name="none"), tmp_path, tasks.help_out
    )


def test_in_a_process_that_is_no_worker_one_works_alone(
    caller: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    """Dask says so by a ValueError, which is expected in the terminal and not worth a line."""
    with pytest.raises(ValueError, match="worker"):
        distributed.get_worker()
    with caplog.at_level(logging.INFO, logger="thaw"):
        assert caller.call(MANY) == 1
    assert not caplog.records
    caller.finish()


def in_a_worker(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """As in a worker whose scheduler cannot be asked."""

    class Worker:
        address = "tcp://127.0.0.1:1"

    def fail() -> None:
        raise error

    monkeypatch.setattr(crew, "get_worker", Worker)
    monkeypatch.setattr(crew, "get_client", fail)


def test_any_other_value_error_is_a_fault_and_raised(
    caller: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_worker(monkeypatch, ValueError("a fault"))
    with pytest.raises(ValueError, match="a fault"):
        caller.call(MANY)


def test_a_scheduler_that_does_not_answer_is_logged(
    caller: Crew, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    in_a_worker(monkeypatch, TimeoutError("it does not answer"))
    with caplog.at_level(logging.WARNING, logger="thaw"):
        assert caller.call(MANY) == 1
    assert "it does not answer" in caplog.text
