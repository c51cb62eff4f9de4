"""A project that is dropped where pictures are dropped, as the background process opens it."""

import os
from pathlib import Path

import pytest

from core.datasets import store
from core.errors import StopRequested
from core.jobs import tasks, worker
from core.jobs.cluster import leftovers
from core.projects import opening, sharing
from core.settings import SplitSettings
from core.storage import files, home
from core.storage.job import Job, Kind, RunStatus
from core.storage.runs import Run, all_runs
from tests.projects.rewriting import rewritten


def job_of() -> Job:
    job = Job(Kind.READING, home.HOME.datasets() / home.new_id())
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="colours", upload=None)
    return job


def perform(path: Path) -> Job:
    job = job_of()
    worker.perform(job, tasks.import_dataset, path, "colours", SplitSettings())
    return job


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "elsewhere"))


def test_it_becomes_the_data_set_of_the_job(pictures_alone: Path, elsewhere: None) -> None:
    job = perform(pictures_alone)
    state = job.state()
    assert (state.status, state.done, state.total) == (RunStatus.FINISHED, 15, 15)
    assert store.load(job.folder).name == "colours"
    found = opening.opened(job.folder)
    assert found is not None
    assert (found.dataset, found.there) == (job.folder.name, False)


def test_where_it_is_here_already_the_job_says_where(pictures_alone: Path, elsewhere: None) -> None:
    first, second = perform(pictures_alone), perform(pictures_alone)
    assert second.state().status is RunStatus.FINISHED
    assert store.all_ids(home.HOME) == [first.folder.name]
    found = opening.opened(second.folder)
    assert found is not None
    assert (found.dataset, found.there) == (first.folder.name, True)


def test_what_is_refused_leaves_the_reason_alone(pictures_alone: Path, elsewhere: None) -> None:
    job = perform(rewritten(pictures_alone, lambda inside: inside.update({"evil.sh": b"x"})))
    state = job.state()
    assert state.status is RunStatus.FAILED
    assert state.message is not None
    assert "other files than its list says" in state.message
    assert state.incident is None
    assert [path.name for path in job.folder.iterdir()] == ["progress.jsonl"]


def test_a_stop_leaves_nothing(pictures_alone: Path, elsewhere: None) -> None:
    job = job_of()
    job.log.append("started", host="here", pid=1)
    job.request_stop()
    with pytest.raises(StopRequested):
        tasks.import_dataset(job, pictures_alone, "colours", SplitSettings())
    assert {path.name for path in job.folder.iterdir()} == {"progress.jsonl", "stop"}


def test_what_was_cut_off_at_the_very_end_is_settled(
    dataset: str, run: Run, thaw_home: Path
) -> None:
    """The manifest is written, but the process was killed before the runs had moved."""
    folder = home.HOME.dataset(dataset)
    staged = folder / home.OPENED_RUNS
    staged.mkdir()
    run.folder.rename(staged / run.id)
    assert all_runs(home.HOME) == []
    leftovers.sweep()
    assert [each.id for each in all_runs(home.HOME)] == [run.id]
    assert not staged.exists()


def test_what_was_cut_off_before_is_removed(run: Run, thaw_home: Path) -> None:
    """No manifest: the runs that had come go with the rest, and none is seen."""
    job = job_of()
    staged = job.folder / home.OPENED_RUNS
    staged.mkdir()
    run.folder.rename(staged / run.id)
    opening.settle(job.folder)
    assert all_runs(home.HOME) == []
    job.fail("interrupted")
    assert not staged.exists()
    terminal = home.HOME.datasets() / ".new-0123"
    terminal.mkdir()
    day_ago = os.stat(terminal).st_ctime + 2 * 86_400
    leftovers.sweep(day_ago)
    assert not terminal.exists()
    assert files.disk_used(home.HOME.runs()) == 0


@pytest.mark.exhaustive  # a conversion; in make test, a browser shares a project
@pytest.mark.parametrize("damaged", [False, True])
def test_a_shared_project_has_a_page_to_try_where_its_network_allows_one(
    damaged: bool, dataset: str, run: Run
) -> None:
    if damaged:
        (run.folder / home.MODEL).write_bytes(b"no network")
    folder = sharing.new(home.HOME.dataset(dataset))
    folder.mkdir(parents=True)
    job = Job.of_export(folder)
    job.log.append("queued", cluster=None, name="", upload=None)
    worker.perform(job, tasks.share_project, home.HOME.dataset(dataset), [run], False, 60)
    assert job.state().status is RunStatus.FINISHED, job.state().message
    told = sharing.shared(folder)
    assert told is not None
    assert told.tried == (None if damaged else 1)
    assert sharing.page(folder).is_file() is not damaged
    if not damaged:
        page = sharing.page(folder).read_text()
        assert "<!doctype html>" in page.lower()
        assert all(name in page for name in ("blue", "green", "crimson"))
    assert {each.name for each in folder.iterdir()} <= {
        *(home.SHARED_PAGE, home.SHARED_FILE, home.SHARED_FACTS, home.SHARE, home.PROGRESS)
    }
