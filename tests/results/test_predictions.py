"""Answers that are kept with a run."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets import changes, choice, store
from core.errors import UserError
from core.results import learned, names, predictions
from core.results.prediction import Prediction
from core.storage import files, home, own_names
from core.storage.runs import Run
from tests.pages.painting import paint_run, store_dataset


def said(file: str, label: str, sure: float) -> Prediction:
    return Prediction(file, label, sure, ((label, sure),), b"a thumbnail", b"what it saw")


def pictures(folder: Path) -> int:
    return len(list(folder.glob("*.jpg")))


def test_those_that_came_last_are_first_and_the_oldest_go(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "MOST", 3)
    run = paint_run(None)
    predictions.keep(run, [said("a", "cat", 0.9), said("b", "dog", 0.5), said("c", "cat", 0.7)], {})
    assert [each.file for each in predictions.kept(run)] == ["b", "c", "a"]
    predictions.keep(run, [said("d", "cat", 0.9)], {})
    assert [each.file for each in predictions.kept(run)] == ["d", "b", "c", "a"], (
        "those that came together stay together"
    )
    assert pictures(run.folder / "predictions") == 8
    predictions.keep(run, [said(str(number), "cat", 0.9) for number in range(5)], {})
    assert len(predictions.kept(run)) == 5, "all that came together"
    assert pictures(run.folder / "predictions") == 10
    predictions.keep(run, [said("e", "cat", 0.9)], {})
    assert len(predictions.kept(run)) == 6, "one more drops nothing"
    predictions.keep(run, [said(f"f{number}", "cat", 0.9) for number in range(2)], {})
    assert [each.file for each in predictions.kept(run)] == ["f0", "f1", "e"]
    predictions.clear(run)
    predictions.keep(run, [said("a", "cat", 0.9)], {})
    first = predictions.kept(run)[0]
    assert isinstance(first.thumbnail, Path)
    assert isinstance(first.seen, Path)
    assert first.thumbnail.read_bytes() == b"a thumbnail"
    assert first.seen.read_bytes() == b"what it saw"
    assert (first.label, first.confidence, first.top) == ("cat", 0.9, (("cat", 0.9),))
    predictions.clear(run)
    assert predictions.kept(run) == []
    assert pictures(run.folder / "predictions") == 0


def test_no_picture_stays_that_no_answer_needs(thaw_home: Path) -> None:
    run = paint_run(None)
    folder = run.folder / "predictions"
    in_the_way = folder / "answers.json"
    in_the_way.mkdir(parents=True)
    given = [replace(said("a", "cat", 0.9), original=b"as it came")]
    with pytest.raises(OSError, match="answers"):
        predictions.keep(run, given, {})
    assert [each.name for each in folder.iterdir() if each.name != ".lock"] == ["answers.json"]
    in_the_way.rmdir()
    (folder / "0123456789abcdef.jpg").write_bytes(b"of a process that was killed")
    predictions.keep(run, given, {})
    assert pictures(folder) == 2


def test_a_class_goes_by_its_name_of_now(thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run, folder = paint_run(dataset), home.HOME.dataset(dataset)
    for name, now in (("cat", "tiger"), ("tiger", "lion")):
        predictions.keep(run, [said("a", name, 0.9)], names.trained(run))
        store.keep(folder, changes.rename(store.load(folder), name, now), "renamed")
        assert {each.label for each in predictions.kept(run)} == {now}


def test_nothing_of_a_deleted_run_comes_back(thaw_home: Path) -> None:
    run = paint_run(None)
    predictions.keep(run, [said("a", "cat", 0.9)], {})
    (run.folder / "predictions" / "answers.json").write_text("{")
    assert predictions.kept(run) == []
    run.delete()
    predictions.clear(run)
    assert not run.folder.exists()


@pytest.mark.parametrize("name", ["../../victim", "victim", "../victim", "", 7, ["a"]])
def test_a_foreign_list_of_answers_reaches_no_file_but_its_own(
    thaw_home: Path, name: object
) -> None:
    run = paint_run(None)
    folder = run.folder / "predictions"
    folder.mkdir()
    victims = [each / "victim.jpg" for each in (run.folder, run.folder.parent)]
    for victim in victims:
        victim.write_bytes(b"somebody else's")
    row = {"file": "a.jpg", "top": [["cat", 0.9]], "error": None, "thumbnail": name, "seen": name}
    files.write_json(folder / "answers.json", {"answers": [row]})
    (answer,) = predictions.kept(run)
    assert (answer.label, answer.thumbnail, answer.seen) == ("cat", None, None)
    predictions.clear(run)
    assert all(victim.exists() for victim in victims)


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        7,
        None,
        {"file": "b", "top": [["cat"]], "error": None, "thumbnail": None, "seen": None},
        {"file": "b", "top": [["cat", "x"]], "error": None, "thumbnail": None, "seen": None},
        {"file": "b", "top": [["cat", 7.0]], "error": None, "thumbnail": None, "seen": None},
        {
            **{"file": "b", "top": [], "error": None, "thumbnail": None, "seen": None},
            "digest": ["../../victim"],
        },
        {"file": 7, "top": [], "error": None, "thumbnail": None, "seen": None},
        {"file": "b", "top": [], "error": 7, "thumbnail": None, "seen": None},
    ],
)
def test_a_damaged_answer_is_passed_over(thaw_home: Path, damaged: object) -> None:
    run = paint_run(None)
    predictions.keep(run, [said("a", "cat", 0.9)], {})
    path = run.folder / "predictions" / "answers.json"
    files.write_json(path, {"answers": [damaged, *files.read_json(path)["answers"]]})
    assert [each.file for each in predictions.kept(run)] == ["a"]
    predictions.keep(run, [said("c", "cat", 0.9)], {})
    assert [each.file for each in predictions.kept(run)] == ["c", "a"]


def test_small_files_that_are_nested_too_deeply_are_damaged(thaw_home: Path) -> None:
    run = paint_run(None)
    (run.folder / "predictions").mkdir()
    for name in ("predictions/answers.json", "name.json", "choice.json", "learned.json"):
        (run.folder / name).write_text("[" * 100_000)
    assert predictions.kept(run) == []
    assert own_names.of(run.folder) is None
    assert choice.kept(run.folder) is None
    with pytest.raises(UserError, match=r"learned\.json is missing or not as it was written"):
        learned.digests(run)


def with_original(file: str, sure: float, data: bytes) -> Prediction:
    return replace(said(file, "cat", sure), original=data)


def originals(run: Run) -> set[bytes]:
    return {path.read_bytes() for path in (run.folder / "predictions").glob("?" * 64)}


def test_pictures_are_kept_as_they_came_within_a_limit_the_least_sure_first(
    thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paint_run(None)
    (tmp_path / "a.jpg").write_bytes(b"aaaa")
    first = replace(said("a", "cat", 0.9), original=tmp_path / "a.jpg")
    predictions.keep(run, [first, with_original("b", 0.5, b"bbbb"), said("c", "cat", 0.1)], {})
    none, _, a = predictions.kept(run)
    assert none.original is None
    assert isinstance(a.original, Path)
    assert a.original.name == hashlib.sha256(b"aaaa").hexdigest()
    assert a.original.read_bytes() == b"aaaa"
    assert originals(run) == {b"aaaa", b"bbbb"}
    monkeypatch.setattr(predictions, "ORIGINALS", 8)
    predictions.keep(run, [with_original("a again", 0.7, b"aaaa")], {})
    assert originals(run) == {b"aaaa", b"bbbb"}, "one file for the same picture"
    predictions.keep(run, [with_original("d", 0.7, b"dddd")], {})
    assert originals(run) == {b"dddd", b"aaaa"}, "the latest"
    predictions.keep(run, [with_original("e", 0.2, b"eeeeeeee"), with_original("f", 1, b"f")], {})
    assert originals(run) == {b"eeeeeeee"}, "of those that came together the least sure"
    assert [each.file for each in predictions.kept(run)][:3] == ["e", "f", "d"], "answers stay"
    predictions.clear(run)
    assert not originals(run)


def test_answers_that_come_in_parts_are_sorted_as_one(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "MOST", 3)
    run = paint_run(None)
    predictions.keep(run, [said("before", "cat", 0.1)], {})
    failed = Prediction("bad", error="not an image")
    predictions.keep(run, [said("a", "cat", 0.9), failed], {}, "one")
    predictions.keep(run, [said("b", "cat", 0.5)], {}, "one")
    assert [each.file for each in predictions.kept(run)] == ["b", "a", "bad"]
    predictions.keep(run, [said("c", "cat", 0.7)], {}, "one")
    assert [each.file for each in predictions.kept(run)] == ["b", "c", "a", "bad"]
    predictions.keep(run, [said("later", "cat", 0.9)], {})
    assert [each.file for each in predictions.kept(run)] == ["later", "b", "c", "a", "bad"]
