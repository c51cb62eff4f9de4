"""Making a data set in the page: empty classes, pictures on their way, two sets made one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from core.datasets import changes, store
from core.datasets.additions import Added
from core.datasets.dataset import Skipped
from core.errors import UserError
from core.intake import incoming
from core.jobs import adding, queue
from core.settings import SplitSettings
from core.storage import files, home
from core.storage.events import EventLog
from pages.components import camera, upload_zone
from pages.components.upload_zone import Brought
from pages.parts.shared import words
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    keys,
    paint_run,
    shown,
    store_dataset,
)


def empty(*classes: str) -> str:
    chosen = home.new_id()
    store.create(home.HOME.dataset(chosen), changes.empty("pets", classes, SplitSettings()))
    return chosen


def order(*events: tuple[str, dict[str, object]]) -> str:
    """Pictures that are on their way."""
    folder = home.HOME.datasets() / home.new_id()
    folder.mkdir(parents=True)
    log = EventLog(folder / "progress.jsonl")
    log.append("queued", cluster=None, name="cat", upload=None)
    for event, fields in events:
        log.append(event, **fields)
    return folder.name


def ways_in(app: AppTest) -> list[Element]:
    """The camera and the place to drop, as far as they are there."""
    return [
        each for each in app.get("bidi_component") if each.key.startswith(("camera", "dropped"))
    ]


def test_classes_are_named_before_there_are_pictures(open_page: Open) -> None:
    app = open_page("data")
    fields = [each.label for each in app.text_input]
    assert fields == ["Class 1", "Class 2", "Name of the data set"]
    app.text_input[0].set_value("thumb up").run()
    app.text_input[1].set_value(" thumb  down ").run()
    assert [each.label for each in app.text_input][2] == "Class 3", "there is one more to fill"
    button(app, "make-classes").click().run()
    dataset = store.load(home.HOME.dataset(app.query_params["data"]))
    assert dataset.counts == {"thumb down": 0, "thumb up": 0}
    assert app.title[0].value == words.plain("thumb up and thumb down")
    assert "“thumb down” has no pictures yet." in shown(app)
    assert len(ways_in(app)) == 2, "a place to drop, and a camera"


@pytest.mark.parametrize(
    ("names", "told"),
    [([], "at least one class"), (["cat", "CAT"], "Two of these classes have the same name")],
)
def test_names_that_will_not_do_are_said(open_page: Open, names: list[str], told: str) -> None:
    app = open_page("data")
    for place, name in enumerate(names):
        app.text_input[place].set_value(name).run()
    button(app, "make-classes").click().run()
    assert words.plain(told) in app.error[0].value
    assert [each.value for each in app.text_input][: len(names)] == names, "they can be mended"
    assert not home.HOME.datasets().exists()


def test_what_has_come_goes_to_the_class_that_it_was_meant_for(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, told, asked = empty("cat", "dog"), [], []

    def submit(path: Path, dataset: Path, origin: str) -> str:
        asked.append((path.read_bytes(), dataset.name, origin))
        return order(("started", {}))

    monkeypatch.setattr(adding, "submit_images", submit)
    monkeypatch.setattr(camera, "draw", lambda *_, **__: told.pop() if told else None)
    app = open_page("data", data=chosen)
    begun, secret = incoming.begin(home.HOME, "5 pictures.zip", 3, "page")
    incoming.append(begun, 0, b"zip")
    told.append(Brought(begun.folder.name, secret, chosen, "dog"))
    app.run()
    assert asked == [(b"zip", chosen, "dog")]
    assert "“cat”" in app.get("progress")[0].proto.text
    assert app.query_params["adding"]


def test_what_cannot_be_taken_is_heard_of_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A component goes on saying what it has said, also for another class than it was meant for."""
    chosen, keys = empty("cat", "dog"), []

    def draw(key: str, *_: str) -> Brought | None:
        keys.append(key)
        return Brought("x", "y", chosen, "dog") if key == keys[0] else None

    monkeypatch.setattr(upload_zone, "draw_for_class", draw)
    app = open_page("data", data=chosen)
    assert "no longer there" in app.error[0].value
    assert len(set(keys)) == 2


