"""What earlier versions of Thaw stored opens in this one.

`before-17.tar.xz` is a THAW_HOME that the version at commit 2617c72 wrote: a data set of painted
pictures with four versions, an empty one, a weights file of random numbers for MobileNet 0.25, and
three runs on it: one that finished, one that was stopped after five of a thousand epochs, and one
whose files the disk has cut off.
"""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import changes, choice, store
from core.errors import UserError
from core.jobs import checkup
from core.results import evaluations, learned, names, predictions
from core.settings import TrainingSettings
from core.storage import home, own_names
from core.storage.job import RunStatus
from core.storage.runs import Run, all_runs
from core.training.checkpoint import Checkpoint

DATASET, EMPTY = "20261128-225011-ec2f7a", "20261128-225015-021ba8"
FINISHED, STOPPED = "20261128-225020-5bd7d3", "20261128-225041-598936"
DAMAGED = "20261128-225146-39164b"
WEIGHTS = "a112117489b9638fad0d3fb7d15c799a55ecd91e148e068339b1388602d583ff"


@pytest.fixture(autouse=True)
def stored(thaw_home: Path) -> Path:
    """The home as it was stored, in a place of this test alone."""
    with tarfile.open(Path(__file__).parent / "before-17.tar.xz") as archive:
        # Debian 12's Python 3.11.2 has no filters yet; later ones warn where none is chosen.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(thaw_home)  # noqa: S202 – our own
    return thaw_home


def run(chosen: str) -> Run:
    return next(each for each in all_runs(home.HOME) if each.id == chosen)


def painted(colour: tuple[int, int, int], number: int) -> bytes:
    """The picture that was painted then."""
    rng = np.random.default_rng(number + 1000 * sum(colour))
    pixels = np.clip(np.array(colour) + rng.integers(-40, 40, (6, 6, 3)), 0, 255).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def test_everything_is_listed() -> None:
    assert store.all_ids(home.HOME) == [EMPTY, DATASET]
    assert [each.id for each in all_runs(home.HOME)] == [DAMAGED, STOPPED, FINISHED]


def test_the_data_set_has_all_its_versions() -> None:
    folder = home.HOME.dataset(DATASET)
    now, first = store.load(folder), store.load(folder, 1)
    assert (now.name, now.version, now.before) == ("painted things, sorted", 4, 3)
    assert now.classes == ("ember", "green leaf", "sea")
    assert now.counts == {"ember": 7, "green leaf": 8, "sea": 8}
    assert now.split_counts == {"train": 17, "validation": 6, "test": 0}
    assert first.counts == {"fire": 8, "leaf": 8, "sea": 8}
    assert now.read_as == "Read as 3 classes (fire, leaf, sea), by folder."
    back = store.undo(folder)
    assert back.classes == ("ember", "leaf", "sea")
    assert store.load(home.HOME.dataset(EMPTY)).classes == ("one", "two")


def test_what_people_chose_is_kept() -> None:
    folder = home.HOME.dataset(DATASET)
    expected = TrainingSettings(
        backbone="mobilenet", alpha=0.25, weights=WEIGHTS, batch_size=8, seed=3, epochs=7
    )
    assert choice.kept(folder) == expected
    found = checkup.read(checkup.place(home.HOME.dataset(DATASET)))
    assert [(str(each.kind), len(each.cases)) for each in found.findings] == [
        ("shortcut", 2),
        ("small class", 3),
    ]
    assert len(checkup.dismissed(home.HOME.dataset(DATASET))) == 1


def test_the_finished_run_and_what_it_was_asked() -> None:
    finished = run(FINISHED)
    state, results = finished.state(), finished.results()
    assert state.status is RunStatus.FINISHED
    assert len(state.history) == 6
    assert results is not None
    assert results["accuracy"] == pytest.approx(4 / 6)
    assert finished.name == "the first one" == own_names.of(finished.folder)
    assert finished.settings.augment == "light"
    assert finished.version == 3
    assert names.by_now(finished) == {"ember": "ember", "leaf": "green leaf", "sea": "sea"}
    assert [each.label for each in predictions.kept(finished)] == ["sea", "sea", "green leaf"]
    (judged,) = evaluations.folders(finished)
    found = evaluations.results(judged)
    assert found is not None
    assert (found["name"], found["images"]) == ("others", 9)


