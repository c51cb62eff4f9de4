"""A network goes on with the names that its classes have by now."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.intake.archives.archive import open_source
from core.results import names, predictor
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.runs import Run

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]
Change = Callable[[Dataset], Dataset]


@pytest.fixture
def run(make_run: MakeRun, tmp_path: Path) -> Run:
    """A trained run of blue, green and red on a stored data set."""
    for number, label in enumerate(("blue", "green", "red")):
        for shade in range(2):
            path = tmp_path / "colours" / label / f"{shade}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, shade, 9)).save(path)
    folder = home.HOME.datasets() / "colours"
    source = open_source(tmp_path / "colours")
    store.import_dataset(source, folder, split=SplitSettings(), name="colours")
    made = Run(make_run())
    description = {"data": "colours", "dataset": "colours", "version": 1}
    settings = TrainingSettings().to_dict()
    files.write_json(made.folder / "settings.json", description | {"settings": settings})
    return made


def change(*those: Change) -> None:
    folder = home.HOME.datasets() / "colours"
    dataset = store.load(folder)
    for each in those:
        dataset = each(dataset)
    store.keep(folder, dataset, "changed")


def test_a_renamed_class_is_named_anew_without_training(run: Run, picture: Picture) -> None:
    files = [("r.png", picture("r.png", "red").read_bytes())]
    assert predictor.warm(run.folder).predict(files, 3)[0].label == "red"
    change(lambda made: changes.rename(made, "red", "tomato"))
    (said,) = predictor.warm(run.folder).predict(files, 3)
    assert said.label == "tomato"
    assert {name for name, _ in said.top} == {"blue", "green", "tomato"}
    store.undo(home.HOME.datasets() / "colours")
    assert predictor.warm(run.folder).predict(files, 3)[0].label == "red"


def test_names_that_change_places(run: Run) -> None:
    change(
        lambda made: changes.rename(made, "red", "between"),
        lambda made: changes.rename(made, "blue", "red"),
        lambda made: changes.rename(made, "between", "blue"),
    )
    assert names.by_now(run) == {"blue": "red", "green": "green", "red": "blue"}


def test_a_name_that_another_class_has_taken_is_told_apart(run: Run) -> None:
    change(
        lambda made: changes.delete_class(made, "red"),
        lambda made: changes.rename(made, "blue", "red"),
    )
    assert names.by_now(run) == {"blue": "red", "green": "green", "red": "red (as it was)"}


def test_no_two_names_are_alike_whatever_classes_are_called(run: Run) -> None:
    change(
        lambda made: changes.delete_class(made, "red"),
        lambda made: changes.rename(made, "blue", "red"),
        lambda made: changes.rename(made, "green", "red (as it was)"),
    )
    assert names.by_now(run) == {
        "blue": "red",
        "green": "red (as it was)",
        "red": "red (as it was) (as it was)",
    }


def test_without_its_data_set_a_run_keeps_its_names(run: Run) -> None:
    store.delete(home.HOME.dataset("colours"))
    assert names.by_now(run) == {"blue": "blue", "green": "green", "red": "red"}


def test_results_are_told_under_the_new_names() -> None:
    row = {"precision": 1.0, "recall": 0.5, "f1": 0.67, "images": 2}
    results = {
        "accuracy": 0.5,
        "classes": ["a", "b"],
        "per_class": {"a": row, "b": row},
        "mistakes": [{"file": "a/1.png", "label": "a", "predicted": "b", "confidence": 0.9}],
    }
    told = names.of_results(results, {"a": "A", "b": "B"})
    assert told["classes"] == list(told["per_class"]) == ["A", "B"]
    assert told["mistakes"] == [
        {"file": "a/1.png", "label": "A", "predicted": "B", "confidence": 0.9}
    ]
    assert told["accuracy"] == 0.5
