"""A backup holds all that people made, whole, whatever goes on meanwhile; nothing else."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal_calls import ROOT

from core.cli.main import main
from core.datasets import image_files, store
from core.storage import files, home
from core.storage.job import RunStatus
from core.storage.runs import all_runs
from tests.pages.painting import paint_run, store_dataset

# What goes on in a home at work: runs report, end, begin and are deleted, and data sets change,
# faster than any person or training does it.
AT_WORK = """
import itertools
from core.datasets import changes, store
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.runs import Run
from tests.pages.painting import paint_run, store_dataset
(dataset,) = store.all_ids(home.HOME)
folder = home.HOME.dataset(dataset)
busy = home.HOME.runs() / home.new_id()
busy = Run.create(busy, TrainingSettings(), data_name="busy", dataset_id=dataset)
print("begun", flush=True)
for number in itertools.count():
    busy.log.append("batch", epoch=1, step=number, steps=10**9, accuracy=0.5, loss=1.0)
    files.write_bytes(busy.checkpoint, bytes(1000 + number % 7))
    now = store.load(folder)
    match number % 4:
        case 0:
            store.keep(folder, changes.rename(now, now.classes[0], f"{number}"), "renamed")
        case 1 if len(now.records) > 10:
            store.keep(folder, changes.remove(now, [now.records[0].file]), "removed")
        case 2:
            store.forget(folder)
    if number % 3 == 0:
        run = paint_run(dataset)
        files.remove(run.folder)
    if number % 10 == 0:
        files.remove(home.HOME.dataset(store_dataset("short-lived", {"a": 2, "b": 2})))
"""


def back_up(file: Path) -> None:
    assert main(["backup", str(file)]) == 0


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def restored(file: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpack a backup as its last words say."""
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(into)
    monkeypatch.setenv("THAW_HOME", str(into))


def assert_whole() -> None:
    """Everything that the home lists is there."""
    for each in store.all_ids(home.HOME):
        folder = home.HOME.dataset(each)
        versions = sorted(int(path.stem) for path in (folder / "versions").glob("*.json"))
        for version in [None, *versions]:
            for record in store.load(folder, version).records:
                data = image_files.original(folder, record.digest).read_bytes()
                assert hashlib.sha256(data).hexdigest() == record.digest
                assert image_files.thumbnail(folder, record.digest).is_file()
    for run in all_runs(home.HOME):
        if run.results():
            assert (run.folder / "model.keras").is_file()
            assert (run.folder / "model.json").is_file()
        if run.state().status is RunStatus.FINISHED:
            assert run.results()


@pytest.fixture
def at_work(thaw_home: Path) -> Iterator[subprocess.Popen[str]]:
    store_dataset("pets", {"cat": 40, "dog": 40})
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", AT_WORK], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_was_made_comes_back_and_nothing_else_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    run = paint_run(dataset)
    files.write_json(run.folder / home.NAME, {"name": "my best"})
    link = f"home/datasets/{dataset}/shared/{home.new_id()}/share.json"
    secrets = (link, "token", "cluster/host.json", "cluster/x/cluster.pem", "logs/errors.log")
    for secret in (*secrets, "cache/features/f", "home/uploads/u/data", "home/runs/.deleted-1/a"):
        write(home.root() / secret, b"secret")
    for kept in ("home/weights/" + "0" * 64 + ".h5", "hub/hub-mine.json"):
        write(home.root() / kept, b"kept")
    before = {each: store.load(home.HOME.dataset(each)) for each in store.all_ids(home.HOME)}
    back_up(tmp_path / "backup.zip")
    assert "holds 1 data set and 1 run (" in capsys.readouterr().err
    assert not [*home.HOME.datasets().glob(".new-*"), *home.HOME.runs().glob(".new-*")]
    assert [path.name for path in tmp_path.glob("*backup*")] == ["backup.zip"]
    restored(tmp_path / "backup.zip", tmp_path / "elsewhere", monkeypatch)
    found = [path for path in home.root().rglob("*") if path.is_file()]
    assert not [path for path in found if path.read_bytes() == b"secret"]
    assert sum(path.read_bytes() == b"kept" for path in found) == 2
    assert {
        each: store.load(home.HOME.dataset(each)) for each in store.all_ids(home.HOME)
    } == before
    assert [each.name for each in all_runs(home.HOME)] == ["my best"]
    assert_whole()


def test_every_backup_is_whole_while_others_work(
    at_work: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        with monkeypatch.context() as elsewhere:
            back_up(tmp_path / "backup.zip")
            restored(tmp_path / "backup.zip", tmp_path / str(number), elsewhere)
            assert store.all_ids(home.HOME)
            assert any(run.name == "busy" for run in all_runs(home.HOME))
            assert_whole()
    assert at_work.poll() is None, "nobody was kept from working"


def test_without_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    paint_run(store_dataset("pets", {"cat": 3, "dog": 3}))
    monkeypatch.setattr("os.link", refuse)
    back_up(tmp_path / "backup.zip")
    restored(tmp_path / "backup.zip", tmp_path / "elsewhere", monkeypatch)
    assert len(store.all_ids(home.HOME)) == len(all_runs(home.HOME)) == 1
    assert_whole()


def test_an_empty_home_and_a_place_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(tmp_path / "backup.zip")
    assert zipfile.ZipFile(tmp_path / "backup.zip").namelist() == []
    capsys.readouterr()
    assert main(["backup", str(tmp_path / "nowhere" / "backup.zip")]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert "No such file or directory" in said
