"""The check-up on the Data page: begun, watched, and what it found mended."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets import changes, choice, store
from core.doctor.finding import (
    Action,
    Case,
    Checkup,
    Finding,
    Fix,
    Point,
    Problem,
)
from core.doctor.findings import balance
from core.errors import UserError
from core.jobs import checkup
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import Job
from core.web import pictures
from pages.parts.data import gather
from pages.parts.shared import words
from tests.pages.painting import (
    HOSTILE,
    Open,
    beside,
    button,
    keys,
    labelled,
    labels,
    shown,
    store_dataset,
)


@pytest.fixture
def chosen() -> str:
    return store_dataset("pets", {"cat": 6, "dog": 6})


def paint(
    chosen: str, *findings: Finding, version: int = 1, digests: dict[str, str] | None = None
) -> None:
    """What a check-up has found."""
    dataset = store.load(home.HOME.datasets() / chosen)
    points = tuple(Point(record.file, 0.1, 0.2) for record in dataset.records)
    found = Checkup(version, len(dataset.records), findings, points, digests or {})
    files.write_json(checkup.place(home.HOME.dataset(chosen)), found.to_dict())


def suspect(number: int) -> Case:
    file = f"cat/{number}.png"
    fixes = (
        Fix(Action.MOVE, (file,), "Move to dog", "dog"),
        Fix(Action.REMOVE, (file,), "Remove it"),
    )
    return Case((file,), "is called cat, looks like dog", fixes)


def copies(*numbers: int) -> Case:
    files = tuple(f"dog/{number}.png" for number in numbers)
    return Case(files, "the same file", (Fix(Action.REMOVE, files[1:], "Keep one"),))


def of_labels(*cases: Case) -> Finding:
    return Finding(Problem.LABEL, True, "Some may be in the wrong class", "Look at each.", cases)


def of_copies(*cases: Case) -> Finding:
    return Finding(
        Problem.EXACT_COPY, False, "Some are there more than once", "One is enough.", cases
    )


def dataset(chosen: str):
    return store.load(home.HOME.datasets() / chosen)


def test_one_press_begins_it(open_page: Open, chosen, monkeypatch):
    asked: list[str] = []

    def begin(dataset: Path) -> None:
        asked.append(dataset.name)
        Job.of_checkup(dataset).folder.mkdir()
        Job.of_checkup(dataset).log.append("queued", cluster=None)

    monkeypatch.setattr(checkup, "begin", begin)
    app = open_page("data", data=chosen)
    button(app, "check-up").click().run()
    assert asked == [chosen]
    assert "queue" in app.get("progress")[0].proto.text
    assert "check-up" not in keys(app)


def test_that_it_cannot_begin_is_told(open_page: Open, chosen, monkeypatch):
    def begin(dataset: Path) -> None:
        raise UserError("Nobody is there.")

    monkeypatch.setattr(checkup, "begin", begin)
    app = open_page("data", data=chosen)
    button(app, "check-up").click().run()
    assert "Nobody is there" in app.error[0].value


def test_it_is_watched_and_can_be_stopped(open_page: Open, chosen, monkeypatch):
    job = Job.of_checkup(home.HOME.datasets() / chosen)
    job.folder.mkdir()
    job.log.append("queued", cluster=None)
    job.log.append("started")
    job.log.append("stage", stage="looking", done=3, total=12, seconds_left=40.0)
    stopped: list[Path] = []
    monkeypatch.setattr(checkup, "stop", stopped.append)
    app = open_page("data", data=chosen)
    text = app.get("progress")[0].proto.text
    assert text == "Looking at every picture… · about 40 s left"
    button(app, "cancel-check-up").click().run()
    assert stopped == [home.HOME.dataset(chosen)]


def test_a_failure_is_told_and_it_can_begin_again(open_page: Open, chosen):
    job = Job.of_checkup(home.HOME.datasets() / chosen)
    job.folder.mkdir()
    job.log.append("queued", cluster=None)
    job.log.append("failed", message="The disk is *full*.")
    app = open_page("data", data=chosen)
    assert words.plain("The disk is *full*.") in [each.value for each in app.error]
    assert "check-up" in keys(app)


def test_a_suspect_is_moved_and_that_is_undone(open_page: Open, chosen):
    paint(chosen, of_labels(suspect(1), suspect(2)))
    app = open_page("data", data=chosen)
    assert "1 thing to look at" in shown(app)
    before = dataset(chosen)
    labelled(app, "Move to dog").click().run()
    assert not app.exception
    moved = {record.file: record.label for record in dataset(chosen).records}
    assert moved["cat/1.png"] == "dog"
    assert sum(label == "Move to dog" for label in labels(app)) == 1
    assert "1 picture moved to “dog”" in shown(app)
    assert "The pictures have changed since" in shown(app)
    button(app, "undo").click().run()
    assert dataset(chosen).records == before.records
    assert sum(label == "Move to dog" for label in labels(app)) == 2


def test_one_press_removes_all_copies(open_page: Open, chosen):
    paint(chosen, of_copies(copies(0, 1), copies(2, 3, 4)))
    app = open_page("data", data=chosen)
    button(app, "all").click().run()
    left = {record.file for record in dataset(chosen).records if record.label == "dog"}
    assert left == {"dog/0.png", "dog/2.png", "dog/5.png"}
    assert "dealt with all" in app.success[0].value
    assert "3 pictures removed" in shown(app)


def test_suspects_are_never_mended_all_at_once(open_page: Open, chosen):
    paint(chosen, of_labels(suspect(1), suspect(2)))
    app = open_page("data", data=chosen)
    assert not [label for label in labels(app) if "all" in label.lower()]


def test_what_is_no_problem_is_not_shown_again(open_page: Open, chosen):
    paint(chosen, of_labels(suspect(1), suspect(2)), of_copies(copies(0, 1)))
    app = open_page("data", data=chosen)
    assert "2 things to look at" in shown(app)
    button(app, "aside").click().run()
    assert "1 thing to look at" in shown(app)
    assert dataset(chosen).version == 1
    again = open_page("data", data=chosen)
    assert "1 thing to look at" in shown(again)


def test_nothing_found_is_said(open_page: Open, chosen):
    paint(chosen)
    app = open_page("data", data=chosen)
    assert "12 pictures checked" in app.success[0].value


def test_a_change_in_another_tab_is_told_instead_of_undone(open_page: Open, chosen, monkeypatch):
    paint(chosen, of_labels(suspect(1)))
    app = open_page("data", data=chosen)
    elsewhere = changes.add_class(dataset(chosen), "emu")
    keep = store.keep

    def late(folder, changed, told):
        monkeypatch.setattr(store, "keep", keep)
        keep(folder, elsewhere, "something else")
        return keep(folder, changed, told)

    monkeypatch.setattr(store, "keep", late)
    labelled(app, "Move to dog").click().run()
    assert len(app.error) == 1
    assert "meanwhile" in beside(app, labelled(app, "Move to dog"))


def test_many_cases_come_a_page_at_a_time(open_page: Open):
    chosen = store_dataset("many", {"cat": 40, "dog": 2})
    paint(chosen, of_labels(*(suspect(number) for number in range(40))))
    app = open_page("data", data=chosen)
    assert sum(label == "Move to dog" for label in labels(app)) == 24


def test_a_damaged_result_is_said_plainly(open_page: Open, chosen):
    checkup.place(home.HOME.dataset(chosen)).write_text('{"version": 1}')
    app = open_page("data", data=chosen)
    assert any("checked again" in each.value for each in app.error)


def test_a_class_that_is_too_small_is_filled_or_left_out(open_page: Open):
    chosen = store_dataset("pets", {"cat": 12, "dog": 12, "emu": 2})
    dataset_now = changes.add_class(dataset(chosen), "gnu")
    store.keep(home.HOME.datasets() / chosen, dataset_now, "more")
    paint(chosen, *balance.findings(dataset_now))
    app = open_page("data", data=chosen)
    labelled(app, "Add pictures of emu").click().run()
    assert not app.exception
    assert app.session_state["gallery-class"] == "emu"
    assert [each.value for each in app.toggle if each.label == "Add pictures to “emu”"] == [True]
    labelled(app, "Leave out emu").click().run()
    assert dataset(chosen).classes == ("cat", "dog", "gnu")
    assert "deleted with 2 pictures" in shown(app)
    labelled(app, "Leave out gnu").click().run()
    assert dataset(chosen).classes == ("cat", "dog")


def test_several_empty_classes_are_told_apart(open_page: Open):
    chosen = store_dataset("pets", {"cat": 12, "dog": 12})
    now = changes.add_class(changes.add_class(dataset(chosen), "emu"), "gnu")
    store.keep(home.HOME.datasets() / chosen, now, "more")
    paint(chosen, *balance.findings(now))
    app = open_page("data", data=chosen)
    assert {"Add pictures of emu", "Add pictures of gnu"} <= set(labels(app))
    button(app, "aside", 1).click().run()
    assert not app.exception
    assert len({"Add pictures of emu", "Add pictures of gnu"} & set(labels(app))) == 1


def test_another_picture_of_the_same_name_is_left_alone(open_page: Open, chosen):
    now = dataset(chosen)
    paint(chosen, of_labels(suspect(1)), digests={"cat/1.png": "0" * 64})
    app = open_page("data", data=chosen)
    assert "Move to dog" not in labels(app)
    assert "dealt with all" in app.success[0].value
    assert dataset(chosen) == now


def test_a_check_up_of_a_data_set_that_goes_is_given_up(open_page: Open, chosen):
    job = Job.of_checkup(home.HOME.datasets() / chosen)
    job.folder.mkdir()
    job.log.append("queued", cluster=None)
    app = open_page("data", data=chosen)
    store.delete(home.HOME.dataset(chosen))
    checkup.dismiss(home.HOME.dataset(chosen), Problem.LABEL, [suspect(1)])
    assert not (home.HOME.datasets() / chosen).exists()
    app.run()
    assert app.error
    assert not app.exception


def test_rare_classes_are_made_to_count_by_one_press(open_page: Open):
    chosen = store_dataset("pets", {"cat": 40, "dog": 10})
    paint(chosen, *balance.findings(dataset(chosen)))
    app = open_page("data", data=chosen)
    toggle = next(each for each in app.toggle if "class weights" in each.label)
    toggle.set_value(True).run()
    app.switch_page("train.py").run()
    assert [each.value for each in app.toggle if "class weights" in each.label] == [True]


def test_what_another_tab_has_kept_is_only_changed_by_a_press(open_page: Open):
    chosen = store_dataset("pets", {"cat": 40, "dog": 10})
    folder = home.HOME.datasets() / chosen
    paint(chosen, *balance.findings(dataset(chosen)))
    choice.keep(folder, TrainingSettings(epochs=7))
    app = open_page("data", data=chosen)
    elsewhere = TrainingSettings(epochs=9, balanced=True, dropout=0.3)
    choice.keep(folder, elsewhere)
    app.run()
    assert choice.kept(folder) == elsewhere
    toggle = next(each for each in app.toggle if "class weights" in each.label)
    toggle.set_value(True).run()
    toggle = next(each for each in app.toggle if "class weights" in each.label)
    toggle.set_value(False).run()
    assert choice.kept(folder) == replace(elsewhere, balanced=False)


def test_pictures_are_varied_where_the_border_gives_the_class_away(open_page: Open, chosen):
    case = Case(("cat/1.png",), "cat", (Fix(Action.BRING, (), "Add pictures of cat", "cat"),))
    paint(chosen, Finding(Problem.SHORTCUT, True, "The border may give it away", "Look.", (case,)))
    app = open_page("data", data=chosen)
    how = next(each for each in app.button_group if "augmentation" in each.label)
    how.set_value("strong").run()
    app.switch_page("train.py").run()
    (chosen_there,) = [e.value for e in app.button_group if "augmentation" in e.label]
    assert chosen_there == "strong"


def test_the_map_asks_for_pictures_as_they_are_read_now(open_page: Open, chosen):
    paint(chosen)
    app = open_page("data", data=chosen)
    app.session_state[gather.VIEWS] = "Check-up"
    app.run()
    (hover,) = (e for e in app.get("bidi_component") if e.proto.component_name == "map_hover")
    expected = pictures.query(home.HOME.dataset(chosen), dataset(chosen).preparation)
    assert json.loads(hover.proto.json)["query"] == expected
    assert set(expected) == {"permit", "as"}


def test_names_are_shown_letter_by_letter(open_page: Open):
    name = HOSTILE.replace("/", "")
    chosen = store_dataset("pets", {name: 3, "dog": 3})
    files = [record.file for record in dataset(chosen).records if record.label == name]
    fixes = (Fix(Action.MOVE, (files[0],), f"Move to {name}", name),)
    paint(chosen, of_labels(Case((files[0],), f"is called {name}, looks like dog", fixes)))
    app = open_page("data", data=chosen)
    for each in (*app.markdown, *app.caption, *app.button):
        told = each.label if hasattr(each, "label") else each.value
        assert ":red[" not in told
