"""Two spaces with data sets and runs of the same names: what is done in one leaves the other."""

import os
import shutil
import time
from pathlib import Path

import pytest

from core.backbones.weights import own_weights
from core.datasets import changes, store
from core.datasets.samples.samples import examples, write
from core.errors import UserError
from core.intake import incoming
from core.intake.archives.archive import open_source
from core.jobs import checkup, foresight, queue, tasks
from core.jobs.cluster import leftovers
from core.projects import opening, saving
from core.results import names
from core.results.overview import rows
from core.settings import SplitSettings, TrainingSettings
from core.storage import home, own_names
from core.storage.home import HOME, Space
from core.storage.job import Job, Kind, RunStatus
from core.storage.runs import Run, all_runs, open_run
from tests import spaces
from tests.jobs.conftest import Wait
from tests.pages.painting import paint_run, store_dataset

SETTINGS = TrainingSettings(epochs=2)


@pytest.fixture
def other(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    return spaces.beside(monkeypatch)


@pytest.fixture
def run(other: Space) -> Run:
    """A run on a data set of `home`. The other space is a copy: all names and ids are the same."""
    run = paint_run(store_dataset("pets", {"cat": 3, "dog": 3}))
    own_names.give(run.folder, "my best")
    HOME.own_weights("0" * 64).parent.mkdir()
    HOME.own_weights("0" * 64).write_bytes(b"weights")
    shutil.copytree(HOME.folder, other.folder)
    return run


def test_what_is_listed_is_ones_own(run: Run, other: Space) -> None:
    store_dataset("zoo", {"ape": 2, "emu": 2}, space=other)
    paint_run(None, space=other)
    assert [store.load(HOME.dataset(each)).name for each in store.all_ids(HOME)] == ["pets"]
    assert len(store.all_ids(other)) == 2
    assert [row.run.folder for row in rows.rows(HOME)] == [run.folder]
    assert len(rows.rows(other)) == len(all_runs(other)) == 2
    assert [row.run.folder for row in rows.rows(HOME)] == [run.folder], "also the second time"
    assert saving.runs_of(run.dataset_folder) == [run]
    theirs = other.dataset(run.dataset_folder.name)
    assert saving.runs_of(theirs) == [open_run(other, run.id)]
    with pytest.raises(UserError, match="runs of this data set"):
        saving.project(theirs, [run])


def test_what_is_changed_or_deleted_in_one_stays_in_the_other(run: Run, other: Space) -> None:
    before = spaces.contents(other)
    theirs = open_run(other, run.id)
    dataset = run.dataset_folder
    store.keep(dataset, changes.rename(store.load(dataset), "cat", "tiger"), "cat is tiger")
    own_names.give(run.folder, "another name")
    Job.of_checkup(dataset).folder.mkdir()
    Job.of_checkup(dataset).log.append("queued", cluster=None)
    assert names.by_now(run)["cat"] == "tiger"
    assert names.by_now(theirs)["cat"] == "cat"
    assert theirs.name == "my best"
    assert checkup.state(theirs.dataset_folder).submitted == 0
    own_weights.delete(HOME, "0" * 64)
    assert own_weights.find(other, "0" * 64).is_file()
    run.put_aside()
    store.delete(dataset)
    assert not list(all_runs(HOME))
    assert not store.all_ids(HOME)
    assert spaces.contents(other) == before
    assert queue.can_go_on(theirs, theirs.state()) is theirs.checkpoint.is_file()


def test_the_queue_tells_runs_of_the_same_id_apart(run: Run, other: Space) -> None:
    theirs = open_run(other, run.id)
    owner = {"pid": os.getpid(), "created": 0.0}
    theirs.log.append("resumed", cluster={"host": "far"} | owner, epochs=9, begin=3)
    assert queue.standing(run).status is RunStatus.FINISHED
    assert theirs.state().status is RunStatus.QUEUED
    assert run.key(0) != theirs.key(0)
    dataset = theirs.dataset_folder
    assert foresight._key(dataset, SETTINGS) != foresight._key(run.dataset_folder, SETTINGS)


def test_what_was_read_in_vain_is_cleared_away_in_each(run: Run, other: Space) -> None:
    for space in (HOME, other):
        left = Job(Kind.READING, space.datasets() / "left")
        left.folder.mkdir(parents=True)
        (space.uploads() / "up").mkdir(parents=True)
        left.log.append("queued", cluster=None, name="left", upload="up")
    kept = spaces.contents(other)
    Job(Kind.READING, HOME.datasets() / "left").fail("No.")
    assert not (HOME.uploads() / "up").exists(), "its own upload goes"
    queue.give_up(HOME.dataset("left"))
    assert not HOME.dataset("left").exists()
    assert (other.uploads() / "up").is_dir()
    assert spaces.contents(other) == kept
    Job(Kind.READING, other.datasets() / "left").fail("No.")
    leftovers.sweep(time.time() + 25 * 3600)
    assert not other.dataset("left").exists()


def test_an_upload_is_taken_in_its_own_space(other: Space) -> None:
    begun, secret = incoming.begin(other, "a.zip", 1, "page")
    incoming.append(begun, 0, b"x")
    assert begun.folder.parent == other.uploads()
    with pytest.raises(incoming.NoSuchUpload):
        incoming.take(HOME, begun.folder.name, secret)
    assert incoming.take(other, begun.folder.name, secret).path.read_bytes() == b"x"
    for number in range(100):
        incoming.begin((HOME, other)[number % 2], "a.zip", 1, f"page {number}")
    with pytest.raises(UserError, match="Too much"):  # the disk is one for all
        incoming.begin(HOME, "a.zip", 1, "page")


def test_a_project_opens_beside_one_that_only_others_have(other: Space, tmp_path: Path) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2}, space=other)
    file = tmp_path / "pets.thaw"
    file.write_bytes(b"".join(saving.project(other.dataset(chosen), []).pieces))
    before = spaces.contents(other)
    found = opening.open_project(HOME, file, "pets.thaw", lambda *_: None)
    assert not found.there, "what others have is not told"
    assert found.name == "pets"
    assert store.all_ids(HOME) == [found.dataset]
    assert spaces.contents(other) == before
    assert opening.open_project(other, file, "pets.thaw", lambda *_: None).there


