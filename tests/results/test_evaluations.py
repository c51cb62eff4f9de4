"""Evaluations on labelled pictures that somebody brings, as a worker makes them."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import changes, store
from core.jobs import judging, tasks, worker
from core.jobs.cluster import leftovers
from core.results import evaluations, learned, names
from core.results.answers import kept
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import INTERRUPTED, Job, Kind, RunStatus
from core.storage.runs import Run, job_of
from tests.pages.painting import store_dataset

Picture = Callable[..., Path]


@pytest.fixture
def run(make_run: Callable[..., Path], thaw_home: Path) -> Run:
    made = Run.create(home.HOME.runs() / home.new_id(), TrainingSettings(), data_name="colours")
    shutil.copytree(make_run("model"), made.folder, dirs_exist_ok=True)
    return made


def brought(*files: tuple[str, Path]) -> Path:
    """An upload, as the route leaves it."""
    folder = home.HOME.uploads() / home.new_id()
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "content", "w") as archive:
        for name, path in files:
            archive.write(path, name)
    return folder / "content"


def judged(run: Run, path: Path) -> Job:
    """The job, done."""
    job = Job.of_evaluation(evaluations.new(run))
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="photos", upload=path.parent.name)
    worker.perform(job, tasks.judge, path, run, "photos")
    return job


def test_a_labelled_zip_is_judged_and_kept_with_the_run(run: Run, picture: Picture) -> None:
    wrong = picture("w.png", "red", 7)
    text = wrong.with_name("notes.txt")
    text.write_text("no picture")
    path = brought(
        *((f"RED/{n}.png", picture(f"r{n}.png", "red", n)) for n in range(3)),
        ("blue/b.png", picture("b.png", "blue")),
        ("green/wrong.png", wrong),
        ("green/notes.txt", text),
    )
    job = judged(run, path)
    assert job.state().status is RunStatus.FINISHED
    (folder,) = evaluations.folders(run)
    results = evaluations.results(folder)
    assert results
    assert (results["name"], results["correct"], results["images"]) == ("photos", 4, 5)
    assert results["classes"] == ["blue", "green", "red"], "matched whatever the capitals"
    assert results["side"] is None
    (mistake,) = results["mistakes"]
    assert (mistake["label"], mistake["predicted"]) == ("green", "red")
    answers = kept.of(folder, results)
    assert answers.whole
    assert answers.right.sum() == 4
    assert answers.files[int(answers.right.argmin())] == "green/wrong.png"
    assert evaluations.picture_of(folder, mistake["digest"]).read_bytes()[:2] == b"\xff\xd8"
    assert evaluations.original_of(folder, mistake["digest"]).read_bytes() == wrong.read_bytes()
    for digest in answers.digests:
        assert evaluations.picture_of(folder, digest).is_file()
        data = evaluations.original_of(folder, digest).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, "as it came"
    assert "green/notes.txt" in [each["file"] for each in results["skipped"]]
    assert not path.exists()
    leftovers.sweep()
    assert evaluations.results(folder) == results


def test_where_there_is_room_for_some_the_mistakes_are_kept(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, right = picture("w.png", "red", 7), picture("r.png", "red", 8)
    monkeypatch.setattr(evaluations, "ORIGINALS", wrong.stat().st_size)
    job = judged(run, brought(("red/r.png", right), ("green/w.png", wrong)))
    (mistake,) = (evaluations.results(job.folder) or {})["mistakes"]
    assert evaluations.original_of(job.folder, mistake["digest"]).is_file()
    kept_names = {path.name for path in job.folder.iterdir() if home.is_digest(path.stem)}
    assert kept_names == {mistake["digest"], f"{mistake['digest']}.jpg"}
    monkeypatch.setattr(evaluations, "ORIGINALS", 10)
    job = judged(run, brought(("red/r.png", right), ("green/w.png", wrong)))
    kept_names = {path.name for path in job.folder.iterdir() if home.is_digest(path.stem)}
    assert kept_names == {f"{mistake['digest']}.jpg"}, "a mistake can always be looked at"


def test_the_test_side_counts_and_what_was_learned_is_told(run: Run, picture: Picture) -> None:
    learned, new = picture("l.png", "red", 1), picture("n.png", "red", 2)
    digest = hashlib.sha256(learned.read_bytes()).hexdigest()
    files.write_json(run.folder / "learned.json", {"digests": [digest]})
    folder = judged(
        run,
        brought(
            ("train/red/a.png", picture("a.png", "red")),
            ("train/blue/a.png", picture("c.png", "blue")),
            ("test/red/l.png", learned),
            ("test/red/n.png", new),
            ("test/blue/b.png", picture("b.png", "blue", 5)),
        ),
    ).folder
    results = evaluations.results(folder)
    assert results
    assert (results["side"], results["images"], results["learned_from"]) == ("test", 3, 1)
    assert results["unseen"]["images"] == 2


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (("cat/a.png", "red/b.png"), "This model knows blue, green, red"),
        (("a.png", "b.png"), "folder"),
    ],
)
def test_what_cannot_be_judged_is_told_and_leaves_nothing(
    run: Run, picture: Picture, files: tuple[str, ...], told: str
) -> None:
    path = brought(*((name, picture("a.png", "red")) for name in files))
    job = judged(run, path)
    state = judging.state(job.folder)
    assert state.status is RunStatus.FAILED
    assert told in (state.message or "")
    assert "--" not in (state.message or ""), "no options of the terminal"
    assert not path.exists()
    assert evaluations.results(job.folder) is None


def test_an_upload_that_waits_to_be_judged_is_no_leftover(run: Run, picture: Picture) -> None:
    path = brought(("red/a.png", picture("a.png", "red")))
    job = Job.of_evaluation(evaluations.new(run))
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="photos", upload=path.parent.name)
    in_a_day = job.state().submitted + 86_400
    leftovers.sweep(in_a_day)
    assert path.exists()
    assert job.kind is Kind.CHECKING, "those who bring pictures need not wait for it"
    assert job_of(job.key(0)) == job
    job.stopped()
    assert not path.exists()
    leftovers.sweep(in_a_day * 2)
    assert not job.folder.exists()


def test_a_class_that_is_renamed_meanwhile_keeps_its_own_numbers(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("colours", {"blue": 4, "green": 4, "red": 4})
    told = files.read_json(run.folder / "settings.json")
    files.write_json(run.folder / "settings.json", told | {"dataset": dataset, "version": 1})

    def swapping(of: Run) -> None:
        """The predictor is made by now, and nothing is read yet."""
        folder = home.HOME.dataset(dataset)
        for name, now in (("red", "other"), ("blue", "red"), ("other", "blue")):
            store.keep(folder, changes.rename(store.load(folder), name, now), "renamed")

    monkeypatch.setattr(learned, "digests", swapping)
    path = brought(
        ("red/a.png", picture("a.png", "red", 1)),
        ("red/b.png", picture("b.png", "red", 2)),
        ("blue/c.png", picture("c.png", "blue", 3)),
        ("blue/wrong.png", picture("d.png", "green", 4)),
    )
    job = judged(run, path)
    assert job.state().status is RunStatus.FINISHED
    results = evaluations.results(job.folder)
    assert results
    assert {name: row["images"] for name, row in results["per_class"].items()} == {
        "blue": 2,
        "green": 0,
        "red": 2,
    }
    assert [each["label"] for each in results["mistakes"]] == ["blue"]
    assert names.by_now(run) == {"blue": "red", "green": "green", "red": "blue"}


def test_an_evaluation_whose_cluster_is_gone_says_so(run: Run) -> None:
    job = Job.of_evaluation(evaluations.new(run))
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster={"pid": 1, "created": 0.0}, name="photos", upload=None)
    leftovers.sweep(job.state().submitted + 7200)
    state = judging.state(job.folder)
    assert (state.status, state.message) == (RunStatus.FAILED, INTERRUPTED[Kind.CHECKING])
