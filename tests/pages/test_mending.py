"""The Data page mends a data set: each change makes a version, and Undo goes back."""

from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.doctor.finding import Checkup, Point
from core.jobs import checkup
from core.storage import files, home
from pages.parts.data import gather
from pages.parts.shared import state
from tests.pages.painting import (
    HOSTILE,
    Open,
    beside,
    button,
    gallery,
    keys,
    paint_run,
    shown,
    store_dataset,
    tell,
    tick,
)

Opened = tuple[AppTest, str]


@pytest.fixture
def pets(open_page: Open) -> Opened:
    """The page on a data set of two classes, and the data set's id."""
    chosen = store_dataset("pets", {"cat": 5, "dog": 10})
    return open_page("data", data=chosen), chosen


def kept(chosen: str) -> Dataset:
    return store.load(home.HOME.datasets() / chosen)


def test_pictures_that_are_ticked_are_moved(pets: Opened) -> None:
    app, chosen = pets
    assert "move" not in keys(app)
    tick(app, "0.png", "3.png")
    assert "2 pictures selected" in shown(app)
    assert button(app, "move").disabled  # nothing is preset: it would be wrong half the time
    app.selectbox(key=state.key("move-from", "cat")).set_value("dog").run()
    button(app, "move").click().run()
    assert kept(chosen).counts == {"cat": 3, "dog": 12}
    assert "2 pictures moved to “dog”" in shown(app)
    assert not gallery(app)["ticked"]
    assert "move" not in keys(app)


def test_pictures_that_are_ticked_are_deleted_and_come_back(pets: Opened) -> None:
    app, chosen = pets
    tick(app, "1.png")
    button(app, "delete-picked").click().run()
    assert kept(chosen).counts == {"cat": 4, "dog": 10}
    assert "14 pictures, 2 classes" in shown(app)
    button(app, "undo").click().run()
    assert kept(chosen).counts == {"cat": 5, "dog": 10}
    assert "undo" not in keys(app)


def open_tab(app: AppTest, title: str) -> None:
    app.session_state[gather.VIEWS] = title
    app.run()


def test_how_many_of_each_is_drawn_when_it_is_looked_at(pets: Opened) -> None:
    app, _ = pets
    assert not app.get("plotly_chart")
    open_tab(app, "Pictures per class")
    assert app.get("plotly_chart")