@pytest.mark.cluster
def test_both_train_and_predict_side_by_side(
    shared: Path, wait: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, chosen = spaces.beside(monkeypatch), home.new_id()
    write("sketches", tmp_path / "sketches")
    made = []
    for space in (HOME, other):
        store.import_dataset(
            open_source(tmp_path / "sketches"),
            space.dataset(chosen),
            split=SplitSettings(),
            name="sketches",
        )
        made.append(queue.submit_training(space.dataset(chosen), SETTINGS))
        own_names.give(made[-1].folder, "my best")
    mine, theirs = made
    assert [run.space for run in made] == [HOME, other]
    assert queue.ahead(theirs)[0].run == mine, "the queue is one for all"
    wait(lambda: all(queue.status(run).status.final for run in made))
    wait(lambda: all(queue.status(run).finishing is None for run in made))
    assert {queue.status(run).status for run in made} == {RunStatus.FINISHED}
    assert {run.name for run in made} == {"my best"}
    name, data, _ = examples("sketches")[0]
    (tmp_path / name).write_bytes(data)
    first, second = (
        queue.ask(tasks.predict, run.folder, [tmp_path / name], top=2)[0] for run in made
    )
    assert first.label == second.label
    before = spaces.contents(other)
    mine.delete()
    store.delete(HOME.dataset(chosen))
    assert spaces.contents(other) == before
    with pytest.raises(UserError):
        queue.ask(tasks.predict, mine.folder, [tmp_path / name], top=2)
    again = queue.ask(tasks.predict, theirs.folder, [tmp_path / name], top=2)[0]
    assert again.label == second.label
    shutil.rmtree(other.folder)
