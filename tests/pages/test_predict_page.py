"""The Predict page."""

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets import changes, store
from core.datasets.samples import samples
from core.errors import UserError
from core.jobs import queue, tasks
from core.results import names, predictions, thresholds
from core.results.answers import cut_off
from core.results.explaining.explained import Why
from core.results.explaining.hiding import Hidden, Trial
from core.results.explaining.maps import Method
from core.results.prediction import Prediction
from core.storage import files, home
from core.storage.runs import Run
from pages.parts.shared import state
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    buttons,
    images,
    labels,
    paint_run,
    painted,
    select,
    shown,
    store_dataset,
)


def answer(
    label: str = "cat",
    error: str | None = None,
    seen: bytes | None = None,
    confidence: float = 0.75,
) -> Prediction:
    top = () if error else ((label, confidence), ("dog", 1 - confidence))
    picture = None if error else painted(3)
    return Prediction("0000.png", label, confidence, top, picture, seen, error)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """Lets prediction answer "cat", and keeps what it was asked."""
    kept: list[list[bytes]] = []

    def predict(work: object, run: Path, paths: list[Path], top: int) -> list[Any]:
        kept.append([path.read_bytes() for path in paths])
        assert all(home.HOME.uploads() in path.parents for path in paths)
        return [answer() for _ in paths]

    monkeypatch.setattr(queue, "ask", predict)
    return kept


def test_without_a_run_it_leads_to_training(open_page: Open) -> None:
    assert labels(open_page("predict")) == ["Train a network first"]


def test_of_two_networks_of_one_name_each_can_be_chosen(open_page: Open) -> None:
    """Trained within a minute and equally good, they differ in nothing that the list says."""
    runs = [paint_run(None).id for _ in range(2)]
    app = open_page("predict", run=runs[0])
    (chooser,) = [each for each in app.selectbox if each.label == "Trained network"]
    assert len(set(chooser.options)) == 2
    chooser.set_value(runs[1]).run()
    assert app.query_params["run"] == runs[1]


def test_dropped_pictures_are_named_and_leave_nothing_behind(
    open_page: Open, asked: list[list[bytes]]
) -> None:
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert asked == [[painted(1)]]
    assert "**cat**, 75% sure" in shown(app)
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["cat · 75%", "dog · 25%"]
    assert not app.file_uploader[0].value, "the uploader is empty again"
    assert not list(home.HOME.uploads().iterdir())
    app.run()
    assert len(asked) == 1, "a rerun asks nothing again"


def test_what_it_saw_of_a_picture_is_shown_where_that_is_not_all(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes | None] = [None, painted(4)]
    monkeypatch.setattr(queue, "ask", lambda *_: [answer(seen=seen.pop(0))])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert "What the network sees" not in shown(app)
    app.file_uploader[0].upload("b.png", painted(2), "image/png").run()
    assert shown(app).count("What the network sees") == 1


def test_the_newest_answer_comes_first(open_page: Open, asked: list[list[bytes]]) -> None:
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("first.png", painted(1), "image/png").run()
    app.file_uploader[0].upload("second.png", painted(2), "image/png").run()
    files = [each.value for each in app.caption if "png" in each.value]
    assert files == ["second.png", "first.png"]
    button(app, "clear-answers").click().run()
    assert "What it thinks" not in shown(app)


def test_a_new_visit_finds_the_answers_until_they_are_cleared(
    open_page: Open, asked: list[list[bytes]]
) -> None:
    run = paint_run(None)
    app = open_page("predict", run=run.id)
    app.file_uploader[0].upload("../../a.png", painted(1), "image/png").run()
    again = open_page("predict", run=run.id)
    assert "**cat**, 75% sure" in shown(again)
    assert [each.value for each in again.caption if "png" in each.value] == ["a.png"]
    assert len(asked) == 1
    kept = [path for path in (run.folder / "predictions").iterdir() if path.suffix == ".jpg"]
    assert [path.read_bytes() for path in kept] == [painted(3)], "as the worker has made it"
    assert images(again)
    assert "**cat**" not in shown(open_page("predict", run=paint_run(None).id))
    button(again, "clear-answers").click().run()
    assert "What it thinks" not in shown(again)
    assert "What it thinks" not in shown(open_page("predict", run=run.id))
    assert not kept[0].exists()


