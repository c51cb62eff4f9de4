"""A data set with a past and a run that has learned from it, saved as a project."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import changes, choice, store
from core.intake.archives.archive import open_source
from core.projects import saving
from core.results.answers import hard
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.runs import Run
from tests.exports.conftest import whole
from tests.projects.rewriting import CLASSES, save
from tests.results.conftest import make_run as make_run

COLOURS = {"blue": (20, 40, 220), "green": (30, 200, 40), "red": (210, 40, 30)}


def painted(colour: tuple[int, int, int], number: int) -> bytes:
    """A small picture of its own."""
    image = Image.new("RGB", (24 + number, 20), colour)
    image.putpixel((number, number), (255, 255, 255))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def dataset(thaw_home: Path, tmp_path: Path) -> str:
    """The id of a data set of three versions, of which the last has a class renamed."""
    drawn = tmp_path / "drawn"
    for name in CLASSES:
        (drawn / name).mkdir(parents=True)
        for number in range(5):
            (drawn / name / f"{number}.png").write_bytes(painted(COLOURS[name], number))
    chosen = home.new_id()
    folder = home.HOME.dataset(chosen)
    store.import_dataset(open_source(drawn), folder, split=SplitSettings(), name="colours")
    gone = changes.remove(store.load(folder), ["green/4.png"])
    store.keep(folder, gone, "1 picture removed")
    renamed = changes.rename(store.load(folder), "red", "crimson")
    store.keep(folder, renamed, "red is crimson")
    choice.keep(folder, TrainingSettings(epochs=7))
    hard.mark(folder, store.load(folder), ["blue/1.png"], hard=True)
    files.write_json(folder / home.NO_PROBLEM, ["5e68a1cb3e303bfd"])
    return chosen


@pytest.fixture
def run(dataset: str, make_run: Callable[..., Path]) -> Run:
    """A run of that data set's first version, with a name, a model, and a log that names a host."""
    run = finished(dataset, make_run, comparison="20200101-000000-abcdef")
    files.write_json(
        run.folder / home.NAME, {"name": "my best", "note": "two\nlines", "star": True}
    )
    return run


def finished(dataset: str, make_run: Callable[..., Path], **told: object) -> Run:
    """The folder of a run as a worker leaves it, of a network that is made in a second."""
    place = home.HOME.runs() / home.new_id()
    place.parent.mkdir(parents=True, exist_ok=True)
    whole(make_run()).rename(place)
    told = {"data": "colours", "dataset": dataset, "version": 1, "after": None} | told
    files.write_json(place / home.SETTINGS, told | {"settings": TrainingSettings().to_dict()})
    results = files.read_json(place / home.RESULTS)
    rows = [dict(each, digest=f"{n:064x}") for n, each in enumerate(results["mistakes"])]
    row = {"epoch": 1, "accuracy": 0.5, "loss": 0.7, "val_accuracy": 0.9, "val_loss": 0.4}
    more = {"mistakes": rows, "history": [row], "best_epoch": 1, "parameters": {"total": 9}}
    more |= {"parameters": {"total": 9, "trainable": 9}, "seconds": {"total": 1.0}}
    files.write_json(place / home.RESULTS, results | more)
    run = Run(place)
    run.log.append("queued", cluster={"pid": 7, "host": "secret-host", "created": 1.0, "id": "x"})
    run.log.append("started", host="secret-host", pid=7)
    run.log.append("epoch", **row, seconds=0.1)
    run.log.append("finished", best_epoch=1)
    return run


@pytest.fixture
def pictures_alone(dataset: str, tmp_path: Path) -> Path:
    """A project without a run, which is opened without TensorFlow."""
    return save(saving.project(home.HOME.dataset(dataset), []), tmp_path / "pictures.thaw")


@pytest.fixture
def project(dataset: str, run: Run, tmp_path: Path) -> Path:
    """A project with a run."""
    return save(saving.project(home.HOME.dataset(dataset), [run]), tmp_path / "colours.thaw")
