"""The Runs page: open again, delete when asked twice, empty the cache."""

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.errors import UserError
from core.settings import TrainingSettings
from core.storage import home, own_names
from core.storage.job import Stage
from core.storage.runs import Run, all_runs
from pages.parts.shared import state, words
from tests.pages.painting import Open, button, images, keys, paint_run, shown, store_dataset


def open_tab(app: AppTest, title: str) -> None:
    app.session_state["belongings"] = title
    app.run()


def test_empty_lists_lead_on(open_page: Open) -> None:
    app = open_page("runs")
    assert "train-network" in keys(app)
    open_tab(app, "Data sets")
    assert "bring" in keys(app)


def test_a_click_reads_no_data_set_again(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):  # more than there are whole data sets in memory
        paint_run(store_dataset(f"set {number}", {"cat": 2, "dog": 2}))
    app = open_page("runs")
    open_tab(app, "Data sets")
    read: list[Path] = []
    load = store.load
    monkeypatch.setattr(store, "load", lambda folder: read.append(folder) or load(folder))
    app.run()
    open_tab(app, "Runs")
    assert read == []
    own_names.give(store.folder_of(store.all_ids()[0]), "renamed")
    open_tab(app, "Data sets")
    assert "**renamed**" in shown(app)
    assert len(read) == 1


def test_a_damaged_data_set_is_passed_over(open_page: Open) -> None:
    damaged, whole = (store_dataset(name, {"cat": 2, "dog": 2}) for name in ("one", "two"))
    (store.folder_of(damaged) / "manifest.json").write_text('{"name": ')
    app = open_page("runs")
    open_tab(app, "Data sets")
    assert state.key("open", whole) in [each.key for each in app.button]
    assert state.key("open", damaged) not in [each.key for each in app.button]


