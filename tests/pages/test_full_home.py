"""On a full disk and a read-only one every action ends in a sentence; errors get their id."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, os, subprocess, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
disk = Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g", "none", str(disk)], check=True)
import streamlit_app
from core import errors, home
from core.data import changes, incoming, room, store
from core.errors import UserError
from core.jobs import connection, queue
from core.settings import TrainingSettings
from pages.parts import entry, uploads
from tests.pages.painting import store_dataset

connection.line = lambda: type("Line", (), {"owner": {}})  # jobs get as far as their folder
dataset = store_dataset("pets", {"cat": 2, "dog": 2})
folder = store.folder_of(dataset)

def full():
    there = os.statvfs(disk)
    used = (there.f_blocks - there.f_bfree) * there.f_frsize
    subprocess.run(["mount", "-o", f"remount,size={used}", str(disk)], check=True)

def write_pictures():
    with uploads.on_disk([("a.png", b"x" * 9000)]):
        pass

actions = {
    "train": lambda: queue.submit_training(dataset, TrainingSettings(), data="pets"),
    "starter set": lambda: queue.submit_sample("sketches"),
    "mend": lambda: store.keep(folder, changes.rename(store.load(folder), "cat", "kitten"), "x"),
    "upload": lambda: incoming.begin("a.zip", 5, "page"),
    "pictures to name": write_pictures,
}
for how in ("full", "read-only"):
    if how == "full":
        full()
    else:
        subprocess.run(["mount", "-o", "remount,size=4g,ro", str(disk)], check=True)
    for name, action in actions.items():
        try:
            action()
        except UserError as error:
            told = str(error)
        except Exception as error:
            told = room.told(error) or f"{type(error).__name__}: {error}"
        else:
            told = None
        print("TOLD", json.dumps([how, name, told]), flush=True)
    print("TOLD", json.dumps([how, "record", errors.record(RuntimeError("nobody expected this"))]))
    print("TOLD", json.dumps([how, "token", entry._kept(home.root() / f"token {how}")]))
"""


def can_mount() -> bool:
    """Whether this user may mount a small disk in a name space of its own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def test_every_action_says_what_is_wrong_with_the_disk(tmp_path: Path) -> None:
    if not can_mount():
        pytest.skip("needs a disk of a limited size: unshare and mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(  # noqa: S603
        ["unshare", "-rm", sys.executable, "-c", SCRIPT, str(ROOT), str(disk)],  # noqa: S607
        capture_output=True, text=True, check=False,
        env=os.environ | {"THAW_HOME": str(disk / "thaw")},
    )  # fmt: skip
    lines = [json.loads(x[5:]) for x in done.stdout.splitlines() if x.startswith("TOLD ")]
    assert len(lines) == 14, done.stderr[-3000:]
    for how, name, told in lines:
        if name == "record":
            assert len(told) == 8, how
        elif name == "token":
            assert len(told) > 40, how
        else:
            assert told, (how, name)
            expected = ("full", "no room", "are free") if how == "full" else ("cannot write",)
            assert any(word in told for word in expected), (how, name, told)
            assert str(disk) not in told
    assert done.stderr.count("nobody expected this") == 2
