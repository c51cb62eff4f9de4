"""What the terminal says without a network: inspect, backbones, and mistakes told plainly."""

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from terminal_calls import ROOT, environment

from core.backbones.catalogue.backbone import Backbone, PipFile
from core.backbones.catalogue.rows import BACKBONES

# A proxy that nobody listens at: this machine is offline, wherever the test runs.
NOWHERE = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}

Thaw = Callable[..., Any]


def assert_one_plain_sentence(said: Any, code: int) -> None:
    assert said.code == code
    assert said.out == ""
    assert len(said.complaints) == 1
    assert "Traceback" not in said.err
    assert "Error" not in said.err


def test_inspect(thaw: Thaw, painted: Path, user_home: Path) -> None:
    (painted / "blue" / "notes.txt").write_text("no picture")
    (painted / "blue" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (painted / ".DS_Store").write_text("junk")
    said = thaw("inspect", painted, "--json")
    assert said.code == 0
    assert set(said.json) == {"classes", "images", "read_as", "skipped", "split"}
    assert said.json["read_as"] == "Read as 2 classes (blue, orange), by folder."
    assert said.err.startswith(said.json["read_as"])
    assert said.json["classes"] == {"blue": 6, "orange": 6}
    assert said.json["images"] == 12
    assert said.json["split"] == {"train": 10, "validation": 2, "test": 0}
    assert {row["file"] for row in said.json["skipped"]} == {
        ".DS_Store",
        "blue/notes.txt",
        "blue/broken.png",
    }
    assert all(set(row) == {"file", "reason"} and row["reason"] for row in said.json["skipped"])
    assert "blue/notes.txt" in said.err
    assert list(user_home.iterdir()) == []


def test_what_cannot_be_told_from_the_folders_is_refused_with_the_option_to_add(
    thaw_here: Thaw, painted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (painted / "all").mkdir()
    for label in ("blue", "orange"):
        for file in (painted / label).iterdir():
            file.rename(painted / "all" / f"{label}_{file.name}")
    rows = [f"{file.name},{file.name.partition('_')[0]}" for file in (painted / "all").iterdir()]
    (painted / "labels.csv").write_text("\n".join(["file,colour", *rows]))
    said = thaw_here("inspect", painted)
    assert_one_plain_sentence(said, 2)
    assert "--labels labels.csv --file-column file --label-column colour" in said.err
    monkeypatch.chdir(painted.parent)
    for given in (
        ("--labels", "labels.csv"),
        ("--labels", f"{painted.name}/labels.csv"),  # as a shell completes it
        ("--label-pattern", "^([a-z]+)_"),
    ):
        found = thaw_here("inspect", painted, *given, "--json")
        assert found.json["classes"] == {"blue": 6, "orange": 6}, given
    (painted / "labels.csv").rename(painted.parent / "elsewhere.csv")
    for path in (painted, Path(shutil.make_archive("pictures", "zip", painted))):
        for table in ("elsewhere.csv", f"../{painted.parent.name}/elsewhere.csv",
                      str(painted.parent / "elsewhere.csv")):  # fmt: skip
            found = thaw_here("inspect", path, "--labels", table, "--json")
            assert found.json["classes"] == {"blue": 6, "orange": 6}, table
    for wrong in (
        ("--labels", "elsewhere.csv", "--label-pattern", "(a)"),
        ("--root", "all", "--sides", "train=all"),
        ("--sides", "all"),
        ("--labels", "none.csv"),
        ("--label-pattern", "("),
    ):
        assert_one_plain_sentence(thaw_here("inspect", painted, *wrong), 2)


def test_sides_are_given_by_name(thaw_here: Thaw, painted: Path) -> None:
    for label in ("blue", "orange"):
        for place, side in enumerate(("old", "new")):
            (painted / side / label).mkdir(parents=True)
            for file in sorted((painted / label).iterdir())[: (4, 2)[place]]:
                file.rename(painted / side / label / file.name)
        (painted / label).rmdir()
    said = thaw_here("inspect", painted, "--sides", "train=old,validation=new", "--json")
    assert said.json["split"] == {"train": 8, "validation": 4, "test": 0}


def test_inspect_tells_how_the_images_would_be_divided(thaw: Thaw, painted: Path) -> None:
    for folder in painted.iterdir():
        for number, file in enumerate(sorted(folder.iterdir())):
            (folder / f"who{number % 3}").mkdir(exist_ok=True)
            file.rename(folder / f"who{number % 3}" / file.name)
    said = thaw("inspect", painted, "--test", 0.2, "--group-by", "folder", "--json")
    assert said.json["split"] == {"train": 4, "validation": 4, "test": 4}
    said = thaw("inspect", painted, "--root", ".", "--validation", 0.5, "--json")
    assert said.json["split"] == {"train": 6, "validation": 6, "test": 0}


def test_inspect_without_json_has_only_data_on_standard_output(thaw: Thaw, painted: Path) -> None:
    said = thaw("inspect", painted)
    assert said.out == "blue\t6\norange\t6\n"
    assert "reading images" in said.err


def test_inspect_a_zip(thaw: Thaw, painted: Path, tmp_path: Path) -> None:
    archive = tmp_path / "painted.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in painted.rglob("*.png"):
            file.write(path, Path("outer") / path.relative_to(painted))
    assert thaw("inspect", archive, "--json").json == thaw("inspect", painted, "--json").json


def test_backbones(thaw: Thaw, user_home: Path) -> None:
    said = thaw("backbones", "--json")
    assert said.code == 0
    assert said.err == ""
    assert list(said.json) == ["backbones"]
    rows = {row["name"]: row for row in said.json["backbones"]}
    assert list(rows) == list(BACKBONES)
    for name, row in rows.items():
        assert set(row) == {
            *("name", "title", "family", "description", "parameters", "multiply_adds", "layers"),
            *("blocks", "input_size", "widths", "weights", "source", "licence", "megabytes"),
            *("top1", "offline", "offline_widths", "sealed", "can_thaw", "classes"),
        }
        assert row["layers"] == len(BACKBONES[name].layers)
        assert row["parameters"] == BACKBONES[name].parameters
        assert row["offline"] is row["classes"]["offline"] is installed(BACKBONES[name])
        assert row["widths"] == [width.alpha for width in BACKBONES[name].widths]
        assert all(set(block) == {"name", "first", "last", "level"} for block in row["blocks"])
        assert row["blocks"][0]["first"] == 0
        assert row["blocks"][-1]["last"] == row["layers"] - 1
    assert list(user_home.iterdir()) == []


def test_backbones_under_a_heading(thaw: Thaw) -> None:
    heading, *rows = thaw("backbones").out.splitlines()
    assert heading.split("\t")[:3] == ["name", "parameters", "layers"]
    assert [row.partition("\t")[0] for row in rows] == list(BACKBONES)
    assert {row.count("\t") for row in rows} == {heading.count("\t")}


def test_backbones_notices_weights_of_keras(thaw: Thaw, tmp_path: Path) -> None:
    models = tmp_path / "keras" / "models"
    models.mkdir(parents=True)
    (models / BACKBONES["vgg16"].weights.file).write_bytes(b"")
    (models / "mobilenet_2_5_224_tf_no_top.h5").write_bytes(b"")
    said = thaw("backbones", "--json", KERAS_HOME=str(models.parent))
    rows = {row["name"]: row for row in said.json["backbones"]}
    ready = {name for name, row in rows.items() if row["offline"]}
    small = {"mobilenet_96", "mobilenet_128"}  # of the same file as MobileNet 0.25
    here = {name for name in BACKBONES if installed(BACKBONES[name])}
    assert ready == here | small | {"vgg16"}
    assert rows["mobilenet"]["offline_widths"] == [0.25]
    assert not rows["vgg16"]["classes"]["offline"]


def installed(backbone: Backbone) -> bool:
    source = backbone.weights
    return isinstance(source, PipFile) and importlib.util.find_spec(source.module) is not None


def test_weights_for_a_stick(thaw: Thaw, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    said = thaw("backbones", "--fetch", "efficientnet_lite0", "--to", stick, "--json")
    (file,) = said.json["files"]
    assert Path(file).parent == stick
    assert Path(file).stat().st_size > 10_000_000
    assert "THAW_WEIGHTS" in said.err


def test_weights_from_a_stick(thaw: Thaw, tmp_path: Path) -> None:
    (tmp_path / BACKBONES["resnet18"].weights.file).write_bytes(b"")
    said = thaw("backbones", "--json", THAW_WEIGHTS=str(tmp_path))
    rows = {row["name"]: row for row in said.json["backbones"]}
    assert rows["resnet18"]["offline"]
    assert rows["resnet18"]["classes"]["offline"]


FETCH_MISTAKES = {
    "no folder": (("--fetch", "vgg16"), "--to STICK"),
    "unknown": (("--fetch", "lenet", "--to", "x"), "'lenet'"),
    "mistyped": (("--fetch", "MobileNetV2", "--to", "x"), "Did you mean mobilenet_v2?"),
    "no https": (("--add", "http://example.org/module.tgz"), "https://"),
    "no such width": (("--fetch", "mobilenet", "--alpha", "0.3", "--to", "x"), "0.25, 0.5, 0.75"),
    "no module there": (("--add", "/nowhere/at/all"), "saved_model"),
    "no handle": (("--add", "not a handle"), "owner/model/framework/variation/version"),
}


@pytest.mark.parametrize("mistake", FETCH_MISTAKES)
def test_a_mistake_in_fetching_is_told(
    thaw_here: Thaw, tmp_path: Path, user_home: Path, mistake: str
) -> None:
    arguments, told = FETCH_MISTAKES[mistake]
    said = thaw_here("backbones", *arguments, "--json")
    assert_one_plain_sentence(said, 2)
    assert told in said.err


def test_a_network_that_cannot_be_had_is_told(thaw: Thaw, tmp_path: Path) -> None:
    said = thaw("backbones", "--fetch", "alexnet", "--to", tmp_path / "x", **NOWHERE)
    assert said.code == 2
    assert "could not be downloaded" in said.err
    assert "EfficientNet-Lite0" in said.err
    assert list((tmp_path / "x").iterdir()) == []


TRAIN_MISTAKES = {
    "unknown backbone": ("--backbone", "lenet"),
    "number of epochs": ("--epochs", "0"),
    "epochs in words": ("--epochs", "many"),
    "too many dense layers": ("--dense", "8,8,8,8"),
    "units in words": ("--dense", "8,big"),
    "frozen layers in words": ("--frozen-layers", "most"),
    "more frozen layers than there are": ("--frozen-layers", "999"),
    "frozen layers below none": ("--frozen-layers", "-1"),
    "dropout": ("--dropout", "1"),
    "learning rate": ("--learning-rate", "nan"),
    "batch size": ("--batch-size", "1.5"),
    "optimizer": ("--optimizer", "lion"),
    "share": ("--validation", "1.5"),
    "seed": ("--seed", "-4"),
    "width": ("--alpha", "0.3"),
    "weights that are not there": ("--weights", "nowhere.h5"),
    "rate of thawed layers": ("--thawed-rate", "2"),
    "warm-up": ("--warm-up-epochs", "-1"),
    "test share": ("--test", "1.5"),
    "way to group": ("--group-by", "colour"),
    "way to become square": ("--square", "oval"),
    "option": ("--epoch-count", "3"),
}


@pytest.mark.parametrize("mistake", TRAIN_MISTAKES)
def test_a_mistake_in_training_is_told_and_leaves_nothing(
    thaw_here: Thaw, painted: Path, tmp_path: Path, user_home: Path, mistake: str
) -> None:
    option, value = TRAIN_MISTAKES[mistake]
    said = thaw_here("train", painted, "--run", tmp_path / "run", option, value, "--json")
    assert_one_plain_sentence(said, 2)
    assert value in said.err or option in said.err or "up to 3" in said.err
    assert "_frozen_layers" not in said.err
    assert "_units" not in said.err
    assert not (tmp_path / "run").exists()
    assert list(user_home.iterdir()) == []


def test_weights_that_are_none_are_refused_unread(
    thaw_here: Thaw, painted: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.h5")  # reading it would never end
    (tmp_path / "pickle.h5").write_bytes(pickle.dumps({"a": 1}))
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("layers", (300_000_000,), chunks=(1_000_000,), compression="gzip")
    for weights in (*tmp_path.glob("*.h5"), Path("/dev/zero"), tmp_path):
        said = thaw_here("train", painted, "--run", tmp_path / "run", "--weights", weights)
        assert_one_plain_sentence(said, 2)
        assert weights.name in said.err
    assert not (tmp_path / "run").exists()


def test_a_path_that_is_not_there(thaw_here: Thaw, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.zip"
    for arguments in (
        ("inspect", nowhere),
        ("train", nowhere, "--run", tmp_path / "run"),
        ("evaluate", tmp_path / "run", nowhere),
        ("predict", tmp_path / "run", nowhere),
    ):
        said = thaw_here(*arguments)
        assert_one_plain_sentence(said, 2)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_or_anything_else(
    thaw_here: Thaw, painted: Path, tmp_path: Path
) -> None:
    run, full = tmp_path / "run", tmp_path / "full"
    for folder, name in ((run, "settings.json"), (full, "letter.txt")):
        folder.mkdir()
        (folder / name).write_text("{}")
    file = tmp_path / "file"
    file.write_text("x")
    assert "holds a run already" in thaw_here("train", painted, "--run", run).err
    for folder in (run, full, file, file / "inside"):
        assert_one_plain_sentence(thaw_here("train", painted, "--run", folder), 2)
    assert (run / "settings.json").read_text() == "{}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("inspect",),
        ("inspect", "a", "b"),
        ("train", "a"),
        ("predict", "a"),
        ("predict", "a", "b", "--top", "three"),
    ],
)
def test_a_command_that_makes_no_sense(thaw_here: Thaw, arguments: tuple[str, ...]) -> None:
    said = thaw_here(*arguments)
    assert_one_plain_sentence(said, 2)
    assert "--help" in said.err


@pytest.mark.parametrize(
    "command", ["inspect", "advise", "train", "evaluate", "predict", "backbones"]
)
def test_help_names_every_option(thaw_here: Thaw, command: str) -> None:
    said = thaw_here(command, "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert said.err == ""


def hostile(folder: Path) -> dict[str, Path]:
    made = {}
    for name, member in (("up", "../../evil/1.png"), ("root", "/evil/1.png")):
        made[name] = folder / f"{name}.zip"
        with zipfile.ZipFile(made[name], "w") as file:
            file.writestr(member, b"x")
    made["text"] = folder / "text.zip"
    made["text"].write_text("not a zip")
    made["empty"] = folder / "empty.zip"
    made["empty"].write_bytes(b"")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["up", "root", "text", "empty"])
def test_hostile_archives(thaw: Thaw, tmp_path: Path, user_home: Path, name: str) -> None:
    archive = hostile(tmp_path)[name]
    before = sorted(tmp_path.rglob("*"))
    assert_one_plain_sentence(thaw("inspect", archive, "--json"), 2)
    assert_one_plain_sentence(thaw("train", archive, "--run", tmp_path / "run"), 2)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what reads images."""

    def read(*_: Any, **__: Any) -> None:
        raise KeyError("nobody expected this")

    monkeypatch.setattr("core.datasets.reading.read", read)


@pytest.mark.usefixtures("faulty")
def test_an_internal_error_is_one_sentence_and_a_log(
    thaw_here: Thaw, painted: Path, user_home: Path
) -> None:
    said = thaw_here("inspect", painted)
    assert said.code == 1
    assert said.out == ""
    assert "Traceback" not in said.err
    (line,) = said.complaints
    log = user_home / ".thaw" / "logs" / "errors.log"
    assert line.endswith(str(log))
    incident = line.partition("incident ")[2].partition(")")[0]
    assert f"incident {incident}" in log.read_text()
    assert "nobody expected this" in log.read_text()


@pytest.mark.usefixtures("faulty")
def test_an_internal_error_that_cannot_be_logged(
    thaw_here: Thaw, painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "logs"
    file.write_text("no folder")
    monkeypatch.setitem(os.environ, "THAW_HOME", str(tmp_path))
    said = thaw_here("inspect", painted)
    assert said.code == 1
    assert len(said.complaints) == 1
    assert "Traceback" not in said.err
    assert str(file) in said.err


def test_a_reader_that_has_read_enough_is_no_error(user_home: Path) -> None:
    """As `python -m core backbones | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "backbones"], cwd=ROOT, env=environment(user_home),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


def test_how_deep_pictures_are_read_is_told_and_chosen(thaw_here: Thaw, tmp_path: Path) -> None:
    for place, label in enumerate(("dark", "light")):
        (tmp_path / "deep" / label).mkdir(parents=True)
        for number in range(3):
            values = np.linspace(900, 1500 + 500 * place + number, 64 * 48).reshape(48, 64)
            file = tmp_path / "deep" / label / f"{number}.tif"
            Image.fromarray(values.astype(np.uint16)).save(file)
    said = thaw_here("inspect", tmp_path / "deep", "--json")
    assert said.code == 0
    assert said.json["preparation"]["levels"] == pytest.approx([900, 2000], abs=15)
    assert "is black and" in said.err
    said = thaw_here(
        "inspect", tmp_path / "deep", "--json", "--levels", "0,4095", "--paper", "black"
    )
    assert said.json["preparation"]["levels"] == [0, 4095]
    assert said.json["preparation"]["paper"] == "black"
    assert "0 is black and 4095 is white" in said.err
    for wrong in (("--levels", "9,5"), ("--levels", "x"), ("--bands", "0,1,2"), ("--bands", "1,2")):
        said = thaw_here("inspect", tmp_path / "deep", *wrong)
        assert said.code == 2
        assert "xpected" in said.err
        assert "Traceback" not in said.err