def test_only_the_open_tab_is_drawn(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    run = paint_run(dataset)

    def cards(app: AppTest) -> set[str]:
        keys = {state.key("open", each) for each in (run.id, dataset)}
        return {each.key for each in app.button} & keys

    app = open_page("runs")
    assert cards(app) == {state.key("open", run.id)}
    open_tab(app, "Data sets")
    assert cards(app) == {state.key("open", dataset)}


def test_runs_and_data_sets_are_listed_and_opened(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    paint_run(dataset, ending="failed", message="It was *interrupted*.")
    app = open_page("runs")
    words_shown = shown(app)
    assert "90% of 10 right" in words_shown
    assert r"It was \*interrupted\*\." in words_shown
    app.button(key=state.key("open", run.id)).click().run()
    assert app.title[0].value == "Evaluate"
    app.switch_page("runs.py").run()
    open_tab(app, "Data sets")
    assert "8 pictures, 2 classes" in shown(app)
    app.button(key=state.key("open", dataset)).click().run()
    assert app.title[0].value == "pets"


def test_a_damaged_run_is_said_and_can_be_deleted(open_page: Open) -> None:
    whole, damaged = paint_run(None), paint_run(None)
    (damaged.folder / "results.json").write_text("{")
    app = open_page("runs")
    assert "results.json is missing or not as it was written" in shown(app).replace("\\", "")
    assert app.button(key=state.key("open", whole.id))
    app.button(key=state.key("ask", damaged.id)).click().run()
    app.button(key=state.key("delete", damaged.id)).click().run()
    assert [run.id for run in all_runs()] == [whole.id]
    app.switch_page("evaluate.py").run()
    assert not app.exception
    assert "90" in app.metric[0].value


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("settings.json", "{"),
        ("settings.json", "[" * 100_000),
        ("settings.json", '{"data": "pets", "dataset": "../../x", "settings": {}}'),
        ("settings.json", '{"data": "pets", "dataset": 7, "settings": {}}'),
        ("results.json", "{}"),
        ("results.json", '{"accuracy": 0.5}'),
    ],
)
def test_a_renamed_run_that_is_damaged_leaves_the_page_to_the_others(
    open_page: Open, file: str, content: str
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    whole, damaged = paint_run(dataset), paint_run(dataset)
    own_names.give(damaged.folder, "My best one")
    (damaged.folder / file).write_text(content)
    app = open_page("runs")
    assert not app.exception
    assert "missing or not as it was written" in shown(app)
    assert app.button(key=state.key("open", whole.id))
    open_tab(app, "Data sets")
    assert app.button(key=state.key("open", dataset))
    app.button(key=state.key("ask", dataset)).click().run()
    assert "delete" in keys(app), "a damaged run keeps nobody from deleting"
    open_tab(app, "Runs")
    app.button(key=state.key("ask", damaged.id)).click().run()
    app.button(key=state.key("delete", damaged.id)).click().run()
    assert [run.id for run in all_runs()] == [whole.id]


def test_deleting_takes_a_second_press(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    app = open_page("runs", run=run.id)
    app.button(key=state.key("ask", run.id)).click().run()
    assert "This deletes the run “pets” and its trained network for good" in shown(app)
    assert all_runs()
    app.button(key=state.key("delete", run.id)).click().run()
    assert not all_runs()
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", dataset)).click().run()
    app.button(key=state.key("delete", dataset)).click().run()
    assert not store.all_ids()
    assert not app.exception
    assert not app.error


def test_a_second_press_never_meets_the_next_item(open_page: Open) -> None:
    chosen = [store_dataset(name, {"cat": 2, "dog": 2}) for name in ("one", "two", "three")]
    app = open_page("runs")
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", chosen[1])).click().run()
    assert keys(app).count("delete") == 1
    twice = app.button(key=state.key("delete", chosen[1])).click()
    twice.run()
    assert "delete" not in keys(app), "the dialog is closed"
    twice.click().run()
    assert set(store.all_ids()) == {chosen[0], chosen[2]}


def test_what_goes_with_a_data_set_is_said_first(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    paint_run(dataset)
    app = open_page("runs")
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", dataset)).click().run()
    assert "The network of 1 run is kept" in shown(app)


def test_what_is_at_work_is_not_deleted_but_opened(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset, ending=None, epochs=2, settings=TrainingSettings(epochs=20))
    app = open_page("runs")
    assert "epoch 3 of 20" in shown(app)
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", dataset)).click().run()
    assert "Stop that run first" in shown(app)
    assert "delete" not in keys(app)
    open_tab(app, "Runs")
    app.button(key=state.key("ask", run.id)).click().run()
    assert "stop it first" in shown(app)
    assert "delete" not in keys(app)
    app.button(key=state.key("open", run.id)).click().run()
    assert "stop" in keys(app)


def test_a_data_set_stays_while_the_best_of_a_stopped_run_is_saved(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    owner = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    told = {"data_name": "pets", "dataset_id": dataset, "cluster": owner}
    run = Run.create(home.runs() / home.new_id(), TrainingSettings(), **told)
    run.log.append("stopped", finishing=Stage.EVALUATION)
    app = open_page("runs")
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", dataset)).click().run()
    assert "still finishing in the background" in shown(app)
    assert "delete" not in keys(app)
    run.log.append("released")
    app.button(key=state.key("ask", dataset)).click().run()
    assert "delete" in keys(app)


def test_the_cache_can_be_emptied(open_page: Open) -> None:
    kept = home.cache() / "features" / "key" / "segment.npy"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 5000)
    app = open_page("runs")
    assert not app.metric
    open_tab(app, "Disk")
    assert {metric.label: metric.value for metric in app.metric}["Cache"] == "5 KB"
    button(app, "empty-cache").click().run()
    assert not kept.exists()
    assert {metric.label: metric.value for metric in app.metric}["Cache"] == "0 bytes"


NAMES = ("Summer 2025", "../../etc/passwd", "**bold** :red[x]", "חתולים 5", "👩🏽‍🚀", "x" * 80)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_and_a_data_set_are_renamed(open_page: Open, name: str) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    folders = sorted(home.space().rglob("*"))
    own_names.give(run.folder, f" {name}\n")
    own_names.give(store.folder_of(dataset), name)
    told = words.plain(words.squeezed(name, 40))
    app = open_page("runs")
    assert f"**{told}**" in shown(app)
    open_tab(app, "Data sets")
    assert f"**{told}**" in shown(app)
    assert run.name == store.load(store.folder_of(dataset)).name == name
    assert run.data_name == "pets", "what it learned from is still told"
    new = set(home.space().rglob("*")) - set(folders)
    assert {path.name for path in new} == {"name.json"}, "no path is made of a name"
    assert open_page("data", data=dataset).title[0].value == words.plain(name)
    assert open_page("train", run=run.id).title[0].value == words.plain(name)


@pytest.mark.parametrize("bad", ["", "   ", "x" * 81, "cat\u200b", "\u202etac", "\x1b[2J"])
def test_a_name_that_cannot_be_used_changes_nothing(thaw_home: Path, bad: str) -> None:
    run = paint_run(None)
    with pytest.raises(UserError, match="Expected a name"):
        own_names.give(run.folder, bad)
    assert run.name == "pets"


def test_what_was_deleted_in_another_tab_is_not_made_again_by_its_name(thaw_home: Path) -> None:
    run = paint_run(None)
    run.delete()
    with pytest.raises(UserError, match="deleted"):
        own_names.give(run.folder, "mine")
    assert not run.folder.exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"name": ', '{"other": 1}'])
def test_a_damaged_name_is_none(thaw_home: Path, damage: str) -> None:
    run = paint_run(None)
    (run.folder / "name.json").write_text(damage)
    assert run.name == "pets"


def test_a_new_name_is_no_new_version_and_outlives_undo(thaw_home: Path) -> None:
    folder = store.folder_of(store_dataset("pets", {"cat": 4, "dog": 4}))
    old = store.load(folder)
    own_names.give(folder, "mine")
    assert store.load(folder) == replace(old, name="mine")
    store.keep(folder, changes.rename(old, "cat", "tiger"), "renamed")  # by a page of before
    assert (store.load(folder).name, store.load(folder, 1).name) == ("mine", "mine")
    assert store.undo(folder).name == "mine"


def test_each_shows_pictures_and_a_date(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4, "emu": 0, "fox": 2})
    paint_run(dataset, ("cat", "dog"))
    app = open_page("runs")
    for tab in ("Runs", "Data sets"):
        open_tab(app, tab)
        assert shown(app).count("today ") == 1
        pictures = images(app)
        assert [image.alt for image in pictures] == [
            f"A picture of class {c}" for c in ("cat", "dog", "fox")
        ]
        assert all(image.url.startswith("data:image/jpeg;base64,") for image in pictures)


def test_a_run_whose_data_set_is_gone_is_listed_without_pictures(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    paint_run(dataset)
    store.delete(dataset)
    app = open_page("runs")
    assert not images(app)
    assert "90% of 10 right" in shown(app)
