"""A visitor of one space, at addresses that hold the ids of another."""

import pytest

from core.datasets import store
from core.jobs import queue
from core.settings import TrainingSettings
from core.storage import home
from core.storage.home import HOME, Space
from core.storage.job import RunStatus
from core.storage.runs import Run
from pages.parts.shared import state
from tests import spaces
from tests.pages.painting import Open, button, paint_run, shown, store_dataset

PAGES = ["data", "train", "evaluate", "predict", "export", "runs"]


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Space:
    """The space of whoever opens a page here."""
    made = spaces.beside(monkeypatch)
    monkeypatch.setattr(state, "space", lambda: made)
    return made


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_what_another_space_has(open_page: Open, other: Space, page: str) -> None:
    theirs = store_dataset("secret", {"cat": 3, "dog": 3})
    run = paint_run(theirs, data="secret")
    before = spaces.contents(HOME)
    for address in ({}, {"data": theirs}, {"run": run.id}, {"data": theirs, "run": run.id}):
        told = shown(open_page(page, **address))
        assert "secret" not in told
    assert spaces.contents(HOME) == before


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_its_own(open_page: Open, other: Space, page: str) -> None:
    chosen = store_dataset("my pets", {"cat": 3, "dog": 3}, space=other)
    run = paint_run(chosen, data="my pets", space=other)
    app = open_page(page, data=chosen, run=run.id)
    told = shown(app) + " ".join(title.value for title in app.title)
    assert "my pets" in told or "90" in told, told
    assert not app.error


def test_a_run_that_waits_behind_another_space_does_not_name_it(
    open_page: Open, other: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(other.runs() / home.new_id(), TrainingSettings(), data_name="pets")
    theirs = Run(HOME.runs() / home.new_id())
    first = queue.UnderWay(theirs, "secret", RunStatus.RUNNING, None, 240.0)
    monkeypatch.setattr(queue, "ahead", lambda of=None: [first])
    (told, *_) = [each.value for each in open_page("train", run=run.id).info]
    assert "secret" not in told
    assert "about 4 min" in told


def test_a_deletion_stays_in_its_space(open_page: Open, other: Space) -> None:
    mine = store_dataset("pets", {"cat": 3, "dog": 3}, space=other)
    store_dataset("pets", {"cat": 3, "dog": 3})
    paint_run(None)
    run = paint_run(mine, space=other)
    before = spaces.contents(HOME)
    app = open_page("runs")
    button(app, "delete-runs").click().run()
    button(app, "delete-for-good").click().run()
    assert not run.folder.exists()
    app = open_page("runs", data=mine)
    app.session_state["belongings"] = "Data sets"
    app.run()
    app.button(key=state.key("ask", mine)).click().run()
    app.button(key=state.key("delete", mine)).click().run()
    assert not store.all_ids(other)
    assert not app.exception
    assert spaces.contents(HOME) == before
