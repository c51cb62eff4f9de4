"""What lists of runs are made of: rows that are read once, a CSV, and event files."""

import csv
import io
import os
import zipfile
from pathlib import Path

import pytest

from core.cli.main import main
from core.results.overview import event_files, rows, sheet
from core.settings import TrainingSettings
from core.storage import files, home, own_names, runs
from core.storage.runs import Run, all_runs
from tests.pages.painting import paint_run


def long_ago(*painted: Run) -> None:
    """As if their files had been written a while ago, so that they count as settled."""
    for run in painted:
        os.utime(run.folder, (1e9, 1e9))


def test_a_row_tells_what_the_folder_holds(thaw_home: Path) -> None:
    settings = TrainingSettings(backbone="mobilenet_v2", frozen_layers=100, epochs=3)
    run = paint_run(None, settings=settings)
    own_names.give(run.folder, "mine")
    (row,) = rows.rows(home.HOME)
    assert (row.name, row.data, row.backbone, row.layers) == ("mine", "pets", "MobileNetV2", 154)
    assert (row.accuracy, row.interval, row.images, row.classes) == (0.9, (0.6, 0.98), 10, 2)
    assert (row.seconds, row.trainable, row.settings) == (3, 10, settings)


@pytest.mark.parametrize("file", ["settings.json", "results.json"])
def test_a_damaged_run_has_a_row_that_says_so(thaw_home: Path, file: str) -> None:
    run = paint_run(None)
    (run.folder / file).write_text("{")
    (row,) = rows.rows(home.HOME)
    assert row.problem
    assert row.accuracy is None


def test_a_settled_run_is_read_again_only_when_it_changes(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = paint_run(None), paint_run(None)
    long_ago(one, other)
    rows.rows(home.HOME)
    read: list[str] = []
    whole = rows.read
    monkeypatch.setattr(rows, "read", lambda run: read.append(run.id) or whole(run))
    rows.rows(home.HOME)
    assert read == []
    own_names.note(one.folder, "new")
    assert {row.run.id: row.note for row in rows.rows(home.HOME)} == {one.id: "new", other.id: ""}
    assert read == [one.id]


def test_two_changes_within_a_tick_of_the_clock_are_both_seen(thaw_home: Path) -> None:
    run = paint_run(None)
    for name in ("one", "two"):
        own_names.give(run.folder, name)
        stamp = run.folder.stat()
        assert [row.name for row in rows.rows(home.HOME)] == [name]
        os.utime(run.folder, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def test_a_run_put_aside_is_in_no_list_and_comes_back_whole(thaw_home: Path) -> None:
    run, other = paint_run(None), paint_run(None)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    run.put_aside()
    run.put_aside()  # in another tab
    assert (
        [each.id for each in all_runs(home.HOME)]
        == [row.run.id for row in rows.rows(home.HOME)]
        == [other.id]
    )
    (there,) = runs.aside(home.HOME)
    runs.bring_back(there)
    runs.bring_back(there)
    assert not runs.aside(home.HOME)
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
    assert {row.run.id for row in rows.rows(home.HOME)} == {run.id, other.id}


def test_the_sheet_has_a_line_for_each_run(thaw_home: Path) -> None:
    run, failed = paint_run(None), paint_run(None, ending="failed", epochs=0, message="No.")
    own_names.give(run.folder, '=HYPERLINK("x")')
    own_names.note(run.folder, 'two\nlines, "quoted"')
    lines = {
        line["id"]: line
        for line in csv.DictReader(io.StringIO(sheet.csv_of(rows.rows(home.HOME), Run.state)))
    }
    told = lines[run.id]
    assert told["name"] == '\'=HYPERLINK("x")'
    assert told["note"] == 'two\nlines, "quoted"'
    assert (told["accuracy"], told["state"], told["seconds"]) == ("0.9", "finished", "3")
    assert told["settings"] == "epochs=3"
    assert (lines[failed.id]["state"], lines[failed.id]["accuracy"]) == ("failed", "")


def test_tensorflow_reads_the_event_files(thaw_home: Path, tmp_path: Path) -> None:
    from core.backbones.frameworks import tf

    run = paint_run(None, epochs=3)
    own_names.give(run.folder, "Katzen 🐈")
    paint_run(None, ending="failed", epochs=0)
    assert event_files.write(tmp_path / "logs", rows.rows(home.HOME), Run.state) == 1
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {run.id, "runs.csv"}
    history = run.state().history
    for side, prefix in (("training", ""), ("validation", "val_")):
        (path,) = (tmp_path / "logs" / run.id / side).iterdir()
        assert "tfevents" in path.name, "TensorBoard finds files by this"
        seen = list(tf.compat.v1.train.summary_iterator(str(path)))
        assert seen[0].file_version == "brain.Event:2"
        (named,) = seen[1].summary.value
        assert named.metadata.plugin_data.plugin_name == "text"
        assert tf.make_ndarray(named.tensor).item().decode() == "Katzen 🐈"
        scalars = [
            (event.step, value.tag, value.simple_value, event.wall_time)
            for event in seen[2:]
            for value in event.summary.value
        ]
        assert scalars == [
            (row["epoch"], tag, pytest.approx(row[prefix + tag]), row["time"])
            for row in history
            for tag in ("accuracy", "loss")
        ]


def test_the_zip_holds_the_same_files(thaw_home: Path, tmp_path: Path) -> None:
    paint_run(None)
    event_files.write(tmp_path / "logs", rows.rows(home.HOME), Run.state)
    file = io.BytesIO()
    event_files.write(file, rows.rows(home.HOME), Run.state)
    with zipfile.ZipFile(file) as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    below = [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]
    assert zipped == {
        path.relative_to(tmp_path / "logs").as_posix(): path.read_bytes() for path in below
    }


def test_the_command_writes_both(
    thaw_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = paint_run(None)
    table, logs = tmp_path / "runs.csv", tmp_path / "logs"
    assert main(["runs", "--csv", str(table), "--tensorboard", str(logs)]) == 0
    assert run.id in capsys.readouterr().out
    assert run.id in table.read_text()
    assert (logs / run.id / "validation").is_dir()
    assert main(["runs", "--csv", str(tmp_path / "none" / "runs.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    files.remove(home.HOME.runs())
    assert main(["runs"]) == 0
    assert "no runs yet" in capsys.readouterr().err
