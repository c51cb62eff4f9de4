"""What is saved as a project comes back elsewhere as it was."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.datasets import changes, choice, image_files, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.projects import contents, opening, saving
from core.results import names, thresholds
from core.results.answers import cut_off, hard
from core.storage import files, home, own_names
from core.storage.runs import Run, all_runs, open_run
from tests.projects.conftest import finished
from tests.projects.rewriting import edited, members, rewritten, save


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = "elsewhere") -> None:
    """From now on another computer."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / name))


def opened(path: Path) -> opening.Opened:
    return opening.open_project(home.HOME, path, path.name, lambda *_: None)


def everything(below: Path) -> set[str]:
    return {str(each.relative_to(below)) for each in below.rglob("*")}


def versions_of(folder: Path) -> list[Dataset]:
    return [store.load(folder, number) for number in store.versions(folder)]


def test_a_data_set_comes_back_with_its_past(
    pictures_alone: Path, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions_of(home.HOME.dataset(dataset))
    assert [each.version for each in before] == [1, 2, 3]
    elsewhere(tmp_path, monkeypatch)
    found = opened(pictures_alone)
    assert (found.name, found.there, found.runs) == ("colours", False, ())
    folder = home.HOME.dataset(found.dataset)
    assert versions_of(folder) == before
    now = store.load(folder)
    assert now == before[-1]
    assert image_files.stored(folder) == {r.digest for each in before for r in each.records}
    assert {path.stem for path in image_files.thumbnails(folder).glob("*.jpg")} == (
        image_files.stored(folder)
    )
    kept = choice.kept(folder)
    assert kept is not None
    assert kept.epochs == 7
    assert hard.marked(folder, now) == {"blue/1.png"}
    assert files.read_json(folder / home.NO_PROBLEM) == ["5e68a1cb3e303bfd"]
    assert store.undo(folder).classes == ("blue", "green", "red")


def test_only_the_version_at_hand_leaves_where_that_is_chosen(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(
        saving.project(home.HOME.dataset(dataset), [], versions=False), tmp_path / "now.thaw"
    )
    now = store.load(home.HOME.dataset(dataset))
    assert len([each for each in members(path) if each.startswith("pictures/")]) == 14
    elsewhere(tmp_path, monkeypatch)
    folder = home.HOME.dataset(opened(path).dataset)
    assert store.load(folder).records == now.records
    with pytest.raises(UserError, match="nothing to undo"):
        store.undo(folder)
    with pytest.raises(UserError, match="pictures of that time"):
        store.load(folder, 1)
    later = store.keep(folder, changes.remove(store.load(folder), ["blue/0.png"]), "removed")
    assert later.version == 4, "no run may find other pictures under a number that it remembers"


def test_opened_twice_nothing_is_there_twice(
    pictures_alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path, monkeypatch)
    first = opened(pictures_alone)
    before = everything(home.root())
    again = opened(pictures_alone)
    assert (again.there, again.dataset, again.new_runs) == (True, first.dataset, 0)
    assert everything(home.root()) == before


def test_a_changed_data_set_stays_and_pictures_take_no_room_twice(
    pictures_alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path, monkeypatch)
    first = home.HOME.dataset(opened(pictures_alone).dataset)
    store.keep(first, changes.remove(store.load(first), ["blue/0.png"]), "removed")
    again = opened(pictures_alone)
    assert (again.there, again.name) == (False, "colours 2")
    second = home.HOME.dataset(again.dataset)
    assert len(store.load(second).records) == 14
    for digest in image_files.stored(second):
        assert os.path.samefile(
            image_files.original(first, digest), image_files.original(second, digest)
        )
    store.delete(home.HOME.dataset(first.name))
    assert all(image_files.original(second, r.digest).is_file() for r in store.load(second).records)


def test_the_list_is_readable_and_names_every_file(project: Path) -> None:
    inside = members(project)
    told = json.loads(inside["project.json"])
    assert next(iter(inside)) == "project.json"
    assert (told["thaw"], told["format"], told["name"]) == ("project", 1, "colours")
    assert told["dataset"]["classes"] == {"blue": 5, "green": 4, "crimson": 5}
    assert told["runs"][0]["name"] == "my best"
    pictures = {each for each in inside if each.startswith("pictures/")}
    assert set(inside) == {"project.json"} | pictures | set(told["files"])


def test_where_a_run_was_at_work_stays_here(project: Path, run: Run) -> None:
    inside = b"".join(data for name, data in members(project).items() if "model" not in name)
    assert b"secret-host" in run.log.path.read_bytes()
    for secret in (b"secret-host", b"cluster", b"pid", run.id.encode()):
        assert secret not in inside


def test_it_is_sent_in_pieces(project: Path, dataset: str, run: Run) -> None:
    (run.folder / home.CHECKPOINT).write_bytes(os.urandom(9_000_000))
    found = saving.project(home.HOME.dataset(dataset), [run])
    sizes = [len(piece) for piece in found.pieces]
    assert sum(sizes) > 9_000_000
    assert max(sizes) < 2_100_000


def test_what_goes_while_it_is_sent_breaks_it_off(dataset: str, run: Run, tmp_path: Path) -> None:
    found = saving.project(home.HOME.dataset(dataset), [run])
    pieces = [next(found.pieces)]
    with (run.folder / home.MODEL).open("ab") as file:
        file.write(b"more")
    with pytest.raises(UserError, match="changed while it was saved"):
        pieces += found.pieces
    (tmp_path / "half").write_bytes(b"".join(pieces))
    assert not opening.is_project(tmp_path / "half")


@pytest.mark.parametrize("file", [home.RESULTS, home.MODEL, home.MODEL_FACTS, home.PROGRESS])
def test_a_run_that_lacks_a_file_is_said_before_anything_is_sent(
    file: str, dataset: str, run: Run
) -> None:
    (run.folder / file).unlink()
    with pytest.raises(UserError, match=r"is damaged|Expected finished runs"):
        saving.project(home.HOME.dataset(dataset), [run])


def test_a_run_that_is_at_work_cannot_be_saved(dataset: str, run: Run) -> None:
    run.log.append("resumed", cluster=None, epochs=2, begin=1)
    assert saving.runs_of(home.HOME.dataset(dataset)) == []
    with pytest.raises(UserError, match="Expected finished runs"):
        saving.project(home.HOME.dataset(dataset), [run])


@pytest.mark.slow
def test_a_run_comes_back_whole(
    project: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thresholds_before = thresholds.of(run.folder), cut_off.of(run.folder)
    results, model = run.results(), (run.folder / home.MODEL).read_bytes()
    created, settings, by_now = run.created, run.settings, names.by_now(run)
    elsewhere(tmp_path, monkeypatch)
    found = opened(project)
    (came,) = all_runs(home.HOME)
    assert found.runs == (came.id,)
    assert came.dataset_id == found.dataset
    assert (came.name, came.settings, came.version) == ("my best", settings, 1)
    assert came.results() == results
    said = files.read_json(came.folder / home.NAME)
    assert said == {"name": "my best", "note": "two\nlines", "star": True}
    facts = files.read_json(came.folder / home.SETTINGS)
    assert home.is_id(facts["comparison"])
    assert facts["comparison"] != "20200101-000000-abcdef", "an id of this computer"
    assert (came.folder / home.MODEL).read_bytes() == model
    assert (thresholds.of(came.folder), cut_off.of(came.folder)) == thresholds_before
    assert names.by_now(came) == by_now == {"blue": "blue", "green": "green", "red": "crimson"}
    assert came.created == pytest.approx(created, abs=1)
    assert [row["val_accuracy"] for row in came.state().history] == [0.9]
    assert not (home.HOME.dataset(found.dataset) / home.OPENED_RUNS).exists()
    again = opened(project)
    assert (again.there, again.new_runs, again.runs) == (True, 0, found.runs)
    assert [each.id for each in all_runs(home.HOME)] == [came.id]


@pytest.mark.slow
def test_a_run_that_was_resumed_comes_back(
    dataset: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"epoch": 2, "accuracy": 0.6, "loss": 0.6, "val_accuracy": 0.8, "val_loss": 0.5}
    run.log.append("resumed", cluster={"pid": 7, "created": 1.0}, epochs=9, begin=1)
    run.log.append("epoch", **row, seconds=0.1)
    run.log.append("finished", best_epoch=1, turn=1)
    before = run.state()
    path = save(saving.project(home.HOME.dataset(dataset), [run]), tmp_path / "resumed.thaw")
    elsewhere(tmp_path, monkeypatch)
    (again,) = opened(path).runs
    after = open_run(home.HOME, again).state()
    assert after.cluster is None
    assert (after.status, after.turn, after.epochs) == (before.status, 1, 9)
    assert [each["epoch"] for each in after.history] == [1, 2]


def test_a_run_joins_its_data_set_and_names_do_not_collide(
    pictures_alone: Path,
    project: Path,
    dataset: str,
    make_run: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (first,) = saving.runs_of(home.HOME.dataset(dataset))
    second = finished(dataset, lambda: make_run("another", 4.0), after=first.id)
    own_names.give(second.folder, "my best")
    both = save(saving.project(home.HOME.dataset(dataset), [second, first]), tmp_path / "both.thaw")
    elsewhere(tmp_path, monkeypatch)
    alone = opened(pictures_alone)
    joined = opened(project)
    assert (joined.there, joined.dataset, joined.new_runs) == (True, alone.dataset, 1)
    found = opened(both)
    assert (found.there, found.dataset, found.new_runs) == (True, alone.dataset, 1)
    assert [each.name for each in all_runs(home.HOME)] == ["my best 2", "my best"]
    newer = open_run(home.HOME, found.runs[0])
    assert newer.after == joined.runs[0], "the run that it repeats, by its id here"


def with_a_module(dataset: str, make_run: Callable[..., Path]) -> Run:
    """A run whose network is a TensorFlow Hub module, by what its settings say."""
    run = finished(dataset, lambda: make_run("of a module", 4.0))
    facts = files.read_json(run.folder / home.SETTINGS)
    facts["settings"] |= {"backbone": "hub-of-ours"}
    files.write_json(run.folder / home.SETTINGS, facts)
    return Run(run.folder)


def test_a_run_with_a_module_travels_without_its_network(
    dataset: str,
    make_run: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The module is a program, so nobody could open it safely; everything else goes along."""
    run = with_a_module(dataset, make_run)
    own_names.give(run.folder, "of a module")
    out = tmp_path / "module.thaw"
    assert main(["project", "save", "colours", "--out", str(out)]) == 0
    assert "“of a module” is saved without its network" in capsys.readouterr().err
    inside = members(out)
    assert not [name for name in inside if name.endswith("model.keras")]
    told = json.loads(inside["project.json"])
    assert (told["format"], told["runs"][0]["model"]) == (2, False)
    assert opened(out).new_runs == 0, "it is known here"
    results, settings = run.results(), run.settings

    elsewhere(tmp_path, monkeypatch)
    assert main(["project", "open", str(out)]) == 0
    assert "1 run came without a network" in capsys.readouterr().err
    (came,) = all_runs(home.HOME)
    assert (came.name, came.results(), came.settings) == ("of a module", results, settings)
    assert (came.has_model, came.state().status.final) == (False, True)
    again = opened(out)
    assert (again.there, again.new_runs, again.runs) == (True, 0, (came.id,))
    further = save(
        saving.project(
            home.HOME.dataset(again.dataset), saving.runs_of(home.HOME.dataset(again.dataset))
        ),
        out,
    )
    assert json.loads(members(further)["project.json"])["runs"][0]["name"] == "of a module"


def test_a_missing_network_is_refused_unless_the_list_says_so(
    dataset: str, make_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_a_module(dataset, make_run)
    path = save(saving.project(home.HOME.dataset(dataset), [run]), tmp_path / "module.thaw")

    def claim(told: dict[str, Any]) -> None:
        told["runs"][0]["model"] = True

    claimed = rewritten(path, edited("project.json", claim))
    elsewhere(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="a run in it is not whole"):
        opened(claimed)
    assert all_runs(home.HOME) == []


@pytest.mark.slow
def test_in_a_terminal_answers_are_equal(
    project: Path,
    run: Run,
    dataset: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answered(*words: str) -> dict[str, object]:
        assert main([*words, "--json"]) == 0
        return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))

    pictures = [str(tmp_path / "drawn" / name / "1.png") for name in ("blue", "green", "red")]
    before = answered("predict", str(run.folder), *pictures)
    out = tmp_path / "out.thaw"
    told = answered("project", "save", "colours", "--out", str(out))
    assert (told["pictures"], told["runs"]) == (15, [run.id])
    elsewhere(tmp_path, monkeypatch)
    came = answered("project", "open", str(out))
    (place,) = came["runs"]  # type: ignore[misc]
    assert answered("predict", str(place), *pictures) == before
    assert [each["label"] for each in before["predictions"]] == ["blue", "green", "crimson"]  # type: ignore[attr-defined]


def test_in_a_terminal_what_is_wrong_is_said(
    dataset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (("save", "nothing", "--out", str(tmp_path / "x")), "There is no data set “nothing”"),
        (("save", dataset, "--out", str(tmp_path / "x"), "--runs", "a"), "Expected runs of this"),
        (("open", str(tmp_path / "x")), "there is no file"),
        (("open", __file__), "is none"),
    ):
        assert main(["project", *words]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert contents.ENDING == "thaw"
