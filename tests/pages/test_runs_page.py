"""The Runs page: open again, delete when asked twice, empty the cache."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.errors import UserError
from core.jobs import queue
from core.jobs.cluster import connection
from core.settings import TrainingSettings
from core.storage import files, home, own_names
from core.storage.job import Stage
from core.storage.runs import Run, all_runs
from pages.parts.shared import figures, state, words
from tests.pages.painting import (
    Open,
    button,
    buttons,
    images,
    keys,
    paint_run,
    select,
    shown,
    store_dataset,
)


def open_tab(app: AppTest, title: str) -> None:
    app.session_state["belongings"] = title
    app.run()


def tick_runs(app: AppTest, *runs: Run) -> None:
    """Tick runs in the table, which lists the newest first."""
    order = [run.id for run in sorted(all_runs(home.HOME), key=lambda run: -run.created)]
    table = app.dataframe[0]
    assert len(table.value) == len(order)
    select(app, table, rows=[order.index(run.id) for run in runs], columns=[], cells=[])


def named(app: AppTest) -> list[str]:
    """The names of the runs that the table lists, in order."""
    return list(app.dataframe[0].value["name"])


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
    own_names.give(home.HOME.dataset(store.all_ids(home.HOME)[0]), "renamed")
    open_tab(app, "Data sets")
    assert "**renamed**" in shown(app)
    assert len(read) == 1


def test_a_damaged_data_set_is_passed_over(open_page: Open) -> None:
    damaged, whole = (store_dataset(name, {"cat": 2, "dog": 2}) for name in ("one", "two"))
    (home.HOME.dataset(damaged) / "manifest.json").write_text('{"name": ')
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
    failed = paint_run(dataset, ending="failed", message="It was *interrupted*.")
    app = open_page("runs")
    assert sorted(app.dataframe[0].value["state"]) == ["done", "failed"]
    tick_runs(app, failed)
    assert r"It was \*interrupted\*\." in shown(app)
    tick_runs(app, run)
    assert "90% of 10 right" in shown(app)
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
    assert sorted(app.dataframe[0].value["state"]) == ["damaged", "done"]
    tick_runs(app, damaged)
    assert "results.json is missing or not as it was written" in shown(app).replace("\\", "")
    button(app, "delete-runs").click().run()
    assert [run.id for run in all_runs(home.HOME)] == [whole.id]
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
    tick_runs(app, damaged)
    assert "missing or not as it was written" in shown(app)
    tick_runs(app, whole)
    assert app.button(key=state.key("open", whole.id))
    open_tab(app, "Data sets")
    assert app.button(key=state.key("open", dataset))
    app.button(key=state.key("ask", dataset)).click().run()
    assert "delete" in keys(app), "a damaged run keeps nobody from deleting"
    open_tab(app, "Runs")
    tick_runs(app, damaged)
    button(app, "delete-runs").click().run()
    assert [run.id for run in all_runs(home.HOME)] == [whole.id]


def test_a_deleted_data_set_takes_a_second_press(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("runs")
    open_tab(app, "Data sets")
    app.button(key=state.key("ask", dataset)).click().run()
    assert store.all_ids(home.HOME)
    app.button(key=state.key("delete", dataset)).click().run()
    assert not store.all_ids(home.HOME)
    assert not app.exception
    assert not app.error


def test_deleted_runs_come_back_at_one_press(open_page: Open) -> None:
    first, second, third = (paint_run(None) for _ in range(3))
    held = sorted(path.name for path in first.folder.iterdir())
    app = open_page("runs", run=first.id)
    tick_runs(app, first, second)
    button(app, "delete-runs").click().run()
    assert [run.id for run in all_runs(home.HOME)] == [third.id]
    assert "2 runs are deleted" in shown(app)
    assert "run" not in app.query_params, "it is no longer at hand"
    again = open_page("runs")  # after a reload
    button(again, "bring-back").click().run()
    assert {run.id for run in all_runs(home.HOME)} == {first.id, second.id, third.id}
    assert sorted(path.name for path in first.folder.iterdir()) == held
    assert not buttons(again, "bring-back")


def test_a_deleted_run_can_be_deleted_for_good(open_page: Open) -> None:
    run = paint_run(None)
    app = open_page("runs")
    button(app, "delete-runs").click().run()
    button(app, "delete-for-good").click().run()
    assert not all_runs(home.HOME)
    assert not list(home.HOME.runs().iterdir())
    assert not run.folder.exists()
    assert "train-network" in keys(app)


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
    assert set(store.all_ids(home.HOME)) == {chosen[0], chosen[2]}


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
    button(app, "delete-runs").click().run()
    assert "stop it first" in shown(app)
    assert [each.id for each in all_runs(home.HOME)] == [run.id]
    app.button(key=state.key("open", run.id)).click().run()
    assert "stop" in keys(app)


def test_a_data_set_stays_while_the_best_of_a_stopped_run_is_saved(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    owner = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    told = {"data_name": "pets", "dataset_id": dataset, "cluster": owner}
    run = Run.create(home.HOME.runs() / home.new_id(), TrainingSettings(), **told)
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
    folders = sorted(home.HOME.folder.rglob("*"))
    own_names.give(run.folder, f" {name}\n")
    own_names.give(home.HOME.dataset(dataset), name)
    told = words.plain(words.squeezed(name, 40))
    app = open_page("runs")
    assert f"**{told}**" in shown(app)
    open_tab(app, "Data sets")
    assert f"**{told}**" in shown(app)
    assert run.name == store.load(home.HOME.dataset(dataset)).name == name
    assert run.data_name == "pets", "what it learned from is still told"
    new = set(home.HOME.folder.rglob("*")) - set(folders)
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
    folder = home.HOME.dataset(store_dataset("pets", {"cat": 4, "dog": 4}))
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
    store.delete(home.HOME.dataset(dataset))
    app = open_page("runs")
    assert not images(app)
    assert "90% of 10 right" in shown(app)


def test_the_table_is_searched_filtered_and_sorted(open_page: Open) -> None:
    good = paint_run(None, settings=TrainingSettings(epochs=3, backbone="mobilenet_v2"))
    poor, waiting = paint_run(None, data="birds"), paint_run(None, ending=None, data="ants")
    for run, accuracy in ((good, 0.95), (poor, 0.4)):
        results = files.read_json(run.results_path)
        files.write_json(run.results_path, results | {"accuracy": accuracy})
    own_names.note(poor.folder, "blurred pictures")
    own_names.star(good.folder, True)
    app = open_page("runs")
    app.selectbox(key="sorted-runs").set_value("accuracy").run()
    assert named(app) == ["pets", "birds", "ants"], "what is not known yet comes last"
    app.selectbox(key="sorted-runs").set_value("name").run()
    assert named(app) == ["ants", "birds", "pets"]
    for sought, found in (("BLURRED", "birds"), ("mobilenet", "pets"), ("ants", "ants")):
        app.text_input(key="search-runs").set_value(sought).run()
        assert named(app) == [found]
    app.text_input(key="search-runs").set_value("").run()
    for shown_ones, found in (("starred", "pets"), ("running", "ants")):
        app.selectbox(key="shown-runs").set_value(shown_ones).run()
        assert named(app) == [found]
    assert waiting.state().status == "running"


def test_a_note_and_a_star_are_kept_beside_the_name(open_page: Open) -> None:
    run, other = paint_run(None), paint_run(None)
    own_names.give(run.folder, "mine")
    app = open_page("runs")
    tick_runs(app, run, other)
    button(app, "star").click().run()
    own_names.note(run.folder, "with **flash**\r\nindoors")
    own_names.give(run.folder, "mine too")
    assert files.read_json(run.folder / "name.json") == {
        "name": "mine too",
        "star": True,
        "note": "with **flash**\nindoors",
    }
    assert '"format": 1' in (run.folder / "name.json").read_text()
    assert list(open_page("runs").dataframe[0].value["★"]) == ["★", "★"]
    assert other.name == "pets", "a star alone names nothing"
    with pytest.raises(UserError, match=r"at most 2,?000 letters"):
        own_names.note(run.folder, "x" * 2001)


def test_a_duplicate_opens_train_with_the_same_settings(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    settings = TrainingSettings(epochs=7, learning_rate=0.02, dropout=0.25)
    run = paint_run(dataset, settings=settings)
    app = open_page("runs")
    app.button(key=state.key("duplicate", run.id)).click().run()
    assert app.title[0].value == "Train"
    assert "train" in keys(app)
    assert app.session_state[state.control("epochs", "frozen")] == 7
    assert app.session_state[state.control("dropout")] == 0.25
    assert "run" not in app.query_params


def test_curves_and_costs_are_drawn_for_what_is_ticked(open_page: Open) -> None:
    one = paint_run(None, epochs=4)
    other = paint_run(None, settings=TrainingSettings(epochs=5, backbone="mobilenet_v2"), epochs=5)
    paint_run(None, ending="failed", epochs=0)

    def array(packed: dict[str, str]) -> list[float]:
        return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()

    def drawn(app: AppTest) -> list[dict[str, Any]]:
        return [json.loads(each.proto.spec) for each in app.get("plotly_chart")]

    app = open_page("runs")
    (costs,) = drawn(app)
    assert array(costs["data"][0]["x"]) == [3, 3], "seconds of those that have ended"
    app.segmented_control(key="cost-of-runs").set_value("trainable").run()
    tick_runs(app, one, other)
    curves, costs = drawn(app)
    assert sorted(len(each["y"]) for each in curves["data"]) == [4, 5]
    assert {each["name"] for each in curves["data"]} == {"EfficientNet-Lite0", "MobileNetV2"}
    assert array(costs["data"][1]["x"]) == [10, 10], "what is ticked stands out"


def test_curves_of_runs_that_are_alike_have_names_of_their_own(open_page: Open) -> None:
    made = [paint_run(None) for _ in range(2)]
    app = open_page("runs")
    tick_runs(app, *made)
    curves = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len({each["name"] for each in curves["data"]}) == 2
    assert curves["layout"]["xaxis"]["dtick"] == 1, "three epochs are not 1, 2, 2, 3, 3"


def test_a_thousand_runs_come_a_page_at_a_time_and_are_read_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [paint_run(None, epochs=0, ending="failed") for _ in range(130)]
    app = open_page("runs")
    assert len(app.dataframe[0].value) == 100
    assert "130 runs" in shown(app)
    for run in made:  # long enough ago for the clocks of all file systems
        os.utime(run.folder, (1e9, 1e9))
    app.run()
    read: list[Path] = []
    read_json = files.read_json
    monkeypatch.setattr(files, "read_json", lambda path: read.append(path) or read_json(path))
    app.run()
    assert read == []
    own_names.star(made[7].folder, True)
    read.clear()
    app.run()
    assert {path.parent for path in read} == {made[7].folder}


def test_a_comparison_fills_its_chart_and_outlives_a_reload(open_page: Open) -> None:
    chosen = home.new_id()
    mobile = TrainingSettings(epochs=3, backbone="mobilenet_v2")
    paint_run(None, comparison=chosen)
    waiting = paint_run(None, comparison=chosen, settings=mobile, ending=None)
    paint_run(None, data="another")
    app = open_page("runs", comparison=chosen)
    assert sorted(app.dataframe[0].value["backbone"]) == ["EfficientNet-Lite0", "MobileNetV2"]
    (chart,) = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    assert chart["data"][0]["text"] == ["EfficientNet-Lite0"]
    assert "MobileNetV2: running" in shown(app)
    waiting.log.append("failed", message="It could not be downloaded.")
    app.run()
    assert "It could not be downloaded" in shown(app)
    button(app, "all-runs").click().run()
    assert len(app.dataframe[0].value) == 3
    tick_runs(app, waiting)
    button(app, "see-comparison").click().run()
    assert len(app.dataframe[0].value) == 2
    assert app.query_params["comparison"] == chosen


def test_a_comparison_that_is_gone_says_so(open_page: Open) -> None:
    paint_run(None)
    app = open_page("runs", comparison="../../etc")
    assert "have been deleted" in shown(app)
    button(app, "all-runs").click().run()
    assert len(app.dataframe[0].value) == 1


def test_chosen_backbones_are_all_queued_at_one_press(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    # Runs get as far as their folders; tests/jobs trains such a comparison on a real cluster.
    monkeypatch.setattr(connection, "line", lambda: SimpleNamespace(owner=here))
    monkeypatch.setattr(queue, "_submit_training", lambda run, dataset: None)
    monkeypatch.setattr(queue, "_is_lost", lambda key, owner: False)
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    assert not buttons(app, "train-compared"), "it is folded away"
    app.session_state["compare-backbones"] = True
    app.run()
    assert button(app, "train-compared").disabled
    choice = app.multiselect[0]
    choice.set_value(["efficientnet_lite0", "vgg16"]).run()
    assert "VGG16" in shown(app), "what has to be downloaded is said"
    button(app, "train-compared").click().run()
    assert app.title[0].value == "Runs and data sets"
    (comparison,) = {run.comparison for run in all_runs(home.HOME)}
    assert app.query_params["comparison"] == comparison
    assert {run.settings.backbone for run in all_runs(home.HOME)} == {"efficientnet_lite0", "vgg16"}
    assert "VGG16: waiting" in shown(app)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98, 1.0])
def test_equal_accuracies_have_an_axis_that_ends_at_100(share: float) -> None:
    points = [figures.Point(name, 9, share, (0.0, 1.0)) for name in ("one", "other")]
    rows = [{"event": "epoch", "epoch": 1, "val_accuracy": share}]
    for figure in (figures.against(points, "seconds"), figures.overlay([("one", rows)])):
        low, high = figure.layout.yaxis.range
        assert 0 <= low <= share <= high <= 1.02
        assert high - low >= 0.1
