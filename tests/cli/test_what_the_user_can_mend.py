"""What the system refuses (a full disk, a folder that is locked) is told in a sentence, at once."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from terminal_calls import ROOT, Said, environment

from core.cli.messages import remedy
from core.intake import room
from core.settings import TrainingSettings
from core.storage.job import RunStatus
from core.storage.runs import Run

Thaw = Callable[..., Any]

# Mounts a disk with the options $1 at $2 and calls Python there.
ON_A_DISK = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


def assert_one_sentence(said: Said, *words: object) -> None:
    assert said.code == 2, said.err
    assert said.out == ""
    assert len(said.complaints) == 1, said.err
    assert "Traceback" not in said.err
    for word in words:
        assert str(word) in said.err


def can_mount() -> bool:
    """Whether this user may mount a small disk in a name space of its own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


@pytest.fixture
def disk(tmp_path: Path, user_home: Path) -> Thaw:
    """Call `python -m core` with a disk of its own at `tmp_path / "disk"`."""
    if not can_mount():
        pytest.skip("needs a disk of its own: unshare and mount")
    place = tmp_path / "disk"
    place.mkdir()

    def call(options: str, *arguments: object, script: str = ON_A_DISK, **extra: str) -> Said:
        command = ["unshare", "-rm", "sh", "-c", script, "sh", options, str(place)]
        done = subprocess.run(  # noqa: S603
            [*command, sys.executable, "-m", "core", *map(str, arguments)],
            cwd=ROOT, env=environment(user_home, **extra), capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return call


def calls(painted: Path, tmp_path: Path) -> list[tuple[object, ...]]:
    """Every way to call what keeps something in Thaw's own folder."""
    packed = tmp_path / "painted.tgz"
    with tarfile.open(packed, "w:gz") as file:
        file.add(painted, "painted")
    return [
        ("train", painted, "--run", tmp_path / "run"),
        ("advise", painted),
        ("predict", tmp_path / "no-run", painted / "blue" / "0.png"),
        ("evaluate", tmp_path / "no-run", painted),
        ("inspect", packed),
        ("inspect", painted, "--doctor"),
        ("inspect", painted),
        ("backbones",),
    ]


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_home_that_is_a_file(
    thaw_here: Thaw, painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    monkeypatch.setitem(os.environ, "THAW_HOME", str(file / inside))
    for arguments in calls(painted, tmp_path):
        assert_one_sentence(thaw_here(*arguments), file / inside, "THAW_HOME")
    assert not (tmp_path / "run").exists()
    assert file.read_text() == "no folder"


def test_a_home_whose_permissions_were_taken_away(
    thaw_here: Thaw, painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(**_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "tmpabc")

    monkeypatch.setattr(room.tempfile, "TemporaryFile", locked)  # root may do everything
    said = thaw_here("train", painted, "--run", tmp_path / "run")
    assert_one_sentence(said, ".thaw", "Permission denied", "THAW_HOME")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("options", ["size=1m,ro", "size=1m"])
def test_a_home_on_a_disk_that_takes_nothing(
    disk: Thaw, painted: Path, tmp_path: Path, options: str
) -> None:
    """Of a megabyte, too little for anything, or that can only be read."""
    home = str(tmp_path / "disk" / "thaw")
    for arguments in calls(painted, tmp_path):
        keeps_nothing = arguments[0] in ("predict", "evaluate", "backbones") or (
            arguments == ("inspect", painted)
        )
        if keeps_nothing and options == "size=1m":
            continue  # what is converted already needs no room, either
        said = disk(options, *arguments, THAW_HOME=home)
        assert_one_sentence(said, home, "THAW_HOME")
    assert not (tmp_path / "run").exists()


def test_asking_for_room_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "one" / "two"))
    room.ready(room.LITTLE)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="two") as raised:
        room.ready(10**18)
    assert raised.value.errno == errno.ENOSPC
    (tmp_path / "one").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError):
        room.ready()


