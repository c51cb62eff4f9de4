"""“Find pictures like this one”, from any picture of the gallery."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.errors import UserError
from core.jobs import queue
from core.jobs.bulk import alike
from core.storage import home
from core.storage.job import Job
from pages.parts.data import gather
from pages.parts.shared import state
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    gallery,
    keys,
    select,
    shown,
    store_dataset,
    tick,
)


@pytest.fixture
def chosen(thaw_home: object) -> str:
    return store_dataset("pets", {"cat": 5, "dog": 5})


@pytest.fixture
def known(chosen: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A worker that finds the pictures in a fixed order; the digests that it was asked about."""
    asked: list[str] = []
    order = ("dog/3.png", "cat/1.png", "dog/0.png", "cat/2.png")

    def ask(_: Any, folder: Any, digest: str, count: int) -> list[tuple[str, float]]:
        asked.append(digest)
        by_file = {record.file: record.digest for record in store.load(folder).records}
        found = [by_file[file] for file in order if file in by_file]
        return [(each, 0.999 - 0.1 * place) for place, each in enumerate(found) if each != digest][
            :count
        ]

    monkeypatch.setattr(queue, "ask", ask)
    return asked


def captions(app: AppTest) -> list[str]:
    return [each["caption"] for each in gallery(app)["pictures"]]


def files_of(app: AppTest) -> list[str]:
    return [each["file"] for each in gallery(app)["pictures"]]


def find(app: AppTest, name: str) -> AppTest:
    tick(app, name)
    return button(app, "find-alike").click().run()


def test_those_of_all_classes_are_shown_with_class_and_likeness(
    open_page: Open, chosen: str, known: list[str]
) -> None:
    app = open_page("data", data=chosen)
    assert "find-alike" not in keys(app)
    tick(app, "/0.png", "/1.png")
    assert "find-alike" not in keys(app), "one picture at a time"
    button(app, "pick-none").click().run()
    find(app, "cat/0.png")
    assert files_of(app) == ["cat/0.png", "dog/3.png", "cat/1.png", "dog/0.png", "cat/2.png"]
    assert captions(app) == ["this one: cat", "> 99% ≠ dog", "90% cat", "80% ≠ dog", "70% cat"]
    assert "Of the 4 most alike, **2 are in another class** than “cat”" in shown(app)
    assert not gallery(app)["ticked"], "what was asked about is not moved along unseen"
    app.run()
    assert len(known) == 1, "asked once"
    button(app, "leave-alike").click().run()
    assert files_of(app) == [f"cat/{number}.png" for number in range(5)]


def test_what_is_found_can_be_moved_and_deleted(
    open_page: Open, chosen: str, known: list[str]
) -> None:
    app = find(open_page("data", data=chosen), "cat/0.png")
    tick(app, "dog/3.png")
    app.selectbox(key=state.key("move-from", "dog")).set_value("cat").run()
    button(app, "move").click().run()
    assert store.load(home.HOME.datasets() / chosen).counts == {"cat": 6, "dog": 4}
    assert captions(app)[:2] == ["this one: cat", "> 99% cat"]
    tick(app, "cat/1.png", "dog/0.png")
    button(app, "delete-picked").click().run()
    assert store.load(home.HOME.datasets() / chosen).counts == {"cat": 5, "dog": 3}
    assert len(captions(app)) == 3
    button(app, "undo").click().run()
    assert len(captions(app)) == 5


def test_from_one_to_the_next_and_all_of_these(
    open_page: Open, chosen: str, known: list[str]
) -> None:
    app = find(open_page("data", data=chosen), "cat/0.png")
    find(app, "dog/3.png")
    assert files_of(app)[0] == "dog/3.png"
    assert captions(app)[1].endswith("≠ cat")
    tick(app, "cat/1.png")
    button(app, "pick-all").click().run()
    assert set(gallery(app)["ticked"]) == set(files_of(app))


def test_a_picture_that_is_gone_leads_back_to_its_class(
    open_page: Open, chosen: str, known: list[str]
) -> None:
    app = find(open_page("data", data=chosen), "cat/0.png")
    tick(app, "cat/0.png")
    button(app, "delete-picked").click().run()
    assert "leave-alike" not in keys(app)
    assert len(files_of(app)) == 4


def test_the_pictures_are_looked_at_first_and_that_can_be_stopped(
    open_page: Open, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    job = Job.of_alike(home.HOME.datasets() / chosen)

    def begin(dataset: Path) -> None:
        begun.append(dataset.name)
        job.folder.mkdir(exist_ok=True)
        job.log.append("queued", cluster=None)

    monkeypatch.setattr(queue, "ask", lambda *_: None)
    monkeypatch.setattr(alike, "begin", begin)
    app = find(open_page("data", data=chosen), "cat/0.png")
    assert begun == [chosen]
    assert "cancel-alike" in keys(app)
    job.log.append("started")
    job.log.append("stage", stage="looking", done=3, total=10, seconds_left=2.0)
    app.run()
    (bar,) = app.get("progress")
    assert bar.proto.value == 30
    job.log.append("stopped")
    app.run()
    assert "You stopped this" in shown(app)
    assert begun == [chosen], "not begun again unasked"
    button(app, "look-again").click().run()
    assert begun == [chosen, chosen]
    job.fail("The *disk* is full.")
    app.run()
    assert [each.value for each in app.error] == [r"The \*disk\* is full\."]
    button(app, "leave-alike").click().run()
    assert len(files_of(app)) == 5


def test_why_nothing_can_be_compared_is_said(
    open_page: Open, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise UserError("This picture can't be read any more.")

    monkeypatch.setattr(queue, "ask", refuse)
    app = find(open_page("data", data=chosen), "cat/0.png")
    assert "be read any more" in app.error[0].value
    assert "leave-alike" in keys(app)


def test_hostile_class_names(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = store_dataset("odd", {"dog": 3, "cat": 4})
    folder = home.HOME.datasets() / chosen
    dataset = changes.rename(store.load(folder), "cat", HOSTILE)
    store.keep(folder, dataset, "renamed")
    others = [(each.digest, 0.5) for each in dataset.records if each.label == "dog"]
    monkeypatch.setattr(queue, "ask", lambda *_: others)
    app = open_page("data", data=chosen)
    find(app, "cat/0.png")
    told = [*(each.value for each in app.markdown), button(app, "leave-alike").label]
    assert any("most alike" in each for each in told)
    assert not [each for each in told if ":red[" in each]


def test_a_click_on_a_bar_shows_the_pictures_of_its_class(open_page: Open, chosen: str) -> None:
    app = open_page("data", data=chosen)
    app.session_state[gather.VIEWS] = "Pictures per class"
    app.run()
    (chart,) = app.get("plotly_chart")
    select(app, chart, points=[{"point_index": 1, "curve_number": 0}])
    assert app.session_state[gather.VIEWS] == "All pictures"
    assert files_of(app) == [f"dog/{number}.png" for number in range(5)]
