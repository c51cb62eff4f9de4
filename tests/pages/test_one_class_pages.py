"""A data set with one class: from the Train page to what the Evaluate page shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets import changes, store
from core.jobs import queue
from core.results import one_class, predictions
from core.results.answers import kept
from core.results.prediction import Prediction
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.runs import Run
from tests.pages.painting import Open, button, buttons, keys, paint_run, shown, store_dataset


def one_class_data(count: int) -> str:
    """The id of a data set whose other class was deleted."""
    dataset = store_dataset("mugs", {"mug": count, "cup": 2})
    folder = home.HOME.datasets() / dataset
    store.keep(folder, changes.delete_class(store.load(folder), "cup"), "deleted")
    return dataset


def trained(count: int, turned_away: int, after: Run | None = None) -> Run:
    """A run on one class, and what it would leave.

    Args:
        count: Pictures.
        turned_away: How many of them do not look familiar.
        after: The run that it repeats, on the same data set.
    """
    dataset = after.dataset_id if after else None
    dataset = dataset or one_class_data(count)
    settings = TrainingSettings().for_one_class()
    repeats = after.id if after else None
    run = paint_run(dataset, ("mug",), settings=settings, epochs=1, after=repeats)
    records = store.load(home.HOME.datasets() / dataset).records
    kept.keep(run.folder, kept.of_records(np.ones((count, 1)), records, ["mug"]))
    familiar = np.where(np.arange(count) < turned_away, 0.01, 0.5)
    results = run.results() or {}
    results |= one_class.evaluate(familiar, records, "mug", 0.05) | {"history": []}
    files.write_json(run.results_path, {k: v for k, v in results.items() if k != "format"})
    return run


def test_one_class_can_be_learned_alone(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = one_class_data(15)
    submitted: list[Any] = []

    def submit(folder: Path, settings: TrainingSettings) -> Run:
        submitted.append((folder.name, settings.for_one_class().epochs))
        return paint_run(folder.name, ("mug",), ending=None, epochs=0)

    monkeypatch.setattr(queue, "submit_training", submit)
    app = open_page("train", data=dataset)
    assert "With one class there is nothing to tell apart" in shown(app)
    assert "add-another-class" in keys(app)
    button(app, "train-one-class").click().run()
    assert submitted == [(dataset, 1)]


def test_too_few_pictures_of_one_class_lead_back_to_them(open_page: Open) -> None:
    app = open_page("train", data=one_class_data(14))
    assert "until there are 15" in shown(app)
    assert keys(app) == ["to-pictures"]


def test_evaluate_shows_what_was_turned_away(open_page: Open) -> None:
    run = trained(20, 3)
    app = open_page("evaluate", run=run.id)
    assert {metric.label: metric.value for metric in app.metric} == {
        "Recognised of its class (recall)": "85%",
        "Turned away of other things": "not tried yet",
    }
    assert "Pictures of its class that it turned away" in [each.value for each in app.subheader]
    assert not app.tabs  # with one class there is no confusion matrix, and nothing to be sure of


def test_that_it_names_its_only_class_is_no_accuracy_to_compare(open_page: Open) -> None:
    before = trained(20, 3)
    app = open_page("evaluate", run=trained(20, 1, after=before).id)
    assert "What the changes brought" not in shown(app)
    assert [each.value for each in app.metric][:1] == ["95%"]


def test_predict_goes_by_how_familiar_a_picture_looks(open_page: Open) -> None:
    run = trained(20, 0)
    facts = files.read_json(run.folder / "model.json")
    files.write_json(run.folder / "model.json", facts | {"familiar": {"threshold": 0.05}})
    given = [
        Prediction(
            f"{familiar}.png",
            "mug",
            1.0,
            (("mug", 1.0),),
            familiar=familiar,
            original=b"%f" % familiar,
        )
        for familiar in (0.7, 0.01, 0.2)
    ]
    predictions.keep(run, given, {})
    app = open_page("predict", run=run.id)
    wrong = buttons(app, "wrong")
    assert [each.disabled for each in wrong] == [False, True, True], "a stranger may be a mug"
    assert "no other class" in wrong[1].help
    (most,) = [each for each in app.slider if each.label == "At most this familiar"]
    most.set_value(30).run()
    (view,) = [each for each in app.segmented_control if each.label == "Show as"]
    view.set_value("Table").run()
    table = app.dataframe[0].value
    assert list(table) == ["file", "answer", "familiar"]
    assert list(table["file"]) == ["0.01.png", "0.2.png"], "the least familiar first"
    assert list(table["familiar"]) == [1, 20]


def test_the_curves_of_one_class_are_not_shown(open_page: Open) -> None:
    run = trained(20, 0)
    app = open_page("train", run=run.id)
    assert not app.get("plotly_chart")
    assert "more" not in keys(app)