def test_names_that_no_system_holds(thaw_here: Thaw, painted: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    long = tmp_path / ("a" * 300)
    for name in (long, tmp_path / "loop"):
        assert_one_sentence(thaw_here("inspect", name), name.name)
        assert_one_sentence(thaw_here("train", painted, "--run", name), name)
        assert_one_sentence(thaw_here("predict", name, painted / "blue" / "0.png"), name.name)
    assert_one_sentence(thaw_here("train", painted, "--run", tmp_path / "run", "--weights", long))
    assert not (tmp_path / "run").exists()


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put something else in the place of the training."""

    def put(train: Callable[[Run], Any]) -> None:
        module = SimpleNamespace(train=lambda run, _: train(run))
        monkeypatch.setitem(sys.modules, "core.training.fit", module)

    return put


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("there_before", [False, True])
def test_a_disk_that_fills_before_the_first_epoch_leaves_nothing(
    thaw_here: Thaw, painted: Path, tmp_path: Path, training: Thaw, there_before: bool
) -> None:
    training(full)
    run = tmp_path / "run"
    if there_before:
        run.mkdir()
    said = thaw_here("train", painted, "--run", run)
    assert_one_sentence(said, "no room left")
    assert "--resume" not in said.err
    assert run.exists() is there_before
    assert not there_before or list(run.iterdir()) == []


def test_a_disk_that_fills_later_keeps_what_was_trained(
    thaw_here: Thaw, painted: Path, tmp_path: Path, training: Thaw
) -> None:
    def train(run: Run) -> None:
        run.checkpoint.write_bytes(b"an epoch")
        full(run)

    training(train)
    run = tmp_path / "run"
    for more in ((), ("--resume",)):
        said = thaw_here("train", painted, "--run", run, *more)
        assert_one_sentence(said, "no room left", "--resume")
        assert Run(run).state().status is RunStatus.FAILED
        assert run.joinpath("checkpoint.npz").read_bytes() == b"an epoch"


def test_a_log_that_cannot_be_written_either(
    thaw_here: Thaw, painted: Path, tmp_path: Path, training: Thaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(run: Run) -> None:
        run.checkpoint.write_bytes(b"an epoch")
        monkeypatch.setattr(run.log, "append", full)
        full(run)

    training(train)
    assert_one_sentence(thaw_here("train", painted, "--run", tmp_path / "run"), "no room left")


@pytest.mark.parametrize("resumed", [False, True])
def test_an_internal_error_of_a_training_is_in_the_runs_log_too(
    thaw_here: Thaw, painted: Path, tmp_path: Path, training: Thaw, user_home: Path, resumed: bool
) -> None:
    def train(_: Run) -> None:
        raise KeyError("nobody expected this")

    training(train)
    run = tmp_path / "run"
    if resumed:
        Run.create(run, TrainingSettings(), data_name="painted")
    said = thaw_here("train", painted, "--run", run, *(["--resume"] if resumed else []))
    assert said.code == 1
    state = Run(run).state()
    assert state.status is RunStatus.FAILED
    assert state.incident
    assert state.incident in said.err
    log = (user_home / ".thaw" / "logs" / "errors.log").read_text()
    assert log.count(" incident ") == 1
    assert f" incident {state.incident}" in log


def test_a_run_that_could_not_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.events.EventLog.append", full)
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        with pytest.raises(OSError, match="No space"):
            Run.create(tmp_path / name, TrainingSettings(), data_name="x")
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


# The run's disk holds its checkpoint, but not its model; then it grows.
GROWING = """
mount -t tmpfs -o "$1" none "$2" || exit 9
disk="$2"
shift 2
"$@" && exit 9
mount -o remount,size=100m "$disk"
"$@" --resume --json
"""


@pytest.mark.slow
def test_a_run_on_a_full_disk_goes_on_where_there_is_room(
    disk: Thaw, painted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "disk" / "run"
    arguments = ("train", painted, "--run", run, "--epochs", 3)
    said = disk("size=1m", *arguments, script=GROWING)
    assert said.code == 0, said.err
    assert f"There is no room left on the disk for {run}." in said.err
    assert "go on with --resume" in said.err
    assert "inside" not in said.err
    assert [row["epoch"] for row in json.loads(said.out.splitlines()[-1])["history"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("file", "held"),
    [("model.json", None), ("model.json", "{"), ("model.json", "{}"), ("settings.json", "{")],
)
def test_a_damaged_run_is_named(
    thaw_here: Thaw, painted: Path, tmp_path: Path, file: str, held: str | None
) -> None:
    run = Run.create(tmp_path / "run", TrainingSettings(), data_name="painted").folder
    (run / "model.keras").write_bytes(b"no model")
    (run / "model.json").write_text('{"classes": ["blue", "orange"], "input_size": 32}')
    if held is None:
        (run / file).unlink()
    else:
        (run / file).write_text(held)
    words = ("The run run is damaged", file, "train again")
    assert_one_sentence(thaw_here("predict", run, painted / "blue" / "0.png"), *words)
    assert_one_sentence(thaw_here("evaluate", run, painted), *words)
    if file == "settings.json":
        assert_one_sentence(thaw_here("train", painted, "--run", run, "--resume"), *words)


def test_what_is_told_of_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "thaw"))
    monkeypatch.setattr(room, "free", lambda folder: 0 if folder == tmp_path / "run" else 10**12)
    full = OSError(errno.ENOSPC, "No space left on device")
    assert str(tmp_path / "run") in (remedy(full, tmp_path / "run") or "")
    assert remedy(full) == "There is no room left on the disk. Make some and try again."
    locked = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))
    assert (remedy(locked) or "").startswith(f"{tmp_path / 'x'} cannot be read or written")
    inside = FileExistsError(errno.EEXIST, "File exists", bytes(tmp_path / "thaw" / "cache"))
    told = remedy(inside) or ""
    assert str(tmp_path / "thaw" / "cache") in told
    assert "Set THAW_HOME" in told
    for other in (ValueError("x"), ConnectionResetError(), PermissionError(errno.EPERM, "no file")):
        assert remedy(other) is None


def test_a_home_of_nobody(
    thaw_here: Thaw, painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "THAW_HOME", "~nobody-is-called-so/thaw")
    said = thaw_here("train", painted, "--run", tmp_path / "run")
    assert_one_sentence(said, "~nobody-is-called-so/thaw", "THAW_HOME")
    assert not (tmp_path / "run").exists()


def test_an_archive_that_finds_no_room_names_thaws_folder(
    thaw_here: Thaw, painted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpacked(*_: Any, **__: Any) -> None:
        raise room.full("“painted.tgz”")

    monkeypatch.setattr("core.cli.arguments.open_source", unpacked)
    assert_one_sentence(thaw_here("inspect", painted), ".thaw", "THAW_HOME")


@pytest.mark.parametrize("much", [True, False])
def test_a_full_disk_behind_standard_output(painted: Path, much: bool) -> None:
    """What is little stays in Python's buffer until the end."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    asked = ["backbones"] if much else ["inspect", str(painted)]
    with Path("/dev/full").open("w") as out:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "core", *asked],
            cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "no room left" in done.stderr
    assert "Traceback" not in done.stderr
