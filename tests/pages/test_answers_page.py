"""From a number on the Evaluate page to its pictures, to a mending hand, to training again."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.advice.growth import ClassGain, Growth, Range
from core.datasets import changes, store
from core.jobs import growing, queue
from core.results import evaluations
from core.results.answers import cut_off, hard, kept
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import Job
from core.storage.runs import Run
from pages.parts.shared import words
from tests.pages.painting import (
    Open,
    button,
    buttons,
    gallery,
    keys,
    paint_answers,
    paint_run,
    painted,
    select,
    shown,
    store_dataset,
    tick,
)

CLASSES = {"ant": 4, "bee": 4, "cat": 4}
SAID = {
    "ant/0.png": {"ant": 0.9},
    "ant/1.png": {"bee": 0.7},
    "ant/2.png": {"bee": 0.85},
    "bee/0.png": {"bee": 0.96},
    "bee/1.png": {"cat": 0.5},
    "cat/0.png": {"cat": 0.45},
}


@pytest.fixture
def run(thaw_home: object) -> Run:
    made = paint_run(store_dataset("zoo", CLASSES), classes=tuple(CLASSES))
    paint_answers(made, SAID)
    return made


def names(app: AppTest) -> list[str]:
    """The files of the pictures that are shown, in order."""
    return [each["file"] for each in gallery(app).get("pictures", [])]


def chart(app: AppTest, key: str) -> Any:
    return next(each for each in app.get("plotly_chart") if each.proto.id.endswith(key))


def box(app: AppTest, label: str) -> Any:
    return next(each for each in app.selectbox if each.label == label)


def test_at_first_the_surest_mistakes_are_shown(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    assert names(app) == ["ant/2.png", "ant/1.png", "bee/1.png"]
    first = gallery(app)["pictures"][0]
    assert first["caption"] == "85% ant ✗ bee"
    assert first["told"] == "85% ant ✗ bee · 2.png: really ant, predicted bee, 85% sure"


def test_a_click_on_a_cell_shows_exactly_its_pictures(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    select(app, chart(app, "confusion"), points=[{"x": 1, "y": 0}])
    assert names(app) == ["ant/2.png", "ant/1.png"]
    assert (box(app, "True class").value, box(app, "Predicted").value) == (0, 1)
    select(app, chart(app, "confusion"), points=[{"x": 2, "y": 2}])
    assert names(app) == ["cat/0.png"]
    select(app, chart(app, "confusion"), points=[{"x": 0, "y": 2}])
    assert names(app) == []
    assert "There are no such pictures" in shown(app)
    select(app, chart(app, "confusion"), points=[])
    assert names(app) == ["ant/2.png", "ant/1.png", "bee/1.png"]


@pytest.mark.parametrize(
    "points",
    [[{"x": 7, "y": 0}], [{"x": -1, "y": -2}], [{"x": "0", "y": 0}], [{}], [{"x": 0.5, "y": 0}]],
)
def test_what_the_browser_says_of_a_chart_is_not_trusted(
    open_page: Open, run: Run, points: list[dict[str, Any]]
) -> None:
    app = open_page("evaluate", run=run.id)
    select(app, chart(app, "confusion"), points=points)
    assert not app.exception
    assert names(app) == ["ant/2.png", "ant/1.png", "bee/1.png"]


def test_a_cell_can_be_chosen_without_a_pointer(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    box(app, "True class").set_value(1).run()
    assert names(app) == ["bee/1.png"]
    box(app, "Predicted").set_value(-1).run()
    assert names(app) == ["bee/0.png", "bee/1.png"]
    app.segmented_control(key=order_key(app)).set_value("Least sure first").run()
    assert names(app) == ["bee/1.png", "bee/0.png"]
    box(app, "How sure").set_value(9).run()
    assert names(app) == ["bee/0.png"]


def test_a_class_can_be_called_like_a_choice_or_be_written_from_right_to_left(
    open_page: Open,
) -> None:
    classes = ("any class", "any wrong class", "כלבים")
    run = paint_run(store_dataset("zoo", dict.fromkeys(classes, 2)), classes=classes)
    said = {f"{classes[0]}/0.png": {classes[2]: 0.8}, f"{classes[2]}/0.png": {classes[1]: 0.9}}
    paint_answers(run, said)
    app = open_page("evaluate", run=run.id)
    assert names(app) == [f"{classes[2]}/0.png", f"{classes[0]}/0.png"], "at first all mistakes"
    told = [each["caption"] for each in gallery(app)["pictures"]]
    assert told == ["90% \u2068כלבים\u2069 ✗ any w… class", "80% any class ✗ \u2068כלבים\u2069"]
    titles = box(app, "Predicted").options
    assert len(set(titles)) == len(titles)
    box(app, "True class").set_value(0).run()
    assert names(app) == [f"{classes[0]}/0.png"]
    box(app, "True class").set_value(-1).run()
    assert len(names(app)) == 2


def order_key(app: AppTest) -> str:
    (found,) = [each.key for each in app.segmented_control if each.label == "Order"]
    assert found
    return found


def test_a_click_on_a_class_shows_its_pictures(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    (table,) = [each for each in app.dataframe if "F1" in each.value]
    select(app, table, rows=[0])
    assert names(app) == ["ant/0.png", "ant/2.png", "ant/1.png"]
    select(app, table, rows=[], cells=[[1, "right when it says so (precision)"]])
    assert names(app) == ["bee/0.png", "ant/2.png", "ant/1.png"]
    select(app, table, rows=[], cells=[[1, "class"]])
    assert names(app) == ["bee/0.png", "bee/1.png"]
    select(app, table, rows=[9])
    assert not app.exception


def test_classes_have_intervals(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    (table,) = [each.value for each in app.dataframe if "F1" in each.value]
    assert list(table["found (recall): from, to"]) == ["6% to 79%", "9% to 91%", "21% to 100%"]


def test_what_is_most_confused_is_said_and_leads_to_its_pictures(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    first = button(app, "confused")
    assert first.label == "2 of 3 pictures of “ant” were taken for “bee”"
    button(app, "confused", 1).click().run()
    assert names(app) == ["bee/1.png"]


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_with_any_number_of_classes(open_page: Open, classes: int) -> None:
    labels = [f"class {number}" for number in range(classes)]
    made = paint_run(store_dataset("many", dict.fromkeys(labels, 2)), classes=tuple(labels))
    said = {f"{label}/0.png": {label: 0.9} for label in labels}
    paint_answers(made, said | {"class 1/0.png": {"class 0": 0.8}})
    app = open_page("evaluate", run=made.id)
    select(app, chart(app, "confusion"), points=[{"x": 0, "y": 1}])
    assert names(app) == ["class 1/0.png"]
    select(app, chart(app, "confusion"), points=[{"x": classes - 1, "y": classes - 1}])
    assert names(app) == ([] if classes == 2 else [f"class {classes - 1}/0.png"])


def test_pictures_can_be_moved_removed_and_called_hard(open_page: Open, run: Run) -> None:
    folder = home.HOME.dataset(run.dataset_id or "")
    app = open_page("evaluate", run=run.id)
    tick(app, "ant/2.png")
    button(app, "call-hard").click().run()
    assert names(app) == ["ant/1.png", "bee/1.png", "ant/2.png"], "it comes last"
    assert gallery(app)["pictures"][-1]["caption"].startswith("◆")
    assert hard.marked(folder, store.load(folder)) == {"ant/2.png"}
    tick(app, "ant/1.png")
    (move,) = [each for each in app.selectbox if each.label == "Move to"]
    assert move.options == ["bee", "cat"]
    move.set_value("bee").run()
    button(app, "move").click().run()
    now = store.load(folder)
    assert now.version == 2
    assert next(each.label for each in now.records if each.file == "ant/1.png") == "bee"
    captions = {each["file"]: each["caption"] for each in gallery(app)["pictures"]}
    assert captions["ant/1.png"].startswith("now bee · ")
    assert gallery(app)["ticked"] == []
    tick(app, "bee/1.png")
    button(app, "delete-picked").click().run()
    assert names(app) == ["ant/1.png", "ant/2.png"]
    assert "1 more was removed since" in shown(app)
    assert "1 picture moved to another class, 1 picture removed" in shown(app).replace("\\", "")
    button(app, "undo").click().run()
    assert "bee/1.png" in names(app)


def test_ticks_here_are_not_those_of_the_data_page(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    tick(app, "ant/2.png")
    app.switch_page("data.py")
    app.query_params["data"] = run.dataset_id
    app.run()
    assert not gallery(app)["ticked"]


def test_one_press_trains_again_on_the_changed_pictures(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[tuple[Path, TrainingSettings, str | None]] = []

    def submit(dataset: Path, settings: TrainingSettings, after: str | None = None) -> Run:
        submitted.append((dataset, settings, after))
        version = store.load(dataset).version
        return Run.create(
            home.HOME.runs() / home.new_id(),
            settings,
            data_name="zoo",
            dataset_id=dataset.name,
            version=version,
            after=after,
        )

    monkeypatch.setattr(queue, "submit_training", submit)
    app = open_page("evaluate", run=run.id)
    assert "train-on-mended" not in keys(app)
    tick(app, "ant/1.png")
    (move,) = [each for each in app.selectbox if each.label == "Move to"]
    move.set_value("bee").run()
    button(app, "move").click().run()
    button(app, "train-on-mended").click().run()
    assert submitted == [(run.dataset_folder, run.settings, run.id)]
    assert "train-on-mended" not in keys(app), "it is under way"
    assert "cancel-again" in keys(app)
    (newer,) = [each for each in map(Run, home.HOME.runs().iterdir()) if each.after == run.id]
    finish(newer, run)
    app.run()
    assert app.query_params["run"] == newer.id
    assert not app.exception
    told = shown(app)
    assert "What the changes brought" in told
    metrics = {each.label: each.value for each in app.metric}
    assert metrics["Before, on the same 6 pictures"] == "67%", "by the class it has now"
    assert metrics["Now, on the same 6 pictures"] == "83%"
    assert "1 of these was moved to another class" in told
    grids = [json.loads(each.proto.json) for each in app.get("bidi_component")
             if each.proto.component_name == "picture_grid"]  # fmt: skip
    (gained,) = [each for each in grids if each["ticked"] is None]
    assert [each["file"] for each in gained["pictures"]] == ["bee/1.png"]


def finish(newer: Run, like: Run) -> None:
    """Have a run end as a worker would have it, with an answer that has become right."""
    for name in ("model.json", "model.keras", "results.json"):
        (newer.folder / name).write_bytes((like.folder / name).read_bytes())
    paint_answers(newer, SAID | {"bee/1.png": {"bee": 0.8}})
    newer.log.append("started", host="here", pid=1)
    newer.log.append("finished", best_epoch=3)


def test_a_comparison_with_a_run_that_is_gone_is_left_out(open_page: Open, run: Run) -> None:
    newer = Run.create(
        home.HOME.runs() / home.new_id(),
        run.settings,
        data_name="zoo",
        dataset_id=run.dataset_id,
        version=1,
        after=run.id,
    )
    finish(newer, run)
    assert "What the changes brought" in shown(open_page("evaluate", run=newer.id))
    run.delete()
    assert "What the changes brought" not in shown(open_page("evaluate", run=newer.id))


def test_a_run_of_an_earlier_version_shows_the_mistakes_that_it_kept(
    open_page: Open, run: Run
) -> None:
    (run.folder / "judged.npz").unlink()
    app = open_page("evaluate", run=run.id)
    assert names(app) == ["ant/2.png", "ant/1.png", "bee/1.png"]
    assert "made by an earlier version" in shown(app)
    select(app, chart(app, "confusion"), points=[{"x": 1, "y": 0}])
    assert names(app) == ["ant/2.png", "ant/1.png"]


def test_answers_on_other_pictures_lead_to_the_mistakes_that_are_kept(
    open_page: Open, run: Run
) -> None:
    folder, results = evaluations.new(run), run.results()
    assert results
    folder.mkdir(parents=True)
    answers = kept.read(run.folder)
    assert answers is not None
    for one in results["mistakes"]:
        evaluations.keep_picture(folder, one["digest"], painted(1), None)
    found = results | {"side": None, "skipped": [], "answers": answers}
    evaluations.keep(folder, "photos", found, {})
    app = open_page("evaluate", run=run.id)
    box(app, "Details of").set_value(1).run()
    select(app, chart(app, "confusion"), points=[{"x": 0, "y": 0}])
    assert "those that it got wrong came first" in shown(app)
    assert not gallery(app)
    stored = files.read_json(folder / "results.json")
    assert "answers" not in stored


def brought(run: Run) -> tuple[Path, list[str]]:
    """An evaluation on pictures of which one is in the data set; their digests in order."""
    folder, results = evaluations.new(run), run.results()
    assert results
    folder.mkdir(parents=True)
    answers = kept.read(run.folder)
    assert answers is not None
    pictures = [painted(90 + number) for number in range(len(answers.files))]
    record = store.load(home.HOME.dataset(run.dataset_id or "")).records[0]
    digests = [hashlib.sha256(each).hexdigest() for each in pictures]
    digests[0] = record.digest  # which was learned from
    answers = replace(answers, digests=tuple(digests))
    for digest, picture in zip(digests, pictures, strict=True):
        evaluations.keep_picture(folder, digest, picture, picture)
    mistakes = [
        one | {"digest": digests[answers.files.index(one["file"])]} for one in results["mistakes"]
    ]
    found = {"side": None, "skipped": [], "answers": answers, "mistakes": mistakes}
    evaluations.keep(folder, "photos", results | found, {})
    return folder, digests


def test_pictures_of_an_evaluation_on_others_can_be_asked_about_and_learned_from(
    open_page: Open, run: Run
) -> None:
    folder, digests = brought(run)
    app = open_page("evaluate", run=run.id)
    box(app, "Details of").set_value(1).run()
    assert len(buttons(app, "why")) == 3, "each mistake"
    select(app, chart(app, "confusion"), points=[{"x": 0, "y": 0}])
    assert not gallery(app)
    assert "came first" not in shown(app), "every picture is here"
    assert "in the data set as “ant”" in shown(app)
    assert not buttons(app, "wrong")
    assert not button(app, "why").disabled
    select(app, chart(app, "confusion"), points=[{"x": 1, "y": 0}])
    assert len(buttons(app, "wrong")) == 2
    button(app, "wrong").click().run()
    assert box(app, "The right class").value == "ant", "the folder that it came in"
    assert not button(app, "add-corrected").disabled
    for digest in digests:
        evaluations.original_of(folder, digest).unlink()
    app.run()
    assert button(app, "why").disabled, "an earlier version kept no picture as it came"
    assert button(app, "wrong").disabled


def test_the_border_of_the_runs_own_pictures_is_asked_about_beside_any_evaluation(
    open_page: Open, run: Run
) -> None:
    brought(run)
    app = open_page("evaluate", run=run.id)
    box(app, "Details of").set_value(1).run()
    assert "find-border" in keys(app)


def slider(app: AppTest) -> Any:
    (found,) = app.slider
    return found


def test_a_cut_off_says_what_is_answered_and_right(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    assert slider(app).value == 0
    metrics = {each.label: each.value for each in app.metric}
    assert (metrics["Pictures that it answers"], metrics["Right of these"]) == ("100%", "50%")
    slider(app).set_value(80).run()
    metrics = {each.label: each.value for each in app.metric}
    assert (metrics["Pictures that it answers"], metrics["Right of these"]) == ("50%", "67%")
    assert "would answer 3 of 6 pictures and get 2 of these right" in shown(app)
    (table,) = [each.value for each in app.dataframe if "answered" in each.value]
    assert list(table["answered"]) == [67, 50, 0]
    assert list(table["right of these"])[:2] == [50, 100]
    assert table["right of these"].isna().tolist() == [False, False, True]
    button(app, "see-unanswered").click().run()
    assert names(app) == ["ant/1.png", "bee/1.png", "cat/0.png"]
    box(app, "How sure").set_value(-3).run()
    assert names(app) == ["bee/0.png", "ant/0.png", "ant/2.png"]


def test_a_click_on_what_it_answers_of_a_class_shows_exactly_that(
    open_page: Open, run: Run
) -> None:
    app = open_page("evaluate", run=run.id)
    slider(app).set_value(80).run()
    (table,) = [each for each in app.dataframe if "right of these" in each.value]
    place = list(table.value["class"]).index("ant")
    select(app, table, rows=[place])
    assert names(app) == ["ant/0.png", "ant/2.png", "ant/1.png"]
    select(app, table, cells=[[place, "answered"]])
    assert names(app) == ["ant/0.png", "ant/2.png"]
    for odd in ([99, "answered"], [place, "nothing"], []):
        select(app, table, cells=[odd])
        assert not app.exception


def test_a_cut_off_is_saved_with_the_model_and_can_be_taken_back(open_page: Open, run: Run) -> None:
    app = open_page("evaluate", run=run.id)
    assert "save-cut-off" not in keys(app)
    slider(app).set_value(80).run()
    button(app, "save-cut-off").click().run()
    assert cut_off.of(run.folder) == 0.8
    assert "cut-off is 80%" in shown(app)
    assert "save-cut-off" not in keys(app)
    again = open_page("evaluate", run=run.id)
    assert slider(again).value == 80
    slider(again).set_value(0).run()
    button(again, "save-cut-off").click().run()
    assert cut_off.of(run.folder) is None
    facts = files.read_json(run.folder / "model.json")
    assert facts["classes"] == list(CLASSES), "the rest of the file stays"


def test_a_click_on_the_reliability_diagram_shows_exactly_its_pictures(
    open_page: Open, run: Run
) -> None:
    app = open_page("evaluate", run=run.id)
    bars = json.loads(chart(app, "reliability").proto.spec)["data"][0]
    for place, (count, _) in enumerate(bars["customdata"]):
        select(app, chart(app, "reliability"), points=[{"point_index": place, "curve_number": 0}])
        assert len(names(app)) == count
    assert names(app) == ["bee/0.png", "ant/0.png"]
    for odd in ({"point_index": 99, "curve_number": 0}, {"point_index": 0, "curve_number": 1}, {}):
        select(app, chart(app, "reliability"), points=[odd])
        assert not app.exception


def test_the_calibration_error_is_the_one_that_the_run_has_told(open_page: Open, run: Run) -> None:
    assert "off by 46 percentage points" in shown(open_page("evaluate", run=run.id))
    told = {"error": 0.07, "before": 0.2, "fitted_on": "validation", "bins": []}
    files.write_json(run.results_path, (run.results() or {}) | {"calibration": told})
    page = shown(open_page("evaluate", run=run.id))
    assert "off by 7 percentage points" in page
    assert "Without calibration (temperature scaling) it would be 20" in page
    assert "With 6 pictures, chance alone" in page


# Would more pictures help?

GROWTH = Growth(
    sizes=(6, 12, 24),
    accuracy=(0.5, 0.6, 0.7),
    spread=(0.1, 0.05, 0.0),
    judged=30,
    power=0.5,
    scale=1.0,
    floor=0.1,
    gain=Range(0.05, 0.02, 0.08),
    classes=(
        ClassGain("ant", 8, 10, 0.5, 0.6, Range(0.1, 0.02, 0.2)),
        ClassGain("bee", 8, 10, 0.5, 0.8, Range(0.3, 0.1, 0.5)),
        ClassGain("cat", 8, 10, 0.7, 0.7, Range(0.0, -0.1, 0.1)),
    ),
    images=24,
)


def test_whether_more_pictures_would_help_is_found_out_at_a_press(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(growing, "begin", lambda of: begun.append(of.id))
    app = open_page("evaluate", run=run.id)
    button(app, "find-growth").click().run()
    assert begun == [run.id]
    job = Job.of_growth(run.folder)
    job.folder.mkdir()
    job.log.append("queued", cluster=None)
    app.run()
    assert "cancel-growth" in keys(app)
    job.fail("There are *too few*.")
    app.run()
    assert [each.value for each in app.error] == [r"There are \*too few\*\."]
    files.write_json(run.folder / home.GROWN, GROWTH.to_dict())
    job.log.append("queued", cluster=None)
    job.log.append("finished")
    app.run()
    told = shown(app).replace("\\", "").replace(words.UNSEEN, "")
    assert "with 48 training pictures instead of 24, expect about 75% instead of 70%" in told
    assert "so perhaps from the next: “bee”, “ant”" in told
    (table,) = [each for each in app.dataframe if "training pictures" in each.value]
    assert list(table.value["class"]) == ["bee", "ant", "cat"], "most to gain first"
    select(app, table, rows=[1])
    assert names(app) == ["ant/0.png", "ant/2.png", "ant/1.png"]


def test_a_click_on_the_learning_curve_shows_what_was_wrong_there(
    open_page: Open, run: Run
) -> None:
    digests = {
        record.file: record.digest
        for record in store.load(home.HOME.dataset(run.dataset_id or "")).records
    }
    grown = replace(
        GROWTH,
        judged=3,
        pictures=(digests["ant/3.png"], digests["bee/3.png"], digests["cat/3.png"]),
        missed=((2, 5, 0), (0, 1, 0), (0, 5, 0)),
        repeats=5,
    )
    files.write_json(run.folder / home.GROWN, grown.to_dict())
    app = open_page("evaluate", run=run.id)
    usual = names(app)
    select(app, chart(app, "growth"), points=[{"curve_number": 1, "point_index": 0}])
    assert names(app) == ["bee/3.png", "ant/3.png"], "most often first"
    assert [each["caption"] for each in gallery(app)["pictures"]] == ["bee ✗ 5/5", "ant ✗ 2/5"]
    assert "**2 of 3** held-out pictures were wrong at least once in 5 trainings" in shown(app)
    assert "1 of these are right" in shown(app)
    tick(app, "ant/3.png")
    assert "1 picture selected" in shown(app), "and can be mended here"
    button(app, "pick-none").click().run()
    select(app, chart(app, "growth"), points=[{"curve_number": 1, "point_index": 2}])
    assert names(app) == ["bee/3.png"]
    assert "With all training pictures, **1 of 3**" in shown(app)
    for odd in ({"curve_number": 2, "point_index": 0}, {"curve_number": 1, "point_index": 7}, {}):
        select(app, chart(app, "growth"), points=[odd])
        assert not app.exception
        assert names(app) == usual
    box(app, "See what was wrong with").set_value(1).run()
    assert names(app) == ["bee/3.png"], "by keyboard as well"


def test_a_curve_of_an_earlier_version_can_be_found_out_again(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(growing, "begin", lambda of: begun.append(of.id))
    files.write_json(run.folder / home.GROWN, GROWTH.to_dict())
    app = open_page("evaluate", run=run.id)
    assert "by an earlier version of Thaw" in shown(app)
    button(app, "find-growth").click().run()
    assert begun == [run.id]


def test_a_class_that_was_renamed_goes_by_its_name_in_the_learning_curve_too(
    open_page: Open, run: Run
) -> None:
    folder = home.HOME.dataset(run.dataset_id or "")
    store.keep(folder, changes.rename(store.load(folder), "bee", "hornet"), "renamed")
    files.write_json(run.folder / home.GROWN, GROWTH.to_dict())
    app = open_page("evaluate", run=run.id)
    (table,) = [each for each in app.dataframe if "training pictures" in each.value]
    assert list(table.value["class"]) == ["hornet", "ant", "cat"]
    select(app, table, rows=[0])
    assert names(app) == ["bee/0.png", "bee/1.png"]
