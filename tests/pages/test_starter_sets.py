"""A starter set is made once: pressed again, what was made of it is opened."""

from pathlib import Path

import pytest

from core.datasets import changes, store
from core.jobs import queue
from core.storage import home, own_names
from core.storage.job import Job, Kind, RunStatus
from tests.pages.painting import Open, button, labels, paint_run, store_dataset

SKETCHES = ("boat", "cat", "fish", "house")


def order(dataset: str, sample: str | None, ending: str | None = "finished") -> str:
    """Note in a data set's log what was ordered, as `queue.begin_reading` does."""
    log = Job(Kind.READING, home.HOME.datasets() / dataset).log
    log.path.parent.mkdir(parents=True, exist_ok=True)
    log.append("queued", cluster=None, name="sketches", upload=dataset, sample=sample)
    if ending:
        log.append(ending, message="No.")
    return dataset


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Starter sets that are ordered anew."""
    ordered: list[str] = []

    def begin(job: Job, name: str, *, sample: str) -> Job:
        ordered.append(sample)
        order(job.folder.name, sample, ending=None)
        return job

    monkeypatch.setattr(queue, "begin_reading", begin)
    monkeypatch.setattr(queue, "submit", lambda *_: None)
    return ordered


def test_pressed_again_it_opens_the_one_there_is(open_page: Open, made: list[str]) -> None:
    chosen = order(store_dataset("sketches", dict.fromkeys(SKETCHES, 4)), "sketches")
    folder = home.HOME.dataset(chosen)
    own_names.give(folder, "drawings")
    store.keep(folder, changes.delete_class(store.load(folder), "boat"), "a class deleted")
    app = open_page("data")
    button(app, "sample").click().run()
    assert app.query_params["data"] == chosen
    assert app.title[0].value == "drawings"
    assert not made


def test_pressed_twice_while_it_is_read_it_is_made_once(thaw_home: Path, made: list[str]) -> None:
    first = queue.submit_sample(home.HOME, "sketches")
    assert queue.submit_sample(home.HOME, "sketches") == first
    assert queue.submit_sample(home.HOME, "digits") != first
    assert made == ["sketches", "digits"]


def test_what_is_only_called_like_it_is_not_it(thaw_home: Path, made: list[str]) -> None:
    own = order(store_dataset("sketches", dict.fromkeys(SKETCHES, 4)), None)
    assert queue.submit_sample(home.HOME, "sketches") != own
    assert made == ["sketches"]


@pytest.mark.parametrize("ending", ["failed", "stopped"])
def test_one_that_came_to_nothing_is_made_again(
    thaw_home: Path, made: list[str], ending: str
) -> None:
    gone = order(home.new_id(), "sketches", ending)
    assert queue.submit_sample(home.HOME, "sketches") != gone
    deleted = order(store_dataset("sketches", dict.fromkeys(SKETCHES, 4)), "digits")
    store.delete(home.HOME.dataset(deleted))
    queue.submit_sample(home.HOME, "digits")
    assert made == ["sketches", "digits"]


def test_it_stays_one_when_another_cluster_takes_it_over(thaw_home: Path, made: list[str]) -> None:
    first = queue.submit_sample(home.HOME, "sketches")
    Job(Kind.READING, home.HOME.datasets() / first).requeue({"pid": 1, "created": 0.0})
    assert queue.sample_of(home.HOME.dataset(first)) == "sketches"


def test_examples_are_shown_whatever_it_is_called(open_page: Open) -> None:
    chosen = order(store_dataset("sketches", dict.fromkeys(SKETCHES, 4)), "sketches")
    run = paint_run(chosen, SKETCHES, data="drawings")
    assert "Try 1" in labels(open_page("predict", run=run.id))
    assert run.state().status is RunStatus.FINISHED
