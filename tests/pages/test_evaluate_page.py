"""The Evaluate page."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.datasets.dataset import Skipped
from core.jobs import queue
from core.results import evaluations
from core.results.answers import kept
from core.results.explaining.edges import Border
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import Job
from core.storage.runs import Run
from pages.parts.shared import figures, state
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    gallery,
    images,
    keys,
    paint_answers,
    paint_run,
    painted,
    shown,
    store_dataset,
)


def test_without_a_run_it_leads_to_training(open_page: Open) -> None:
    app = open_page("evaluate")
    assert "Here you see" in shown(app)
    assert keys(app) == ["train-first"]


def test_results_and_what_they_rest_on(open_page: Open) -> None:
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))
    app = open_page("evaluate", run=run.id)
    assert app.metric[0].value == "90%"
    assert "**9 of 10 right**" in shown(app)
    assert "between 60% and 98%" in shown(app)
    table = app.dataframe[0].value
    assert list(table["class"]) == ["cat", "dog"]
    assert list(table["found (recall)"]) == [80, 80]
    assert "a little optimistic" in shown(app)
    assert "Trained network: pets" in shown(app)
    assert app.get("plotly_chart")
    assert len(gallery(app)["pictures"]) == 1, "the mistake as a picture"
    button(app, "lead-on").click().run()
    assert app.title[0].value == "Predict"


def test_without_its_data_set_the_numbers_stay(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    store.delete(home.HOME.dataset(dataset))
    app = open_page("evaluate", run=run.id)
    assert app.metric[0].value == "90%"
    assert "data set was deleted" in shown(app)
    assert not images(app)


def test_the_newest_run_is_shown_and_others_can_be_chosen(open_page: Open) -> None:
    first = paint_run(None, data="first")
    second = paint_run(None, data="second")
    paint_run(None, data="third", ending="failed", message="no")
    app = open_page("evaluate")
    newest = max(first.id, second.id)
    assert app.query_params["run"] == newest
    assert len(app.selectbox[0].options) == 2
    app.selectbox[0].set_value(min(first.id, second.id)).run()
    assert app.query_params["run"] == min(first.id, second.id)


def test_the_list_of_runs_tells_network_and_depth(open_page: Open) -> None:
    for backbone, frozen in [
        ("efficientnet_lite0", "all"),
        ("vgg16", 15),
        ("resnet18", 0),
        ("hub_mobilenet_v2", 2),
    ]:
        settings = TrainingSettings(backbone=backbone, frozen_layers=frozen)
        paint_run(None, data="a name that is far too long", settings=settings)
    paint_run(None, settings=TrainingSettings(weights="random", frozen_layers=0))
    paint_run(None, settings=TrainingSettings(backbone="hub-gone"), data="gone")
    options = open_page("evaluate").selectbox[0].options
    told = {re.sub(r" · today \d\d:\d\d", "", each) for each in options}
    assert told == {
        "a name that i… · 90% right · 2 classes · EfficientNet-Lite0, all frozen",
        "a name that i… · 90% right · 2 classes · VGG16, 15 frozen",
        "a name that i… · 90% right · 2 classes · ResNet-18, all thawed",
        "a name that i… · 90% right · 2 classes · MobileNetV2 from …, all frozen",
        "pets · 90% right · 2 classes · EfficientNet-Lite0, from scratch",
        "gone · 90% right · 2 classes",
    }


def test_a_run_without_results_sends_back_to_it(open_page: Open) -> None:
    run = paint_run(None, ending=None)
    app = open_page("evaluate", run=run.id)
    button(app, "to-run").click().run()
    assert app.query_params["run"] == run.id
    assert "stop" in keys(app)


@pytest.mark.parametrize("address", ["nonsense", "20200101-000000-abcdef"])
@pytest.mark.parametrize("page", ["evaluate", "predict"])
def test_a_run_that_is_gone_is_never_replaced_unasked(
    open_page: Open, page: str, address: str
) -> None:
    run = paint_run(None)
    app = open_page(page, run=address)
    for _ in range(2):
        assert "no such run" in app.warning[0].value
        assert app.query_params["run"] == address
        assert not app.metric
        assert not app.file_uploader
        app.run()
    app.selectbox[0].set_value(run.id).run()
    assert not app.warning
    assert app.query_params["run"] == run.id
    assert app.metric or app.file_uploader


def test_a_run_at_work_does_not_close_the_page_to_others(open_page: Open) -> None:
    trained, at_work = paint_run(None), paint_run(None, ending=None)
    app = open_page("evaluate", run=at_work.id)
    assert "to-run" in keys(app)
    assert app.selectbox[0].value is None
    assert app.query_params["run"] == at_work.id
    app.selectbox[0].set_value(trained.id).run()
    assert app.metric[0].value == "90%"
    assert app.query_params["run"] == trained.id


def test_a_class_that_was_renamed_since_goes_by_its_new_name(open_page: Open) -> None:
    chosen = store_dataset("pets", {"cat": 5, "dog": 5})
    run = paint_run(chosen)
    assert "have been changed" not in shown(open_page("evaluate", run=run.id))
    folder = home.HOME.dataset(chosen)
    store.keep(folder, changes.rename(store.load(folder), "cat", "Tiger"), "renamed")
    app = open_page("evaluate", run=run.id)
    assert "have been changed" in shown(app)
    (picture,) = gallery(app)["pictures"]
    assert picture["caption"] == "97% Tiger ✗ dog"
    assert "cat" not in " ".join(each.value for each in app.markdown)


def test_hostile_class_names(open_page: Open) -> None:
    app = open_page("evaluate", run=paint_run(None, classes=(HOSTILE, "dog")).id)
    for each in (*app.markdown, *app.caption):
        assert ":red[x]" not in each.value


@pytest.mark.parametrize("classes", [2, 13, 100])
def test_a_confusion_matrix_of_any_size(open_page: Open, classes: int) -> None:
    names = tuple(f"class {number}" for number in range(classes))
    app = open_page("evaluate", run=paint_run(None, classes=names).id)
    assert app.get("plotly_chart")
    listed = [table for table in app.dataframe if "predicted" in table.value]
    assert bool(listed) == (classes > 24), "numbers that do not fit the cells stand in a table"


def test_long_names_that_begin_alike_can_be_told_apart(open_page: Open) -> None:
    classes = {f"hand sign number {number:02}": 2 for number in range(20)}
    run = paint_run(store_dataset("signs", classes), tuple(classes))
    said = {f"{name}/0.png": {"hand sign number 00": 0.9} for name in classes}
    paint_answers(run, said)
    app = open_page("evaluate", run=run.id)
    axes = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    for axis in ("xaxis", "yaxis"):
        assert len(set(axes[axis]["ticktext"])) == len(classes)
    shown = [each["caption"] for each in gallery(app)["pictures"]]
    assert len(set(shown)) == len(classes) - 1


def test_chart_labels_cannot_be_html() -> None:
    figure = figures.confusion(["<b>a</b>", "b"], [[1, 0], [0, 1]])
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;a&lt;/b&gt;"
    assert "<b>" not in str(figure.data[0].customdata)


def test_what_it_has_learned_from_is_told_with_the_number_on_the_rest(open_page: Open) -> None:
    run = paint_run(None)
    results = run.results()
    assert results is not None
    unseen = {"accuracy": 0.75, "correct": 6, "images": 8, "interval": [0.4, 0.9]}
    path = run.folder / "results.json"
    files.write_json(path, results | {"learned_from": 2, "unseen": unseen})
    told = shown(open_page("evaluate", run=run.id))
    assert "was trained on 2 of these 10 pictures. Of the others, it gets 6 of 8 right" in told
    files.write_json(path, results | {"learned_from": 10, "unseen": None})
    assert "so this number says little" in shown(open_page("evaluate", run=run.id))
    files.write_json(path, results | {"learned_from": 0, "unseen": unseen})
    assert "learned from" not in shown(open_page("evaluate", run=run.id))


@pytest.mark.parametrize("page", ["evaluate", "predict", "train"])
def test_what_was_left_out_is_said_after_the_data_page_too(open_page: Open, page: str) -> None:
    dataset = store_dataset("pets", {"cat": 12, "dog": 12})
    run = paint_run(dataset)
    asked = {"data": dataset} if page == "train" else {"run": run.id}
    assert "left out of this data set" not in shown(open_page(page, **asked))
    folder = home.HOME.dataset(dataset)
    skipped = (Skipped("a.txt", "not an image but text"),)
    store.keep(folder, replace(store.load(folder), skipped=skipped), "x")
    assert "1 file was left out of this data set" in shown(open_page(page, **asked))


def test_the_run_and_its_evaluation_give_one_number(open_page: Open) -> None:
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))
    results = run.results()
    assert results is not None
    once = results | {"split": "validation", "accuracy": 0.7}
    files.write_json(run.folder / "results.json", once)
    app = open_page("train", run=run.id)
    best = [each.value for each in app.metric if each.label.startswith("Best")]
    assert best == ["70%"]


# Other labelled pictures


def judge(run: Run, name: str, **more: Any) -> Path:
    """An evaluation on other pictures, as a worker leaves it."""
    folder, results = evaluations.new(run), run.results()
    assert results
    found = results | {"side": None, "skipped": [Skipped("a.txt", "no image")], "accuracy": 0.25}
    found["answers"] = kept.of_mistakes(results)
    mistake = found["mistakes"][0]
    folder.mkdir(parents=True)
    evaluations.keep_picture(folder, mistake["digest"], painted(1), None)
    evaluations.keep(folder, name, found | more, {})
    return folder


def test_an_evaluation_on_other_pictures_is_shown_beside_the_runs_own(open_page: Open) -> None:
    run = paint_run(None)
    folder = judge(run, HOSTILE, accuracy=0.25, side="test", learned_from=3, unseen=None)
    app = open_page("evaluate", run=run.id)
    assert [each.value for each in app.metric] == ["90%", "25%"]
    assert "in its test folder" in shown(app)
    assert "trained on all 3 of these pictures, so this number says little" in shown(app)
    assert ":red[" not in app.metric[1].label
    assert not images(app), "the run's own pictures are gone with its data set"
    (details,) = [each for each in app.selectbox if each.label == "Details of"]
    details.set_value(1).run()
    assert images(app), "its mistakes are kept with it"
    button(app, "ask").click().run()
    assert folder.exists()
    button(app, "delete").click().run()
    assert [each.value for each in app.metric] == ["90%"]
    assert not folder.exists()


def test_of_two_evaluations_of_one_name_each_can_be_chosen(open_page: Open) -> None:
    run = paint_run(None)
    folders = [judge(run, "photos") for _ in range(2)]
    for folder, pictures in zip(folders, (1, 0), strict=True):
        results = files.read_json(folder / "results.json")
        files.write_json(
            folder / "results.json", results | {"mistakes": results["mistakes"][:pictures]}
        )
    app = open_page("evaluate", run=run.id)

    def shows(place: int) -> bool:
        (details,) = [each for each in app.selectbox if each.label == "Details of"]
        assert len(set(details.options)) == 3
        details.set_value(place).run()
        return bool(images(app))

    assert {shows(1), shows(2)} == {True, False}


@pytest.mark.parametrize("own", [True, False])
def test_a_foreign_result_shows_no_file_but_its_own(open_page: Open, own: bool) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    folder = judge(run, "photos")
    for place in (run.folder, home.HOME.runs(), home.root()):
        (place / "victim.jpg").write_bytes(painted(3))
    path = (run.folder if own else folder) / "results.json"
    results = files.read_json(path)
    found = home.root() / "victim"
    results["mistakes"] = [results["mistakes"][0] | {"digest": str(found)}]
    files.write_json(path, results)
    app = open_page("evaluate", run=run.id)
    (details,) = [each for each in app.selectbox if each.label == "Details of"]
    if not own:
        details.set_value(1).run()
    assert not app.exception
    assert not images(app)


def test_why_other_pictures_could_not_be_judged_is_told_until_dismissed(open_page: Open) -> None:
    run = paint_run(None)
    job = Job.of_evaluation(evaluations.new(run))
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="photos", upload=None)
    app = open_page("evaluate", run=run.id)
    assert "Evaluating on “photos”" in [bar.proto.text for bar in app.get("progress")]
    job.fail("This model knows cat, but the images also have *horse*.")
    other = open_page("evaluate", run=run.id)
    for tab in (app, other):
        tab.run()
        assert [each.value for each in tab.error] == [
            r"This model knows cat\, but the images also have \*horse\*\."
        ]
    button(app, "dismiss-judged").click().run()
    assert not job.folder.exists()
    other.run()
    assert not app.error
    assert not other.error


@pytest.mark.parametrize(
    "damage",
    [
        *("accuracy", "interval", "classes", "per_class", "confusion", "mistakes", "skipped"),
        *("correct", "images", "name"),
    ],
)
@pytest.mark.parametrize("instead", [None, [{}], "gone"])
def test_a_damaged_evaluation_is_said_and_can_be_deleted(
    open_page: Open, damage: str, instead: object
) -> None:
    run = paint_run(None)
    folder, whole = judge(run, "photos"), judge(run, "others")
    path = folder / "results.json"
    results = files.read_json(path)
    del results[damage]
    if instead != "gone":
        results[damage] = instead
    files.write_json(path, results)
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    assert [each.value for each in app.metric] == ["90%", "25%"]
    assert ["damaged" in each.value for each in app.error] == [True]
    app.button(key=state.key("ask", folder.name)).click().run()
    app.button(key=state.key("delete", folder.name)).click().run()
    assert not app.error
    assert not folder.exists()
    assert whole.exists()


def test_of_many_evaluations_the_latest_are_shown_and_each_is_read_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paint_run(None)
    for number in range(5):
        judge(run, f"photos {number}")
    read: list[Path] = []
    results = evaluations.results

    def counted(folder: Path) -> dict[str, Any] | None:
        read.append(folder)
        return results(folder)

    monkeypatch.setattr(evaluations, "results", counted)
    app = open_page("evaluate", run=run.id)
    app.run()
    assert len(read) == 5
    assert len(app.metric) == 6
    (earlier,) = [each for each in app.expander if each.label == "2 earlier evaluations"]
    assert len(earlier.metric) == 2


def against(app: AppTest, run: Run, *others: Run) -> None:
    """Choose what a run is compared with."""
    chosen = app.multiselect(key=state.key("compare-with", run.id))
    chosen.set_value([other.id for other in others]).run()


def test_networks_of_the_same_data_are_compared_on_the_same_pictures(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    said = {f"cat/{n}.png": {"cat": 0.9} for n in range(4)}
    wrong = said | {"cat/0.png": {"dog": 0.9}, "cat/3.png": {"dog": 0.6}}
    other, third, run = (paint_run(dataset, data=f"pets {n}") for n in range(3))
    for each, answers in ((other, wrong), (third, said), (run, said)):
        paint_answers(each, answers)
        row = {"epoch": 1, "accuracy": 1.0, "loss": 0.1, "val_loss": 0.1, "val_accuracy": 0.75}
        files.write_json(each.results_path, each.results() | {"history": [row]})  # type: ignore[operator]
    paint_run(store_dataset("birds", {"jay": 2, "owl": 2}), ("jay", "owl"))
    app = open_page("evaluate", run=run.id)
    key = state.key("compare-with", run.id)
    assert len(app.multiselect(key=key).options) == 2, "not the birds, and not itself"
    against(app, run, other)
    (table,) = [each.value for each in app.dataframe if "network" in each.value]
    assert list(table["right of 4"]) == [100, 50]
    assert "“B” alone is right about 0 of these, “A” alone about 2" in shown(app)
    assert "can well be luck" in shown(app)
    assert [each.label for each in app.expander if "is wrong" in each.label] == [
        "A is right, B is wrong (2)"
    ]
    against(app, run, other, third)
    assert "3 pairs were compared" in shown(app)
    third.delete()
    app.run()
    assert not app.exception
    assert len(app.multiselect(key=key).value) == 1


def test_of_two_networks_of_one_name_each_can_be_compared_with(open_page: Open) -> None:
    """Trained within a minute and equally good, they differ in nothing that the list says."""
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    one, other, run = (paint_run(dataset) for _ in range(3))
    for each, said in ((one, "cat"), (other, "dog"), (run, "cat")):
        paint_answers(each, {"cat/0.png": {said: 0.9}})
    app = open_page("evaluate", run=run.id)
    chosen = app.multiselect(key=state.key("compare-with", run.id))
    assert len(set(chosen.options)) == 2
    against(app, run, one, other)
    (table,) = [each.value for each in app.dataframe if "network" in each.value]
    assert len(set(table["which"])) == 3


def test_what_cannot_be_compared_says_why(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    paint_answers(run, {"cat/0.png": {"cat": 0.9}})
    assert "Train another network on the same pictures" in shown(open_page("evaluate", run=run.id))
    other = paint_run(dataset, data="others")
    paint_answers(other, {"cat/1.png": {"cat": 0.9}})
    app = open_page("evaluate", run=run.id)
    against(app, run, other)
    assert "These networks cannot be compared" in app.info[0].value


def test_the_border_is_hidden_at_one_press_and_asked_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def found(work: Any, *_: Any) -> Border:
        asked.append(work.__name__)
        return Border(100, 95, 60, 80, 50)

    monkeypatch.setattr(queue, "ask", found)
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))
    app = open_page("evaluate", run=run.id)
    assert "Does it take shortcuts?" in [each.value for each in app.header]
    assert not asked
    button(app, "find-border").click().run()
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == [
        "whole pictures · 95%",
        "border hidden · 60%",
        "border alone · 80%",
        "guessing the most frequent class · 50%",
    ]
    assert "it may go by a shortcut" in shown(app)
    app.run()
    assert asked == ["border"], "asked once"
    assert "it may go by a shortcut" in shown(app)
