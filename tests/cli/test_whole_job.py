"""Training and all that follows in a terminal, on real weights, in a home folder that was empty."""

import csv
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from terminal_calls import ROOT, Said, environment, paint_folder

from core.backbones.catalogue.rows import BACKBONES, parameter_counts
from core.storage import files, privacy
from tests import answers

pytestmark = pytest.mark.slow

Thaw = Callable[..., Said]
WATCHED = Path(__file__).with_name("watched.py")
LITE0 = BACKBONES["efficientnet_lite0"]


@dataclass(frozen=True)
class World:
    """A user's home folder, what lies in it, and one run that was trained there."""

    home: Path
    data: Path
    run: Path
    reached: Path
    trained: Said

    def call(self, *arguments: object, **extra: str) -> Said:
        done = subprocess.run(  # noqa: S603
            [sys.executable, WATCHED, self.reached, *map(_text, arguments)],
            cwd=self.data.parent,
            env=environment(self.home, **extra),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return Said(done.returncode, done.stdout, done.stderr)


def _text(argument: object) -> str:
    return os.fspath(argument) if isinstance(argument, Path) else str(argument)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    (root / "user").mkdir()
    made = World(
        root / "user", paint_folder(root / "data"), root / "run", root / "reached", Said(0, "", "")
    )
    options = ("--epochs", 3, "--batch-size", 4, "--learning-rate", 0.01, "--dense", "8")
    options += ("--no-refit",)
    before = os.umask(0o022)
    trained = made.call("train", made.data, "--run", made.run, *options, "--json")
    os.umask(before)
    assert trained.code == 0, trained.err
    return World(made.home, made.data, made.run, made.reached, trained)


@pytest.fixture
def user_home(world: World) -> Path:
    """Where `thaw_here` is at home: there a call need not load the libraries again."""
    return world.home


def test_train(world: World) -> None:
    found = world.trained.json
    assert set(found) == {
        *("run", "classes", "history", "best_epoch", "val_accuracy", "parameters", "seconds"),
        *("peak_rss_mb", "read_as", "skipped", "solved", "refit", "race", "winner"),
    }
    assert found["skipped"] == []
    assert [found[name] for name in ("solved", "refit", "race", "winner")] == 4 * [None]
    assert found["read_as"] == "Read as 2 classes (blue, orange), by folder."
    assert found["run"] == str(world.run)
    assert found["classes"] == ["blue", "orange"]
    assert [row["epoch"] for row in found["history"]] == [1, 2, 3]
    for row in found["history"]:
        assert set(row) == {"epoch", "accuracy", "loss", "val_accuracy", "val_loss"}
    assert found["val_accuracy"] == found["history"][found["best_epoch"] - 1]["val_accuracy"]
    assert found["val_accuracy"] == 1  # blue against orange
    total, trainable = parameter_counts(LITE0, len(LITE0.layers), (8,), 2, sum(LITE0.stages))
    assert found["parameters"] == {"total": total, "trainable": trainable}
    assert set(found["seconds"]) == {"read", "features", "fit", "total"}
    assert found["seconds"]["total"] > found["seconds"]["fit"] > 0
    assert found["peak_rss_mb"] > 100


def test_progress_goes_to_standard_error(world: World) -> None:
    out = world.trained.out.splitlines()
    assert len(out) == 4  # a row an epoch, then the object
    assert all(line.startswith("epoch=") for line in out[:3])
    told = world.trained.err.splitlines()
    assert "epoch 3: accuracy" in world.trained.err
    stages = ("building: ", "reading: ", "features: ", "training: ", "evaluation: ")
    starts = ("Read as 2 classes", "epoch ", *stages)
    assert [line for line in told if not line.startswith(starts)] == []


def test_nothing_but_thaws_own_folder_is_written(world: World) -> None:
    assert [path.name for path in world.home.iterdir()] == [".thaw"]
    kept = {path.name for path in (world.home / ".thaw").iterdir()}
    assert kept == {"cache"}
    assert {path.name for path in world.data.parent.iterdir()} <= {
        *("user", "data", "run", "reached", "some.csv", "again", "stopped", "images"),
    }


def test_nobody_is_told(world: World) -> None:
    assert not world.reached.exists(), world.reached.read_text()


def test_the_watch_would_have_seen_it(tmp_path: Path) -> None:
    code = (
        "import runpy, sys, socket\n"
        f"sys.argv = ['w', {str(tmp_path / 'log')!r}]\n"
        f"watched = runpy.run_path({str(WATCHED)!r})\n"
        "sys.addaudithook(watched['watch'])\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.connect(('127.0.0.1', 9))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603
    assert "127.0.0.1" in (tmp_path / "log").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="a user's folders are private there")
def test_what_thaw_keeps_is_its_users_alone(world: World) -> None:
    kept = [world.home / ".thaw", world.run]
    there = [path for folder in kept for path in (folder, *folder.rglob("*"))]
    assert not [path for path in there if path.lstat().st_mode & 0o077]


def test_evaluate(world: World) -> None:
    said = world.call("evaluate", world.run, world.data, "--json")
    assert said.code == 0, said.err
    assert set(said.json) == {
        *("accuracy", "images", "per_class", "confusion"),
        *("read_as", "side", "learned_from", "unseen", "skipped"),
        *("intervals", "near_misses", "calibration", "cut_offs", "familiar"),
    }
    explained = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert not [key for key in said.json if f"`{key}`" not in explained]
    low, high = said.json["intervals"]["blue"]["recall"]
    assert (round(low, 2), high) == (0.61, 1.0)
    assert len(said.json["near_misses"]) == 12
    nearest = said.json["near_misses"][0]
    (first, sure), (_, less) = nearest["top"]
    assert first == nearest["label"]
    assert sure >= less
    assert said.json["side"] is None
    assert said.json["learned_from"] == 10  # two of twelve were kept back
    assert sum(row["images"] for row in said.json["calibration"]["bins"]) == said.json["images"]
    assert 0 <= said.json["calibration"]["error"] <= 1
    for row in said.json["cut_offs"]:
        assert row["correct"] <= row["answered"] <= row["images"] == said.json["images"]
    assert said.json["unseen"]["images"] == 2
    assert said.json["unseen"]["accuracy"] == 1
    assert said.json["skipped"] == []
    assert said.json["images"] == 12
    assert said.json["accuracy"] == 1
    assert said.json["confusion"] == [[6, 0], [0, 6]]
    assert said.json["per_class"]["blue"] == {
        **{"precision": 1.0, "recall": 1.0, "f1": 1.0},
        "images": 6,
    }
    assert said.out.splitlines()[:2] == [
        "accuracy\t1.0000\timages\t12",
        "unseen accuracy\t1.0000\timages\t2",
    ]
    assert "judging images" in said.err
    assert "was trained on 10 of these 12" in said.err


def test_evaluate_takes_the_test_side_where_there_is_one(
    world: World, thaw_here: Thaw, tmp_path: Path
) -> None:
    for side in ("train", "test"):
        shutil.copytree(world.data, tmp_path / "sides" / side)
    for file in (tmp_path / "sides" / "test" / "blue").glob("[1-5].png"):
        file.unlink()
    (tmp_path / "sides" / "test" / "blue" / "note.png").write_text("no picture")
    said = thaw_here("evaluate", world.run, tmp_path / "sides", "--json")
    assert said.code == 0, said.err
    assert (said.json["side"], said.json["images"]) == ("test", 7)
    assert "test side" in said.err
    assert said.json["skipped"] == [
        {"file": "test/blue/note.png", "reason": "not an image but text"}
    ]
    assert "left out 1 file, “test/blue/note.png”: not an image but text" in said.err


def test_evaluate_refuses_a_class_it_does_not_know(
    world: World, thaw_here: Thaw, tmp_path: Path
) -> None:
    shutil.copytree(world.data, tmp_path / "data")
    shutil.copytree(world.data / "blue", tmp_path / "data" / "violet")
    said = thaw_here("evaluate", world.run, tmp_path / "data", "--json")
    assert said.code == 2
    assert "violet" in said.err
    assert said.out == ""


def test_predict(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    first, second = world.data / "orange/0.png", world.data / "blue/1.png"
    said = thaw_here("predict", world.run, first, broken, second, "--top", 1, "--json")
    assert said.code == 0
    assert list(said.json) == ["predictions", "skipped"]
    assert said.json["skipped"] == [{"file": str(broken), "reason": "not an image but text"}]
    one, two = said.json["predictions"]
    answers.check({key: one[key] for key in one if key != "file"})
    digest = hashlib.sha256((world.run / "model.keras").read_bytes()).hexdigest()
    assert one["model"] == two["model"] == digest
    assert one["known"] is (one["familiar"] >= 0.05)
    assert (one["file"], one["label"]) == (str(first), "orange")
    assert (two["file"], two["label"]) == (str(second), "blue")
    assert one["top"] == [["orange", one["confidence"]]]
    assert "broken.png" in said.err
    assert len(said.out.splitlines()) == 1


def test_predict_takes_folders_and_archives(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    (tmp_path / "some" / "deep").mkdir(parents=True)
    shutil.copy(world.data / "orange/0.png", tmp_path / "some" / "deep" / "o.png")
    shutil.copy(world.data / "blue/0.png", tmp_path / "some" / "b.png")
    (tmp_path / "some" / "note.txt").write_text("hello")
    (tmp_path / "some" / ".DS_Store").write_text("x")
    archive = shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path / "some")
    for path in (tmp_path / "some", archive):
        said = thaw_here("predict", world.run, path, "--json")
        assert said.code == 0, said.err
        named = {row["file"]: row["label"] for row in said.json["predictions"]}
        assert named == {"b.png": "blue", "deep/o.png": "orange"}
        assert {row["file"]: row["reason"] for row in said.json["skipped"]} == {
            ".DS_Store": "left behind by macOS, not one of your pictures",
            "note.txt": "not an image but text",
        }
    file = world.data / "blue/1.png"
    said = thaw_here("predict", world.run, archive, file, "https://example.org/1.png", "--json")
    files = [row["file"] for row in said.json["predictions"]]
    assert files == [f"{archive}/b.png", f"{archive}/deep/o.png", str(file)]
    assert any("a URL" in row["reason"] for row in said.json["skipped"])


def test_predict_into_a_csv(
    world: World, thaw_here: Thaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for by name, so it is as readable as other files of this user."""
    monkeypatch.setattr(privacy, "_users_umask", 0o022)
    table = tmp_path / "some.csv"
    file = world.data / "orange/0.png"
    said = thaw_here("predict", world.run, file, "--csv", table)
    assert said.code == 0
    assert sys.platform == "win32" or stat.S_IMODE(table.stat().st_mode) == 0o644
    header, row = list(csv.reader(table.open(newline="")))
    assert header == [
        *("file", "label", "confidence", "label_1", "confidence_1", "label_2", "confidence_2"),
        *("familiar", "known"),
    ]
    assert row[:2] == [str(file), "orange"]
    assert row[3] == "orange"
    assert row[4] == row[2]
    assert row[5] == "blue"
    assert float(row[4]) + float(row[6]) == pytest.approx(1, abs=1e-4)


def test_mistakes_in_predicting(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    good = world.data / "blue/0.png"
    for arguments, word in (
        ((world.run, broken), "None of these files"),
        ((world.run, good, "--top", 0), "at least 1"),
        ((world.run, good, "--csv", tmp_path / "no" / "such" / "folder.csv"), "folder.csv"),
        ((world.run, tmp_path / "nowhere.png"), "nowhere.png"),
        ((world.data, good), "no model"),
    ):
        said = thaw_here("predict", *arguments)
        assert said.code == 2
        assert word in said.err
        assert "Traceback" not in said.err


def test_a_name_that_is_no_utf_8(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9.png"
    shutil.copy(world.data / "blue/0.png", odd)
    said = thaw_here("predict", world.run, Path(os.fsdecode(odd)), "--json")
    assert said.code == 0, said.err
    assert said.json["predictions"][0]["file"].endswith("caf\N{REPLACEMENT CHARACTER}.png")


def test_training_into_the_same_folder_is_refused(world: World, thaw_here: Thaw) -> None:
    before = (world.run / "results.json").read_bytes()
    said = thaw_here("train", world.data, "--run", world.run)
    assert said.code == 2
    assert "holds a run already" in said.err
    assert (world.run / "results.json").read_bytes() == before


def interrupted(world: World, run: Path, at: str, *options: object) -> Said:
    """What a training said that got Ctrl-C once it had written a line that begins like this."""
    arguments = ["train", world.data, "--run", run, "--epochs", 1000, "--json", *options]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "core", *map(_text, arguments)],
        cwd=ROOT,
        env=environment(world.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        assert running.stdout
        for line in running.stderr:  # ends with the process, if it never comes
            if line.startswith(at):
                running.send_signal(signal.SIGINT)
                break
        rest, out = running.stderr.read(), running.stdout.read()
    assert "Traceback" not in rest
    return Said(running.returncode, out, rest)


def test_an_interrupt_keeps_the_best_so_far(world: World, tmp_path: Path) -> None:
    said = interrupted(world, tmp_path / "stopped", "epoch ")
    assert said.code == 0, said.err
    assert 1 <= len(said.json["history"]) < 1000
    assert (tmp_path / "stopped" / "model.keras").is_file()
    assert "best epoch so far is kept" in said.err


def test_an_interrupt_while_a_network_is_built_waits_for_nothing(
    world: World, tmp_path: Path
) -> None:
    said = interrupted(world, tmp_path / "none", "building", "--frozen-layers", "0")
    assert said.code == 2
    assert said.err.endswith("Stopped before the first epoch ended, so there is no model.\n")
    assert not (tmp_path / "none").exists()


def test_an_offline_backbone_is_told(
    world: World, thaw_here: Thaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name can be looked up here: the proxy that is named does not exist."""
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    for name, value in (nowhere | {"no_proxy": "", "NO_PROXY": ""}).items():
        monkeypatch.setitem(os.environ, name, value)
    said = thaw_here("train", world.data, "--run", tmp_path / "vgg", "--backbone", "vgg16")
    assert said.code == 2
    assert "Ready here: " in said.err
    assert "Traceback" not in said.err


def test_a_cache_that_cannot_be_written(
    world: World, thaw_here: Thaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "thaw"
    converted = Path(".thaw", "cache", "graphs")
    shutil.copytree(world.home / converted, home / "cache" / "graphs")
    (home / "cache" / "features").write_text("no folder")
    monkeypatch.setitem(os.environ, "THAW_HOME", str(home))
    said = thaw_here("train", world.data, "--run", tmp_path / "run")
    assert said.code == 2
    assert "Traceback" not in said.err
    assert f"{home / 'cache' / 'features'}" in said.err.splitlines()[-1]
    assert "Set THAW_HOME" in said.err
    assert not (tmp_path / "run").exists()


def test_what_no_picture_can_be_is_left_out_at_once(
    world: World, thaw_here: Thaw, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(3 * 2**30)
    good = world.data / "blue" / "0.png"
    said = thaw_here("predict", world.run, tmp_path / "pipe.png", tmp_path / "huge.jpg", good)
    assert said.code == 0
    assert [line.split("\t")[0] for line in said.out.splitlines()] == [str(good)]
    assert "pipe.png: not a file" in said.err
    assert "huge.jpg: too large: 3072 MB" in said.err


def test_a_model_that_was_cut_off(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    run = tmp_path / "cut"
    shutil.copytree(world.run, run)
    (run / "model.keras").write_bytes((run / "model.keras").read_bytes()[:100_000])
    said = thaw_here("predict", run, world.data / "blue" / "0.png")
    assert said.code == 2
    assert said.err.startswith("The run cut is damaged: model.keras")
    assert len(said.err.splitlines()) == 1


def test_recipe_and_options(world: World, tmp_path: Path) -> None:
    run = tmp_path / "run"
    chosen = ("--recipe", "best", "--epochs", 2, "--augment", "light", "--views", 1)
    chosen += ("--square", "crop")
    said = world.call("train", world.data, "--run", run, *chosen, "--patience", 50, "--json")
    assert said.code == 0, said.err
    assert len(said.json["history"]) == 2
    assert "Warning" not in said.err
    settings = files.read_json(run / "settings.json")["settings"]
    assert (settings["augment"], settings["patience"], settings["epochs"]) == ("light", 50, 2)
    assert settings["square"] == files.read_json(run / "model.json")["square"] == "crop"
    assert settings["frozen_layers"] == "all"  # two colours are unlike photos, and too few to thaw
    chosen = BACKBONES[settings["backbone"]]  # the best that is installed
    total, trainable = parameter_counts(chosen, len(chosen.layers), (), 2, sum(chosen.stages))
    assert said.json["parameters"] == {"total": total, "trainable": trainable}
    assert said.json["refit"] == 12
    assert set(said.json["solved"]) == {"val_accuracy", "val_loss", "kept"}
    assert "exact solution: validation " in said.err


def test_training_further(world: World, thaw_here: Thaw, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(world.run, run)
    first = world.trained.json["history"]
    again = world.call("train", world.data, "--run", run, "--resume", "--epochs", 4, "--json")
    assert again.code == 0, again.err
    assert len(again.json["history"]) == 4
    assert again.json["history"][:3] == first
    over = thaw_here("train", world.data, "--run", run, "--resume")
    assert over.code == 2
    assert "All 4 epochs of this run are trained" in over.err
    nothing = thaw_here("train", world.data, "--run", tmp_path / "none", "--resume")
    assert nothing.code == 2
    assert "There is no run in none" in nothing.err


def test_the_check_up_says_what_is_the_matter(world: World, thaw_here: Thaw, painted: Path) -> None:
    shutil.copy(painted / "blue" / "0.png", painted / "blue" / "again.png")
    shutil.copy(painted / "blue" / "1.png", painted / "orange" / "really-blue.png")
    Image.new("RGB", (200, 200), "white").save(painted / "orange" / "empty.png")
    said = thaw_here("inspect", painted, "--doctor", "--json")
    assert said.code == 0, said.err
    found = {each["kind"]: each for each in said.json["doctor"]["findings"]}
    assert {"exact copy", "two classes", "blank", "small class"} <= set(found)
    assert found["blank"]["cases"][0]["files"] == ["orange/empty.png"]
    (fix,) = found["exact copy"]["cases"][0]["fixes"]
    assert fix["action"] == "remove"
    assert len(said.json["doctor"]["map"]) == said.json["images"] - 2  # a copy lies where it is
    assert said.json["images"] == said.json["doctor"]["images"]
    assert "orange/empty.png: the same colour everywhere" in said.out
    assert said.out.startswith("blue\t")