def test_the_camera_stays_the_same_and_is_heard_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, drawn, taken = empty("cat", "dog"), [], []

    def draw(key: str, *_: object, busy: bool, heard: str | None) -> Brought:
        drawn.append((key, busy, heard))
        return Brought("x", "y", chosen, "dog")  # it goes on saying what it has said

    def take(space: home.Space, upload_id: str, _: str) -> None:
        taken.append(upload_id)
        raise incoming.NoSuchUpload

    monkeypatch.setattr(camera, "draw", draw)
    monkeypatch.setattr(incoming, "take", take)
    app = open_page("data", data=chosen)
    app.pills[0].set_value("dog").run()
    assert taken == ["x"]
    assert len({key for key, _, _ in drawn}) == 1
    assert [heard for _, _, heard in drawn] == [None, *["x"] * (len(drawn) - 1)]


def test_the_camera_waits_while_pictures_are_added(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, drawn = empty("cat", "dog"), []

    def draw(*_: object, busy: bool, heard: str | None) -> Brought:
        drawn.append((busy, heard))
        return Brought("x", "y", chosen, "dog")

    monkeypatch.setattr(camera, "draw", draw)
    app = open_page("data", data=chosen, adding=order(("started", {})))
    assert drawn == [(True, None)]
    assert not app.error, "it is not taken yet"


def test_another_tab_has_heard_what_became_of_them(open_page: Open) -> None:
    job = order(("started", {}))
    app = open_page("data", data=empty("cat", "dog"), adding=job)
    assert app.get("progress")
    files.remove(home.HOME.datasets() / job)
    app.run()
    assert not app.error
    assert "adding" not in app.query_params


def test_pictures_on_their_way_can_be_cancelled_and_are_found_again(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = {"stage": "reading", "done": 3, "total": 12, "seconds_left": 6.0}
    job = order(("started", {}), ("stage", stage))
    stopped: list[Path] = []
    monkeypatch.setattr(queue, "stop_import", stopped.append)
    app = open_page("data", data=empty("cat", "dog"), adding=job)
    assert app.get("progress")[0].proto.text.endswith("“cat” · about 6 s left")
    assert len(ways_in(app)) == 1, "the camera stays, the place to drop waits"
    button(app, "cancel-adding").click().run()
    assert stopped == [home.HOME.dataset(job)]


def test_what_became_of_them_is_told_until_something_changes(open_page: Open) -> None:
    job = order(("started", {}), ("finished", {}))
    added = Added("2 images added to “cat”. 3 were there already.", (Skipped("a.txt", "no image"),))
    files.write_json(home.HOME.datasets() / job / "added.json", added.to_dict())
    chosen = empty("cat", "dog")
    app = open_page("data", data=chosen, adding=job)
    assert app.success[0].value == words.plain(added.told)
    assert app.dataframe[0].value["file"].tolist() == ["a.txt"]
    assert "adding" not in app.query_params
    app.run()
    assert app.success
    folder = home.HOME.dataset(chosen)
    store.keep(folder, changes.rename(store.load(folder), "cat", "kitten"), "renamed")
    app.run()
    assert not app.success


@pytest.mark.parametrize("end", ["failed", "stopped"])
def test_why_nothing_was_added_is_told(open_page: Open, end: str) -> None:
    job = order(("started", {}), (end, {"message": "**No.**"}))
    app = open_page("data", data=empty("cat", "dog"), adding=job)
    expected = "**No.**" if end == "failed" else "You cancelled the import, "
    assert len(app.error) == 1
    assert app.error[0].value.startswith(words.plain(expected))
    assert not (home.HOME.datasets() / job).exists()


@pytest.mark.parametrize("address", ["../../etc", "gone", "", "**x**"])
def test_an_address_that_is_no_order_is_forgotten(open_page: Open, address: str) -> None:
    app = open_page("data", data=empty("cat", "dog"), adding=address)
    assert not app.error
    assert "adding" not in app.query_params


def test_a_data_set_in_the_place_of_an_order_is_left_alone(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    EventLog(home.HOME.dataset(chosen) / "progress.jsonl").append("finished")
    app = open_page("data", data=chosen, adding=chosen)
    assert len(app.error) == 1
    assert store.load(home.HOME.dataset(chosen)).counts == {"cat": 2, "dog": 2}


def test_a_class_with_pictures_opens_its_ways_in_when_asked(open_page: Open) -> None:
    app = open_page("data", data=store_dataset("pets", {"cat": 2, "dog": 2}))
    assert len(ways_in(app)) == 1, "the camera"
    app.toggle[0].set_value(True).run()
    assert len(ways_in(app)) == 2


def test_what_will_come_of_two_data_sets_is_said_before(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_dataset(f"other {HOSTILE}", {"Cat": 3, "emu": 2})
    chosen = store_dataset("pets", {"dog": 2, "cat": 2})
    asked = []

    def submit(other: Path, dataset: Path) -> str:
        asked.append((other.name, dataset.name))
        return order(("started", {}))

    monkeypatch.setattr(adding, "submit_dataset", submit)
    app = open_page("data", data=chosen)
    button(app, "join").click().run()
    assert words.plain("cat 2 + 2, emu 2 (new)") in shown(app)
    assert "1 picture is already here." in shown(app)
    button(app, "join-now").click().run()
    assert [each[1] for each in asked] == [chosen]
    assert app.query_params["adding"]


def test_there_may_be_no_other_data_set(open_page: Open) -> None:
    app = open_page("data", data=empty("cat", "dog"))
    button(app, "join").click().run()
    assert "There is no other data set yet." in shown(app)


@pytest.mark.parametrize("counts", [{}, {"cat": 3}, {"cat": 3, "dog": 1}])
def test_no_page_fails_where_pictures_are_wanting(open_page: Open, counts: dict[str, int]) -> None:
    full = store_dataset("pets", {"cat": 3, "dog": 3})
    folder = home.HOME.dataset(full)
    dataset = store.load(folder)
    gone = [
        record.file
        for label in dataset.classes
        for record in [each for each in dataset.records if each.label == label][
            counts.get(label, 0) :
        ]
    ]
    store.keep(folder, changes.remove(dataset, gone), "removed")
    run = paint_run(full)
    app = open_page("train", data=full)
    assert len(app.info) == 1
    assert "train" not in keys(app)
    button(app, "to-pictures").click().run()
    assert app.title[0].value == "pets"
    for page, address in (
        ("data", {"data": full}),
        ("train", {"run": run.id}),
        ("evaluate", {"run": run.id}),
        ("predict", {"run": run.id}),
        ("runs", {"data": full}),
    ):
        assert not open_page(page, **address).exception


def test_without_any_class_the_pages_stand(open_page: Open) -> None:
    chosen = empty()
    assert open_page("data", data=chosen).title[0].value == "pets"
    assert len(open_page("train", data=chosen).info) == 1


def test_an_upload_for_a_class_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"id": "a", "secret": "b", "dataset": "c", "origin": "d"}

    def heard(brought: object) -> Brought | None:
        return upload_zone.draw_component(
            lambda **_: type("Told", (), {"brought": brought}), "key", "c", "d", "e"
        )

    assert heard(told) == Brought("a", "b", "c", "d")
    for made_up in (None, {}, told | {"origin": 3}, "x"):
        assert heard(made_up) is None


def test_an_error_of_theirs_is_shown_letter_by_letter(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, told = empty("cat", "dog"), [Brought("x", "y", "z", "cat")]
    monkeypatch.setattr(camera, "draw", lambda *_, **__: told.pop() if told else None)
    app = open_page("data", data=chosen)
    assert "no longer there" in app.error[0].value
    assert issubclass(incoming.NoSuchUpload, UserError)