def test_what_is_ticked_on_the_map_is_ticked_in_the_gallery(
    pets: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, chosen = pets
    dataset = kept(chosen)
    points = tuple(Point(record.file, 0.1, 0.2) for record in dataset.records)
    files.write_json(checkup.place(home.HOME.dataset(chosen)), Checkup(1, 15, (), points).to_dict())
    picked = {"selection": {"points": [{"curve_number": 0, "point_index": n} for n in (1, 3)]}}
    monkeypatch.setattr(streamlit, "plotly_chart", lambda *_, **__: picked)
    app.run()
    assert "tick-on-map" not in keys(app)  # the map waits until it is looked at
    open_tab(app, "Check-up")
    button(app, "tick-on-map").click().run()
    assert gallery(app)["ticked"] == ["cat/1.png", "cat/3.png"]


def test_many_classes_are_one_cloud_and_each_point_is_still_its_picture(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred clouds, each is drawn anew when the map is moved."""
    chosen = store_dataset("zoo", {f"class {number:02}": 2 for number in range(30)})
    records = kept(chosen).records
    points = tuple(Point(record.file, 0.1, 0.2) for record in records)
    files.write_json(checkup.place(home.HOME.dataset(chosen)), Checkup(1, 60, (), points).to_dict())
    drawn: list[Any] = []

    def choose(figure: Any, **more: Any) -> dict[str, Any]:
        if more["key"] == "map":
            drawn.append(figure)
        return {"selection": {"points": [{"curve_number": 0, "point_index": 43}]}}

    monkeypatch.setattr(streamlit, "plotly_chart", choose)
    app = open_page("data", data=chosen)
    open_tab(app, "Check-up")
    (cloud,) = drawn[-1].data
    assert not drawn[-1].layout.showlegend
    in_turn = sorted(records, key=lambda record: record.label)
    assert [digest for _, digest, _ in cloud.customdata] == [each.digest for each in in_turn]
    assert [number for *_, number in cloud.customdata] == [n // 2 for n in range(60)]
    assert len(set(cloud.marker.color)) == 30
    button(app, "tick-on-map").click().run()
    assert gallery(app)["ticked"] == [in_turn[43].file]
    assert app.selectbox(key="gallery-class").value == "class 21"


def test_ticks_are_let_go_of(pets: Opened) -> None:
    app, chosen = pets
    tick(app, "1.png", "2.png")
    button(app, "pick-none").click().run()
    assert not gallery(app)["ticked"]
    assert kept(chosen).version == 1


def test_a_whole_class_is_ticked_beyond_the_page(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 60, "dog": 2})
    app = open_page("data", data=chosen)
    tick(app, "/1.png")
    button(app, "pick-all").click().run()
    assert "60 pictures selected" in shown(app)
    shows = gallery(app)
    assert len(shows["pictures"]) < 60
    assert shows["ticked"] == [each["file"] for each in shows["pictures"]]


def test_a_tick_that_comes_late_or_twice_is_no_other_picture(pets: Opened) -> None:
    """What the browser says holds for the files that it names, whatever the page shows by now."""
    app, _ = pets
    grid_id = next(e.proto.id for e in app.get("bidi_component") if "picture_grid" in str(e.proto))
    app.button_group[0].set_value("dog").run()
    told = {"number": 7, "changed": {"cat/1.png": True, "cat/2.png": False, "gone.png": True}}
    tell(app, grid_id, told)
    assert "1 picture selected" in shown(app)
    assert "including 1 in “cat”" in shown(app)
    assert gallery(app)["heard"] == 7
    button(app, "pick-none").click().run()
    app.run()
    assert "ticked**" not in shown(app)


@pytest.mark.parametrize(
    "told", [None, 3, [], {}, {"number": "1", "changed": {}}, {"number": 1, "changed": [1]}]
)
def test_what_no_grid_says_changes_nothing(pets: Opened, told: Any) -> None:
    app, _ = pets
    tick(app, "/1.png")
    grid_id = next(e.proto.id for e in app.get("bidi_component") if "picture_grid" in str(e.proto))
    tell(app, grid_id, told)
    assert not app.exception
    assert gallery(app)["ticked"] == ["cat/1.png"]


def test_a_class_is_renamed(pets: Opened) -> None:
    app, chosen = pets
    app.text_input(key=state.key("rename", "cat")).set_value("Tiger")
    app.button(key="rename-class").click().run()
    assert kept(chosen).classes == ("dog", "Tiger")
    assert "“cat” renamed to “Tiger”" in shown(app)


def test_a_name_that_is_taken_is_said_and_changes_nothing(pets: Opened) -> None:
    app, chosen = pets
    app.text_input(key=state.key("rename", "cat")).set_value("Dog")
    app.button(key="rename-class").click().run()
    assert len(app.error) == 1
    assert "merge the two" in beside(app, app.button(key="rename-class"))
    assert kept(chosen).version == 1


def test_what_no_longer_fits_is_said_although_its_button_is_gone(
    pets: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, chosen = pets
    keep = store.keep

    def late(folder: Path, changed: Dataset, told: str) -> None:
        monkeypatch.setattr(store, "keep", keep)
        keep(folder, changes.delete_class(kept(chosen), "dog"), "another tab was faster")
        keep(folder, changed, told)

    monkeypatch.setattr(store, "keep", late)
    app.button(key="merge-class").click().run()
    assert "merge-class" not in keys(app), "there is no other class"
    (told,) = [each.value for each in app.error]
    assert "meanwhile" in told


def test_classes_are_merged_made_and_deleted(pets: Opened) -> None:
    app, chosen = pets
    name = next(each for each in app.text_input if each.key.startswith("new-class-name"))
    name.set_value("cow")
    app.button(key="make-class").click().run()
    assert kept(chosen).classes == ("cat", "cow", "dog")
    assert app.button_group[0].value == "cow"  # where its pictures are dropped
    app.button_group[0].set_value("cat").run()
    app.selectbox(key=state.key("merge-into", "cat")).set_value("dog").run()
    app.button(key="merge-class").click().run()
    assert kept(chosen).counts == {"cow": 0, "dog": 15}
    app.button_group[0].set_value("cow").run()
    app.button(key="delete-class-really").click().run()
    assert kept(chosen).classes == ("dog",)
    for _ in range(3):
        button(app, "undo").click().run()
    assert kept(chosen).counts == {"cat": 5, "dog": 10}


def test_a_second_click_makes_and_renames_nothing_more(pets: Opened) -> None:
    app, chosen = pets
    next(each for each in app.text_input if each.key.startswith("new-class-name")).set_value("cow")
    app.button(key="make-class").click().run()
    app.button(key="make-class").click().run()
    assert not app.error
    app.text_input(key=state.key("rename", "cow")).set_value("ox")
    app.button(key="rename-class").click().run()
    app.button(key="rename-class").click().run()
    assert kept(chosen).version == 3
    assert kept(chosen).classes == ("cat", "dog", "ox")


def test_pictures_are_divided_anew(pets: Opened) -> None:
    app, chosen = pets
    app.slider(key="validation-share").set_value(40).run()
    app.button(key="divide").click().run()
    assert kept(chosen).split_counts["validation"] == 6


def test_what_was_deleted_can_be_deleted_for_good(pets: Opened) -> None:
    app, chosen = pets
    assert "ask" not in keys(app)
    tick(app, "1.png")
    button(app, "delete-picked").click().run()
    run = paint_run(chosen, ending=None)
    button(app, "ask").click().run()
    assert "Stop that run first" in shown(app), "it may be learning from what would go"
    run.delete()
    button(app, "ask").click().run()
    assert len(list((home.HOME.datasets() / chosen / "images").iterdir())) == 15
    button(app, "delete").click().run()
    assert len(list((home.HOME.datasets() / chosen / "images").iterdir())) == 14
    assert "undo" not in keys(app)


def test_a_class_that_is_renamed_or_takes_another_in_stays_in_sight(pets: Opened) -> None:
    app, chosen = pets
    app.button_group[0].set_value("dog").run()
    app.text_input(key=state.key("rename", "dog")).set_value("wolf")
    app.button(key="rename-class").click().run()
    assert app.session_state["gallery-class"] == "wolf"
    app.selectbox(key=state.key("merge-into", "wolf")).set_value("cat").run()
    app.button(key="merge-class").click().run()
    assert kept(chosen).counts == {"cat": 15}
    assert app.session_state["gallery-class"] == "cat"


def test_where_ticked_pictures_are_is_said(pets: Opened) -> None:
    app, _ = pets
    tick(app, "1.png")
    app.button_group[0].set_value("dog").run()
    assert "including 1 in “cat”" in shown(app)


def test_a_second_click_of_a_double_click_takes_nothing_back(pets: Opened) -> None:
    app, chosen = pets
    for file in ("1.png", "2.png"):
        tick(app, file)
        button(app, "delete-picked").click().run()
    twice = button(app, "undo")
    twice.click().run()
    twice.click().run()
    assert kept(chosen).counts == {"cat": 4, "dog": 10}


def test_other_pictures_can_be_brought_while_a_run_is_at_hand(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 5, "dog": 10})
    app = open_page("data", run=paint_run(chosen).id)
    button(app, "others").click().run()
    assert "make-classes" in keys(app)
    button(app, "go-on").click().run()
    assert app.query_params["data"] == chosen
    run = paint_run(chosen)
    store.delete(home.HOME.dataset(chosen))
    app = open_page("data", run=run.id)
    assert "make-classes" in keys(app)


def test_a_change_in_another_tab_is_not_overwritten(pets: Opened) -> None:
    app, chosen = pets
    tick(app, "1.png")
    other = kept(chosen)
    store.keep(home.HOME.datasets() / chosen, changes.rename(other, "cat", "Tiger"), "renamed")
    button(app, "delete-picked").click().run()
    assert kept(chosen).counts == {"dog": 10, "Tiger": 4}


def test_names_of_changes_are_shown_letter_by_letter(pets: Opened) -> None:
    app, _ = pets
    app.text_input(key=state.key("rename", "cat")).set_value(HOSTILE[:60])
    app.button(key="rename-class").click().run()
    assert not app.exception
    for each in (*app.markdown, *app.caption):
        assert "**bold**" not in each.value
