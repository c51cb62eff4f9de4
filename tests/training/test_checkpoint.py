"""A checkpoint is there whole or not at all, and what is read is what was written."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.training.checkpoint import Checkpoint


def variables() -> list[keras.Variable]:
    return [
        keras.Variable(np.arange(6, dtype=np.float32).reshape(2, 3)),
        keras.Variable(np.array(7, np.int64), dtype="int64", trainable=False),
        *(keras.Variable(np.full(3, float(n), np.float32)) for n in range(12)),
    ]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    made = Checkpoint(tmp_path / "checkpoint.npz")
    made.write({"epoch": 3, "name": "猫"}, now=variables(), best=[v.numpy() for v in variables()])
    return made


def test_what_is_read_is_what_was_written(checkpoint: Checkpoint) -> None:
    saved = checkpoint.read()
    assert saved is not None
    assert saved.facts == {"epoch": 3, "name": "猫"}
    assert saved.fits(now=variables(), best=variables())
    blank = [keras.Variable(np.zeros(v.shape, v.dtype), dtype=v.dtype) for v in variables()]
    saved.restore("now", blank)
    for mine, theirs in zip(blank, variables(), strict=True):
        assert np.array_equal(mine.numpy(), theirs.numpy())  # number 10 is not taken for number 1
    assert saved.group("nothing") == []
    assert [path.name for path in checkpoint.path.parent.iterdir()] == ["checkpoint.npz"]


def test_another_network_does_not_fit(checkpoint: Checkpoint) -> None:
    saved = checkpoint.read()
    assert saved is not None
    assert not saved.fits(now=variables()[:-1])
    other = [keras.Variable(np.zeros((3, 2), np.float32)), *variables()[1:]]
    assert not saved.fits(now=other)
    assert not saved.fits(optimizer0=variables())


def test_a_damaged_file_is_none(checkpoint: Checkpoint) -> None:
    whole = checkpoint.path.read_bytes()
    rng = random.Random(5)
    for _ in range(40):
        cut = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.5 else whole)
        if len(cut) == len(whole):
            for _ in range(20):
                cut[rng.randrange(len(cut))] ^= 0xFF
        checkpoint.path.write_bytes(cut)
        saved = checkpoint.read()
        assert saved is None or saved.facts["epoch"] == 3  # what is not read may be damaged
    checkpoint.path.write_bytes(whole[: len(whole) // 2])
    assert checkpoint.read() is None
    checkpoint.path.unlink()
    assert checkpoint.read() is None


def test_a_write_that_fails_leaves_what_was_there(checkpoint: Checkpoint) -> None:
    class Broken:
        def __array__(self, *_: object) -> np.ndarray:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoint.write({"epoch": 4}, now=[Broken()])
    saved = checkpoint.read()
    assert saved is not None
    assert saved.facts["epoch"] == 3


def test_a_hostile_file_is_none(tmp_path: Path) -> None:
    """Whoever hands a run folder on can put anything in it: no code is run, no bomb is opened."""
    path = tmp_path / "checkpoint.npz"
    facts = np.array(json.dumps({}))
    np.savez_compressed(path, facts=facts, **{"weights-0": np.zeros(1 << 24, np.float32)})
    assert path.stat().st_size < 1 << 20
    assert Checkpoint(path).read() is None
    np.savez(path, facts=np.array([print], dtype=object))
    assert Checkpoint(path).read() is None
    np.savez(path, facts=facts)
    assert Checkpoint(path).read() is not None
