"""The Data page: the ways in, an import as it happens, and what came."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from core.datasets import store
from core.errors import UserError
from core.intake import incoming
from core.intake.layouts.labelling import Choice, Reading, Unclear
from core.jobs import queue
from core.settings import Grouping, SplitSettings
from core.storage import files, home
from core.storage.events import EventLog
from pages.components import upload_zone
from pages.parts.shared import words
from tests.pages.painting import (
    HOSTILE,
    Open,
    beside,
    button,
    buttons,
    gallery,
    keys,
    paint_run,
    shown,
    store_dataset,
)


def painted_import(*events: tuple[str, dict[str, object]]) -> str:
    """The folder of a data set that is being read."""
    folder = home.HOME.datasets() / home.new_id()
    folder.mkdir(parents=True)
    log = EventLog(folder / "progress.jsonl")
    log.append("queued", cluster=None, name="pets", upload=None)
    for event, fields in events:
        log.append(event, **fields)
    return folder.name


def sent(name: str, content: bytes) -> tuple[str, str]:
    """An upload that has come whole, as the browser tells of it."""
    begun, secret = incoming.begin(home.HOME, name, len(content), "page")
    incoming.append(begun, 0, content)
    return begun.folder.name, secret


def test_the_empty_page_teaches_and_offers_starter_sets(open_page: Open) -> None:
    app = open_page("data")
    assert app.title[0].value == "Teach a network your own classes"
    assert "cats" in app.code[0].value
    assert {"sample"} <= set(keys(app))
    assert [each.key for each in app.get("bidi_component") if each.key.startswith("own")]
    assert not app.file_uploader, "which would hold all of it in memory"


def test_back_leads_back_within_a_page(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    app = open_page("data", data=chosen)
    assert app.title[0].value == "pets"
    del app.query_params["data"]  # as the browser's button does
    app.run()
    assert app.title[0].value == "Teach a network your own classes"
    app.query_params["data"] = chosen
    app.run()
    assert app.title[0].value == "pets"
    app.switch_page("train.py").run()
    assert "**pets**" in shown(app), "another page is no way back"


def test_what_cannot_be_told_is_asked_with_a_preview_of_each_way(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = Choice(
        "By name",
        Reading(pattern="^(a)"),
        ((HOSTILE, 3, "train/a.0.jpg"), ("b", 1, "b.jpg")),
        (),
        6,
    )
    as_folders = Choice("By folder", Reading((("", None),)), (("train", 9, "train/x.jpg"),), (), 0)
    question = Unclear("The folders say nothing.", (by_name, as_folders), "That was no pattern.")
    upload = home.HOME.uploads() / "up" / "upload"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"zip")
    asked = question.to_dict() | {"order": {"path": "up/upload"}}
    chosen = painted_import(("started", {}), ("asked", {"question": asked}))
    answers: list[tuple[str, Reading, bool]] = []
    monkeypatch.setattr(
        queue, "answer", lambda of, reading, preview: answers.append((of.name, reading, preview))
    )
    app = open_page("data", data=chosen)
    assert app.title[0].value == "How are these pictures sorted?"
    told = shown(app)
    for each in ("The folders say nothing", "2 classes", "3 pictures", "6 pictures would be left"):
        assert each in told
    assert app.error[0].value == words.plain("That was no pattern.")
    button(app, "read-this-way", 1).click().run()
    app.text_input[0].set_value("^(x)").run()
    button(app, "try-pattern").click().run()
    assert answers == [
        (chosen, as_folders.reading, False),
        (chosen, Reading(pattern="^(x)"), True),
    ]
    assert open_page("data", data=chosen).title[0].value == app.title[0].value, "asked again"
    upload.unlink()
    app.run()
    assert "no longer there" in app.error[0].value
    assert not buttons(app, "read-this-way")
    button(app, "give-up-import").click().run()
    assert app.title[0].value == "Teach a network your own classes"
    assert not (home.HOME.datasets() / chosen).exists()


def test_a_starter_set_is_one_press(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def submit(space: home.Space, name: str) -> str:
        asked.append(name)
        return painted_import(("started", {}))

    monkeypatch.setattr(queue, "submit_sample", submit)
    app = open_page("data")
    button(app, "sample").click().run()
    assert asked == ["sketches"]
    assert "cancel-import" in keys(app)
    assert app.query_params["data"]


def test_how_pictures_are_divided_is_chosen_beside(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def submit(path: Path, name: str, split: SplitSettings) -> str:
        asked.append(split)
        return painted_import(("started", {}))

    told: list[tuple[str, str]] = []
    monkeypatch.setattr(queue, "submit_import", submit)
    monkeypatch.setattr(upload_zone, "draw", lambda key: told.pop() if told else None)
    app = open_page("data")
    app.slider(key="validation-share").set_value(25)
    app.slider(key="test-share").set_value(10)
    app.radio(key="group-by").set_value(Grouping.NAME).run()
    told.append(sent("pets.zip", b"zip"))
    app.run()
    assert asked == [SplitSettings(0.25, test=0.1, group_by=Grouping.NAME)]


def test_an_import_shows_progress_and_can_be_cancelled(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = painted_import(
        ("started", {}),
        ("stage", {"stage": "reading", "done": 30, "total": 120, "seconds_left": 6.0}),
    )
    stopped: list[Path] = []
    monkeypatch.setattr(queue, "stop_import", stopped.append)
    app = open_page("data", data=chosen)
    assert "cancel-import" in keys(app)
    assert app.get("progress")[0].proto.text == "30 of 120 files · about 6 s left"
    button(app, "cancel-import").click().run()
    assert stopped == [home.HOME.dataset(chosen)]


def test_an_import_that_failed_says_why_and_lets_try_again(open_page: Open) -> None:
    chosen = painted_import(
        ("started", {}), ("failed", {"message": "“a.zip” is *not* a zip archive."})
    )
    app = open_page("data", data=chosen)
    assert app.error[0].value == words.plain("“a.zip” is *not* a zip archive.")
    assert "data" not in app.query_params
    assert "sample" in keys(app)


def test_a_stopped_import_is_no_error_of_the_users(open_page: Open) -> None:
    app = open_page("data", data=painted_import(("started", {}), ("stopped", {})))
    assert "You cancelled" in app.error[0].value


def test_what_came_is_told_and_leads_on(open_page: Open) -> None:
    chosen = store_dataset(
        "pets", {"cat": 5, "dog": 10}, {"cat/broken.png": b"no picture", "notes.txt": b"x"}
    )
    app = open_page("data", data=chosen)
    words_shown = shown(app)
    assert app.title[0].value == "pets"
    assert "15 pictures, 2 classes" in words_shown
    assert "12 for training and 3 for validation" in words_shown
    skipped = app.dataframe[0].value
    assert set(skipped["file"]) >= {"cat/broken.png"}
    assert all(skipped["reason"])
    button(app, "lead-on").click().run()
    assert app.title[0].value == "Train"
    assert app.query_params["data"] == chosen


def test_the_gallery_shows_one_class_a_page_at_a_time(open_page: Open) -> None:
    app = open_page("data", data=store_dataset("many", {"cat": 50, "dog": 2}))
    assert app.get("button_group")
    assert len(gallery(app)["pictures"]) == 48


def test_many_classes_get_a_list_to_search(open_page: Open) -> None:
    app = open_page("data", data=store_dataset("many", {f"class {n}": 2 for n in range(30)}))
    assert app.selectbox[0].options[:2] == ["class 0 (2)", "class 1 (2)"]
    app.selectbox[0].set_value("class 29").run()
    assert len(gallery(app)["pictures"]) == 2


def test_names_are_shown_letter_by_letter(open_page: Open) -> None:
    name = HOSTILE.replace("/", "")
    app = open_page("data", data=store_dataset(HOSTILE, {name: 2, "dog": 2}))
    assert app.title[0].value == words.plain(HOSTILE)
    for each in (*app.markdown, *app.caption, *app.title, *app.header):
        assert "**bold**" not in each.value
        assert ":red[" not in each.value


@pytest.mark.parametrize("address", ["../../etc", "20200101-000000-abcdef", "**x**", ""])
def test_an_address_that_is_no_data_set_is_said_plainly(open_page: Open, address: str) -> None:
    app = open_page("data", data=address)
    assert len(app.error) == 1
    assert "sample" in keys(app)


def test_an_upload_is_imported_from_disk_under_its_name(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = SimpleNamespace()

    def submit(path, name, split):  # type: ignore[no-untyped-def]
        seen.content, seen.name, seen.share = path.read_bytes(), name, split.validation
        assert home.HOME.uploads() in path.parents
        return painted_import(("started", {}))

    told = [sent("my pets.zip", b"zip zip")]
    monkeypatch.setattr(queue, "submit_import", submit)
    monkeypatch.setattr(upload_zone, "draw", lambda key: told.pop() if told else None)
    app = open_page("data")
    assert app.session_state["turns"]["own"] == 1, "the place to drop is a new one"
    assert (seen.content, seen.name, seen.share) == (b"zip zip", "my pets", 0.2)
    assert "cancel-import" in keys(app)


def test_what_a_browser_makes_up_is_said_plainly(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(upload_zone, "draw", lambda key: told.pop() if told else None)
    app = open_page("data")
    told.append((sent("pets.zip", b"zip")[0], "guess"))
    app.run()
    assert [each.value for each in app.error] == [
        words.plain("This upload is no longer there. Choose the file again.")
    ]
    assert "sample" in keys(app)


def test_why_a_starter_set_cannot_be_used_is_said_beside_its_button(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(space: home.Space, name: str) -> str:
        raise UserError(f"No room for {name}.")

    monkeypatch.setattr(queue, "submit_sample", submit)
    app = open_page("data")
    button(app, "sample", 1).click().run()
    assert len(app.error) == 1
    assert "No room for" in beside(app, button(app, "sample", 1))


@pytest.mark.parametrize("end", ["failed", "stopped"])
def test_a_reading_that_came_to_nothing_leaves_nothing(open_page: Open, end: str) -> None:
    chosen = painted_import(("started", {}), (end, {"message": "No."}))
    app = open_page("data", data=chosen)
    assert len(app.error) == 1
    assert not list(home.HOME.datasets().iterdir())


def test_a_data_set_deleted_meanwhile_is_said_plainly(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    app = open_page("data", data=chosen)
    store.delete(home.HOME.dataset(chosen))
    app.run()
    assert len(app.error) == 1
    assert not app.exception


def opened(there: bool, runs: tuple[str, ...] = (), **told: object) -> str:
    """The folder in which a project was opened."""
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    folder = painted_import(("finished", {})) if there else chosen
    facts = {"dataset": chosen, "name": "pets", "runs": runs, "new_runs": len(runs), "there": there}
    files.write_json(home.HOME.dataset(folder) / home.OPENED, facts | told)
    return folder


def test_a_project_that_was_here_before_leads_to_its_data_set(open_page: Open) -> None:
    folder = opened(there=True, runs=("20200101-000000-abcdef",))
    app = open_page("data", data=folder)
    assert app.title[0].value == "pets"
    assert (
        app.toast[0].value
        == "“pets” is here already, with the same pictures. 1 run was added to it."
    )
    assert app.query_params["data"] != folder
    assert not home.HOME.dataset(folder).exists(), "nobody needs it any more"


def test_a_project_that_was_opened_can_be_tried_at_once(open_page: Open) -> None:
    run = paint_run(store_dataset("others", {"cat": 2, "dog": 2}))
    app = open_page("data", data=opened(there=False, runs=(run.id, "20200101-000000-abcdef")))
    assert "1 trained run came with this project." in shown(app)
    button(app, "try-opened").click().run()
    assert app.query_params["run"] == run.id


def test_what_tells_of_a_project_may_be_damaged(open_page: Open) -> None:
    for told in ({"runs": 7}, {"more": 1}, {"dataset": "../x", "there": True}):
        chosen = opened(there=False)
        path = home.HOME.dataset(chosen) / home.OPENED
        files.write_json(path, files.read_json(path) | told)
        assert open_page("data", data=chosen).title[0].value