def test_many_answers_are_counted_and_the_least_sure_come_first(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = [
        [answer("cat", confidence=0.9), answer("", "not an image"), answer("dog", confidence=0.6)],
        [answer("cat", confidence=0.8), answer("cat", confidence=0.7)],
    ]
    monkeypatch.setattr(queue, "ask", lambda *_: drops.pop(0))
    app = open_page("predict", run=paint_run(None).id)
    for dropped in (("a.png", "b.txt", "c.png"), ("d.png", "e.png")):
        files = [(name, painted(1), "image/png") for name in dropped]
        app.file_uploader[0].set_value(files).run()
    assert "5 pictures: cat **3** · dog **1** · **1** could not be read" in shown(app)

    def order() -> list[str]:
        return [each.value for each in app.caption if each.value.endswith("png")]

    assert order() == ["e.png", "d.png", "c.png", "a.png"]
    (choice,) = [each for each in app.segmented_control if each.label == "Order"]
    choice.set_value("Least sure first").run()
    assert order() == ["c.png", "e.png", "d.png", "a.png"]


def test_a_starter_set_offers_pictures_to_try(open_page: Open, asked: list[list[bytes]]) -> None:
    classes = samples.SAMPLES["sketches"].classes
    app = open_page("predict", run=paint_run(None, classes, data="sketches").id)
    button(app, "try").click().run()
    assert len(asked) == 1
    assert "**cat**, 75% sure" in shown(app)


def test_a_data_set_that_is_called_like_a_starter_set_is_none(open_page: Open) -> None:
    assert not labels(open_page("predict", run=paint_run(None, data="sketches").id))


def test_all_pictures_of_one_drop_are_kept(
    open_page: Open, asked: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "MOST", 2)
    app = open_page("predict", run=paint_run(None).id)
    picture = painted(1)
    app.file_uploader[0].set_value([(f"{n}.png", picture, "image/png") for n in range(3)]).run()
    assert sum("png" in each.value for each in app.caption) == 3


def test_a_file_that_is_no_picture_gets_a_sentence(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ask", lambda *_: [answer("", "not an image")])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", b"text", "image/png").run()
    assert "Thaw could not read it: not an image." in shown(app)


def test_a_failure_is_told_and_nothing_is_left_behind(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(*_: Any) -> list[Any]:
        raise UserError("The process ended. Try *again*.")

    monkeypatch.setattr(queue, "ask", predict)
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert app.error[0].value == r"The process ended\. Try \*again\*\."
    assert not list(home.HOME.uploads().iterdir())


def test_hostile_names(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ask", lambda *_: [answer(HOSTILE)])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload(f"{HOSTILE}.png", painted(1), "image/png").run()
    texts = [each.value for each in (*app.markdown, *app.caption)]
    texts += [bar.proto.text for bar in app.get("progress")]
    assert not [text for text in texts if ":red[" in text or "<b>" in text]


def of_a_run_that_tells() -> Run:
    """A run whose model tells how familiar a picture is."""
    run = paint_run(None)
    facts = files.read_json(run.folder / "model.json")
    files.write_json(run.folder / "model.json", facts | {"familiar": {"threshold": 0.05}})
    return run


def test_a_stranger_is_told_as_one(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [replace(answer(), familiar=0.01), replace(answer("dog"), familiar=0.4)]
    monkeypatch.setattr(queue, "ask", lambda *_: [said.pop(0)])
    run = of_a_run_that_tells()
    app = open_page("predict", run=run.id)
    assert "doesn't look like anything it was taught" in shown(app)
    assert "It always answers" not in shown(app)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert "**Doesn't look like anything it was taught**" in shown(app)
    assert "Of its classes, cat comes nearest, 75% sure." in shown(app)
    assert "**cat**, 75% sure" not in shown(app)
    app.file_uploader[0].upload("b.png", painted(2), "image/png").run()
    assert "**dog**, 75% sure" in shown(app)
    assert "2 pictures: dog **1** · nothing that it was taught **1**" in shown(app)


def test_the_slider_changes_what_is_a_stranger_and_is_kept(
    open_page: Open, asked: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ask", lambda *_: [replace(answer(), familiar=0.3)])
    run = of_a_run_that_tells()
    app = open_page("predict", run=run.id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert "Turned away: 0 pictures" in shown(app)
    (slider,) = app.slider
    assert slider.value == 5
    slider.set_value(40).run()
    assert "**Doesn't look like anything it was taught**" in shown(app)
    assert "Turned away: 1 picture" in shown(app)
    assert "about 40 of 100" in shown(app)
    again = open_page("predict", run=run.id)
    assert again.slider[0].value == 40
    assert files.read_json(run.folder / "model.json")["familiar"] == {"threshold": 0.4}


def test_the_slider_follows_another_tab_and_sets_nothing_by_itself(open_page: Open) -> None:
    run = of_a_run_that_tells()
    keep_some(run)
    app = open_page("predict", run=run.id)
    app.slider[0].set_value(10).run()
    thresholds.keep_familiar(run.folder, 0.2)
    app.run()
    assert app.slider[0].value == 20
    thresholds.keep_familiar(run.folder, 0.8)  # more than the slider goes to
    app.run()
    assert thresholds.of(run.folder).familiar == 0.8


def test_what_is_hidden_is_asked_again_once_a_class_is_renamed(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run, folder = paint_run(dataset), home.HOME.dataset(dataset)
    said = replace(answer(), original=painted(1))
    predictions.keep(run, [said], {})
    pixels = np.zeros((32, 32, 3), np.uint8)

    def ask(work: object, *_: object) -> Any:
        called = tuple(names.by_now(run).values())
        if work is tasks.explain:
            return Why(Method.EXACT, pixels, called, (0.6, 0.4), np.ones((2, 7, 7), np.float32))
        if work is tasks.hide:
            trial = Trial(pixels, called[1], 0.9, 0.1, 0.2)
            return Hidden(trial, trial)
        return []

    def hidden() -> str:
        app = open_page("predict", run=run.id)
        digest = hashlib.sha256(painted(1)).hexdigest()
        app.session_state[state.key("hide", run.id, digest)] = True
        button(app, "why").click().run()
        return shown(app)

    monkeypatch.setattr(queue, "ask", ask)
    assert "**dog**, 90% sure" in hidden()
    store.keep(folder, changes.rename(store.load(folder), "dog", "wolf"), "renamed")
    assert "**wolf**, 90% sure" in hidden()


def test_an_answer_below_the_cut_off_says_so(open_page: Open, asked: list[list[bytes]]) -> None:
    run = paint_run(None)
    cut_off.keep(run.folder, 0.9)
    app = open_page("predict", run=run.id)
    assert not app.slider, "a model of an earlier Thaw can't tell strangers"
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert "**Not sure enough to say**" in shown(app)
    assert "Its best guess is cat, 75% sure." in shown(app)


def keep_some(run: Run) -> None:
    """Answers of two classes, a stranger and a file that is no picture."""
    given = [
        replace(answer("cat", confidence=0.9), file="a.png", familiar=0.5),
        replace(answer("dog", confidence=0.6), file="b.png", familiar=0.5),
        replace(answer("cat", confidence=0.7), file="c.png", familiar=0.01),
        replace(answer("", "not an image"), file="d.txt"),
    ]
    predictions.keep(run, given, {})


def files_shown(app: AppTest) -> list[str]:
    return [each.value for each in app.caption if each.value.endswith("png")]


def test_answers_are_filtered_by_class_and_by_doubt(open_page: Open) -> None:
    run = of_a_run_that_tells()
    keep_some(run)
    app = open_page("predict", run=run.id)
    (group,) = [each for each in app.selectbox if each.label == "Answered with"]
    assert group.options == [
        "all",
        "cat",
        "dog",
        "nothing that it was taught",
        "could not be read",
    ]
    for place, found in ((1, ["a.png"]), (2, ["b.png"]), (3, ["c.png"]), (4, [])):
        group.select_index(place).run()
        assert files_shown(app) == found
    assert "Thaw could not read it: not an image." in shown(app)
    group.select_index(0).run()
    (sure,) = [each for each in app.slider if each.label == "At most this sure"]
    sure.set_value(70).run()
    assert files_shown(app) == ["b.png", "c.png"]
    sure.set_value(50).run()
    group.select_index(1).run()
    assert "There are no such pictures." in shown(app)


def test_a_table_lists_every_answer_and_why_there_is_none(open_page: Open) -> None:
    run = of_a_run_that_tells()
    keep_some(run)
    app = open_page("predict", run=run.id)
    (view,) = [each for each in app.segmented_control if each.label == "Show as"]
    view.set_value("Table").run()
    table = app.dataframe[0].value
    assert list(table["file"]) == ["b.png", "c.png", "a.png", "d.txt"]
    assert list(table["answer"]) == [
        "dog",
        "Doesn't look like anything it was taught",
        "cat",
        "Thaw could not read it: not an image.",
    ]
    assert list(table["sure"])[:3] == [60, 70, 90]
    assert not files_shown(app)


def test_the_chart_counts_what_the_sentence_counts(open_page: Open) -> None:
    run = of_a_run_that_tells()
    keep_some(run)
    app = open_page("predict", run=run.id)
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    assert dict(zip(figure["data"][0]["customdata"], figure["data"][0]["x"], strict=True)) == {
        "cat": 1,
        "dog": 1,
    }


def test_a_click_on_a_bar_shows_its_answers(open_page: Open) -> None:
    run = of_a_run_that_tells()
    keep_some(run)
    app = open_page("predict", run=run.id)
    (chart,) = app.get("plotly_chart")
    drawn = json.loads(chart.proto.spec)["data"][0]["customdata"]
    select(app, chart, points=[{"point_index": drawn.index("dog"), "curve_number": 0}])
    assert files_shown(app) == ["b.png"]
    select(app, chart, points=[])
    assert len(files_shown(app)) == 3
    select(app, chart, points=[{"point_index": 99}])
    assert not app.exception


def test_a_wrong_answer_can_be_corrected_as_long_as_its_picture_is_there(
    open_page: Open, asked: list[list[bytes]]
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    app = open_page("predict", run=run.id)
    app.file_uploader[0].upload("a.png", painted(99), "image/png").run()
    assert not button(app, "wrong").disabled
    assert not button(app, "why").disabled
    button(app, "wrong").click().run()
    (right,) = [each for each in app.selectbox if each.label == "The right class"]
    assert right.options == ["cat", "dog"]
    assert button(app, "add-corrected").disabled, "until a class is chosen"
    for path in (run.folder / "predictions").glob("?" * 64):
        path.unlink()
    app.run()
    assert button(app, "wrong").disabled
    assert button(app, "why").disabled


def test_a_picture_that_is_in_the_data_set_says_as_what_and_leads_to_training(
    open_page: Open, asked: list[list[bytes]]
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    app = open_page("predict", run=run.id)
    app.file_uploader[0].upload("a.png", painted(0), "image/png").run()
    assert "in the data set as “cat”" in shown(app)
    assert not buttons(app, "wrong")
    assert not buttons(app, "to-train-again"), "the network has learned from this version"
    folder = home.HOME.dataset(dataset)
    before = store.load(folder)
    file = next(each.file for each in before.records if each.file.endswith("cat/0.png"))
    store.keep(folder, changes.move(before, {file}, "dog"), "moved")
    app.run()
    assert "in the data set as “dog”" in shown(app)
    button(app, "to-train-again").click().run()
    assert app.title[0].value == "Evaluate"
    assert app.query_params["run"] == run.id


def of_a_model() -> Run:
    """A run with a real model, which answers with how red, green or blue a picture is."""
    from core.backbones.frameworks import keras

    dataset = store_dataset("colours", {"blue": 4, "green": 4, "red": 4})
    run = paint_run(dataset, classes=("blue", "green", "red"))
    picture = keras.layers.Input((32, 32, 3), dtype="uint8")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    head = keras.layers.Dense(3, activation="softmax", use_bias=False)
    model = keras.Model(picture, head(pooled))
    head.set_weights([np.array([[0, 0, 8.0], [0, 8.0, 0], [8.0, 0, 0]])])
    model.save(run.folder / "model.keras")
    facts = files.read_json(run.folder / "model.json")
    files.write_json(run.folder / "model.json", facts | {"input_size": 32})
    return run


def test_why_shows_the_map_how_it_came_about_and_what_cannot_be_had(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def here(work: Any, *given: Any) -> Any:
        asked.append(work.__name__)
        return work(*given)

    monkeypatch.setattr(queue, "ask", here)
    run = of_a_model()
    image = Image.new("RGB", (64, 64), (40, 40, 40))
    image.paste((255, 40, 40), (0, 48, 16, 64))
    data = BytesIO()
    image.save(data, "PNG")
    app = open_page("predict", run=run.id)
    app.file_uploader[0].upload("a.png", data.getvalue(), "image/png").run()
    assert "**red**" in shown(app)
    before = len(images(app))
    button(app, "why").click().run()
    assert asked[:2] == ["predict", "explain"]
    assert "Exact (class activation map)" in shown(app)
    assert "It looks like these" in shown(app)
    drawn = [each.alt for each in images(app)[before:]]
    assert (
        "The picture, bright where it speaks for red, most of all at the bottom, on the left"
        in (drawn)
    )
    button(app, "why").click().run()
    assert asked.count("explain") == 1, "asked once for each picture"


def test_why_of_a_damaged_model_is_a_sentence(
    open_page: Open, asked: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    monkeypatch.setattr(queue, "ask", lambda work, *given: work(*given))
    button(app, "why").click().run()
    assert "is missing or not as it was written" in app.error[0].value
