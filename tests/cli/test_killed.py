"""Killed at any moment, a training is never corrupt and goes on when it is resumed."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal_calls import ROOT, environment, paint_folder

from core.storage.job import RunStatus
from core.storage.runs import Run
from core.training.checkpoint import Checkpoint

pytestmark = pytest.mark.slow

EPOCHS = 60


def command(folder: Path, run: Path) -> list[str]:
    there = (run / "settings.json").exists()
    more = ["--resume"] if there else ["--epochs", str(EPOCHS), "--dense", "16", "--dropout", "0.2"]
    return [sys.executable, "-m", "core", "train", str(folder), "--run", str(run), "--json", *more]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_killed_again_and_again_it_comes_to_the_same_end(
    tmp_path: Path, user_home: Path, kills: int
) -> None:
    folder, run = paint_folder(tmp_path / "data"), tmp_path / "run"
    known = environment(user_home)
    rng = random.Random(kills)

    def begun(target: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603
            command(folder, target), cwd=ROOT, env=known, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def ended(target: Path) -> list[dict[str, float]]:
        said, _ = begun(target).communicate(timeout=300)
        history: list[dict[str, float]] = json.loads(said.splitlines()[-1])["history"]
        return history

    whole = ended(tmp_path / "whole")
    far, killed = 0, 0
    while killed < kills:
        process = begun(run)
        seen = Run(run).state().offset
        # Half of them once it trains, half at any moment; by then it may have come to its end.
        until = time.monotonic() + rng.uniform(0.5, 6.0)
        trains, enough = killed % 2 == 0, rng.randrange(30)
        while time.monotonic() < until or (trains and process.poll() is None):
            time.sleep(0.02)
            events, _ = Run(run).log.read(seen)
            epochs = sum(event["event"] == "epoch" for event in events)
            # An epoch is in the log a moment before it is in the checkpoint.
            if trains and epochs > enough and (run / "checkpoint.npz").exists():
                break
        process.kill()
        process.communicate()
        killed += 1
        state = Run(run).state()
        if state.status is RunStatus.FINISHED:
            break
        rows = [row["epoch"] for row in state.history]
        assert rows == list(range(1, len(rows) + 1))
        saved = Checkpoint(run / "checkpoint.npz").read()
        if (run / "checkpoint.npz").exists():
            assert saved is not None
            assert saved.facts["epoch"] >= far
            far = saved.facts["epoch"]
    assert far > 0, "it was never killed while it trained"
    if Run(run).state().status is not RunStatus.FINISHED:
        assert ended(run) == whole
    state = Run(run).state()
    assert state.status is RunStatus.FINISHED
    assert [row["epoch"] for row in state.history] == list(range(1, EPOCHS + 1))
    results = Run(run).results()
    assert results is not None
    assert results["history"] == whole
