"""Thousands of spoiled archives and pictures: a data set, a picture, or one plain sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 10.0  # seconds that one may take
MOST_MEMORY = 1000.0  # MB of the whole process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="its memory is read from /proc")
@pytest.mark.parametrize("spoiled", [800, pytest.param(4000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("what", ["archives", "pictures"])
def test_whatever_is_spoiled_ends_in_a_sentence(what: str, spoiled: int, thaw_home: Path) -> None:
    # In a process of its own, so that a crash is told and its memory is known.
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "ignore", "tests/intake/mutated.py", what, str(spoiled)],
        cwd=ROOT,
        env={"PYTHONPATH": ".", "THAW_HOME": str(thaw_home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert sum(told["outcomes"].values()) == spoiled
    assert min(told["outcomes"].values()) > spoiled / 200, (
        "each outcome is met, or too little was spoiled"
    )
    assert told["slowest"][0] < LONGEST
    assert told["peak_mb"] < MOST_MEMORY
    assert not list((thaw_home / "home").rglob("*.*"))
