"""Projects that earlier versions of Thaw have saved open in this one.

`project-1.thaw` is of format 1: painted pictures in three classes, with three versions, marks and
settings, and a run of a network so small that it is 20 KB. `project-2.thaw` is of format 2: the
same pictures, and a run of a TensorFlow Hub module, which travels without its network.
"""

from pathlib import Path

import pytest

from core.datasets import choice, image_files, store
from core.projects import contents, opening
from core.results import names
from core.results.answers import hard
from core.storage import home
from core.storage.job import RunStatus
from core.storage.runs import open_run

STORED = Path(__file__).parent
# What the run said of the pictures blue/1.png, green/1.png and red/1.png then.
SAID = {
    "blue/1.png": ("blue", 0.994554),
    "green/1.png": ("green", 0.988577),
    "red/1.png": ("crimson", 0.991623),
}


def test_one_of_every_format_is_kept() -> None:
    kept = {f"project-{number}.thaw" for number in range(1, contents.FORMAT + 1)}
    assert {path.name for path in STORED.glob("*.thaw")} == kept
    assert all(opening.is_project(STORED / name) for name in kept)


@pytest.mark.slow
def test_format_1(thaw_home: Path) -> None:
    found = opening.open_project(home.HOME, STORED / "project-1.thaw", "project-1", lambda *_: None)
    assert (found.name, found.there, found.new_runs) == ("colours", False, 1)
    folder = home.HOME.dataset(found.dataset)
    now = store.load(folder)
    assert store.versions(folder) == [1, 2, 3]
    assert now.counts == {"blue": 5, "green": 4, "crimson": 5}
    assert store.load(folder, 1).counts == {"blue": 5, "green": 5, "red": 5}
    assert now.told == "red is crimson"
    kept = choice.kept(folder)
    assert kept is not None
    assert kept.epochs == 7
    assert hard.marked(folder, now) == {"blue/1.png"}
    run = open_run(home.HOME, found.runs[0])
    assert (run.name, run.version) == ("my best", 1)
    assert run.state().status is RunStatus.FINISHED
    assert names.by_now(run) == {"blue": "blue", "green": "green", "red": "crimson"}
    results = run.results()
    assert results is not None
    assert (results["correct"], results["images"]) == (11, 12)
    digests = {record.file: record.digest for record in now.records}
    asked = [(n, image_files.original(folder, digests[n]).read_bytes()) for n in SAID]

    from core.results.predictor import of_run

    for answer in of_run(run.folder).predict(asked, 1):
        label, confidence = SAID[answer.file]
        assert answer.label == label
        assert answer.confidence == pytest.approx(confidence, abs=2e-3)


def test_format_2(thaw_home: Path) -> None:
    found = opening.open_project(home.HOME, STORED / "project-2.thaw", "project-2", lambda *_: None)
    assert (found.name, found.there, found.new_runs) == ("colours", False, 1)
    run = open_run(home.HOME, found.runs[0])
    assert (run.name, run.has_model, run.settings.backbone) == ("of a module", False, "hub-of-ours")
    assert run.state().status is RunStatus.FINISHED
    assert [row["val_accuracy"] for row in run.state().history] == [0.9]
    results = run.results()
    assert results is not None
    assert (results["correct"], results["images"]) == (11, 12)
    assert names.by_now(run) == {"blue": "blue", "green": "green", "red": "crimson"}
