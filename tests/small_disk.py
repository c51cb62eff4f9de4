"""A real disk of a limited size: mounted in a name space of its own, filled and emptied again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LARGE = 4_000_000  # kilobytes: an import wants room to spare


def told(script: str, folder: Path, *arguments: str) -> tuple[list[Any], str]:
    """Run a script in a name space in which it may mount a disk; skips the test where none may.

    Args:
        script: Python; it gets the disk's folder as its first argument, and THAW_HOME lies there.
        folder: Where the disk's folder is made.
        arguments: More of them.

    Returns:
        What the script gave to `tell`, and its standard error.
    """
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    can = sys.platform == "linux" and shutil.which("unshare") is not None
    if not can or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("needs a disk of a limited size: unshare and mount")
    disk = folder / "disk"
    disk.mkdir()
    done = subprocess.run(  # noqa: S603
        ["unshare", "-rm", sys.executable, "-c", script, str(disk), *arguments],  # noqa: S607
        capture_output=True, text=True, check=False,
        env=os.environ | {"THAW_HOME": str(disk / "thaw"), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    lines = [json.loads(x[5:]) for x in done.stdout.splitlines() if x.startswith("TOLD ")]
    return lines, done.stderr


def tell(*values: Any) -> None:
    """Hand something to the test that runs this script."""
    print("TOLD", json.dumps(values), flush=True)


def mount(disk: Path) -> None:
    """A large and empty disk, over the one before if there is one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={LARGE}k", "none", str(disk)]
    subprocess.run(command, check=True)  # noqa: S603


def leave(disk: Path, kilobytes: int) -> None:
    """Leave so much room on the disk, to which other threads may be writing."""
    while True:
        there = os.statvfs(disk)
        used = (there.f_blocks - there.f_bfree) * there.f_frsize >> 10
        try:
            return _remount(disk, f"size={used + kilobytes}k")
        except subprocess.CalledProcessError:
            if there.f_bfree == os.statvfs(disk).f_bfree:
                raise


def shut(disk: Path) -> None:
    """Make the disk read-only."""
    _remount(disk, f"size={LARGE}k,ro")


def _remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)  # noqa: S603, S607