def test_the_damaged_run_says_so() -> None:
    damaged = run(DAMAGED)
    for read in (damaged.results, lambda: names.by_now(damaged)):
        with pytest.raises(UserError, match="is damaged"):
            read()
    assert damaged.settings.epochs == 6


@pytest.mark.slow
def test_the_finished_run_answers_as_it_did_then() -> None:
    from core.results.predictor import of_run

    finished = run(FINISHED)
    colours = {"fire": (200, 60, 40), "leaf": (60, 160, 60), "sea": (50, 80, 190)}
    files = [(f"{name}.png", painted(colour, 50)) for name, colour in colours.items()]
    then = {each.file: each for each in predictions.kept(finished)}
    for answer in of_run(finished.folder).predict(files, 3):
        assert [label for label, _ in answer.top] == [label for label, _ in then[answer.file].top]
        assert [share for _, share in answer.top] == pytest.approx(
            [share for _, share in then[answer.file].top], abs=2e-3
        )
    with pytest.raises(UserError, match="is damaged"):
        of_run(run(DAMAGED).folder)


@pytest.mark.slow
def test_the_stopped_run_is_resumed() -> None:
    from core.datasets.feed import StoredFeed
    from core.training.fit import train

    stopped = run(STOPPED)
    before = stopped.state()
    assert before.status is RunStatus.STOPPED
    assert len(before.history) == 5
    stopped.resume(more=2)
    results = train(stopped, StoredFeed(home.HOME.dataset(DATASET), stopped.version))
    assert stopped.state().status is RunStatus.FINISHED
    assert [row["epoch"] for row in results["history"]] == [1, 2, 3, 4, 5, 6, 7]
    assert results["history"][:5] == [
        {key: value for key, value in row.items() if key in results["history"][0]}
        for row in before.history
    ]
    restored = [each for each in stopped.log.read()[0] if each["event"] == "restored"]
    assert [each["epoch"] for each in restored] == [5]


def test_nothing_is_written_where_things_are_only_looked_at(stored: Path) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in stored.rglob("*") if path.is_file()}

    before = everything()
    for each in all_runs(home.HOME):
        each.state()
    for chosen in store.all_ids(home.HOME):
        store.load(home.HOME.dataset(chosen))
    assert everything() == before
    assert json.loads((run(FINISHED).folder / "settings.json").read_text())["data"]


@pytest.mark.parametrize(
    ("file", "look"),
    [
        ("settings.json", lambda: run(FINISHED).settings),
        ("results.json", lambda: run(FINISHED).results()),
        ("model.json", lambda: names.by_now(run(FINISHED))),
        ("learned.json", lambda: learned.digests(run(FINISHED))),
        ("predictions/answers.json", lambda: predictions.kept(run(FINISHED))),
        ("manifest.json", lambda: store.load(home.HOME.dataset(DATASET))),
        ("versions/000002.json", lambda: store.load(home.HOME.dataset(DATASET), 2)),
        ("checkup.json", lambda: checkup.read(checkup.place(home.HOME.dataset(DATASET)))),
    ],
)
def test_what_a_newer_thaw_has_written_says_so(file: str, look: Callable[[], object]) -> None:
    (path,) = (
        folder / file
        for folder in (run(FINISHED).folder, home.HOME.dataset(DATASET))
        if (folder / file).is_file()
    )
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"format": 2}))
    with pytest.raises(UserError, match="newer Thaw"):
        look()
    path.write_text(json.dumps(values | {"format": 1}))
    look()


def test_a_checkpoint_of_a_newer_thaw_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint(run(STOPPED).checkpoint)
    saved = checkpoint.read()
    assert saved is not None
    assert saved.facts["epoch"] == 5
    with monkeypatch.context() as newer:
        newer.setattr(home, "FORMAT", 2)
        checkpoint.write(saved.facts)
    with pytest.raises(UserError, match="newer Thaw"):
        checkpoint.read()


def test_what_is_written_now_has_the_number_of_its_format() -> None:
    folder = home.HOME.dataset(DATASET)
    store.keep(folder, changes.remove(store.load(folder), ["sea/1.png"]), "1 image removed")
    for file in ("manifest.json", "versions/000005.json"):
        assert json.loads((folder / file).read_text())["format"] == home.FORMAT
    assert store.load(folder).version == 5
