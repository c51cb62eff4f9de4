"""The coach is right about painted curves, steady while they grow, and never absurd."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from core.training.coach import Hint, Kind, advise

SEEDS = range(25)
LENGTHS = [12, 30, 60, 200]
SIZES = [20, 180, 5000]


def painted(
    losses: Any, val_losses: Any, accuracies: Any, seed: int, validation: int
) -> list[dict[str, Any]]:
    """A history with the noise that so few images bring."""
    random = np.random.default_rng(seed)
    rows = []
    for n, (loss, val_loss, share) in enumerate(zip(losses, val_losses, accuracies, strict=True)):
        near = random.normal(share, 0.3 * np.sqrt(share * (1 - share) / validation))
        counted = round(float(np.clip(near, 0, 1)) * validation) / validation
        rows.append(
            {
                "epoch": n + 1,
                "loss": float(loss * random.normal(1, 0.01)),
                "accuracy": float(np.clip(1 - loss / 2, 0, 1)),
                "val_loss": float(val_loss * random.normal(1, 0.05 / np.sqrt(validation / 20))),
                "val_accuracy": counted,
            }
        )
    return rows


def time(length: int) -> np.ndarray:
    return np.linspace(0, 1, length)


def improving(length: int) -> tuple[Any, Any, Any]:
    t = time(length)
    return 1.6 - 1.0 * t, 1.6 - 0.9 * t, 0.4 + 0.4 * t


def level(length: int) -> tuple[Any, Any, Any]:
    fall = np.exp(-12 * time(length))
    return 0.3 + 1.3 * fall, 0.6 + fall, 0.8 - 0.5 * fall


def memorising(length: int) -> tuple[Any, Any, Any]:
    """The lowest validation loss is at 40 % of the way."""
    t = time(length)
    return 1.6 * np.exp(-4 * t), 0.6 + 2.2 * np.abs(t - 0.4) ** 1.3, 0.8 - 0.4 * (t < 0.2)


def confident(length: int) -> tuple[Any, Any, Any]:
    """The loss rises since it is surer of its mistakes, of which there are ever fewer."""
    t = time(length)
    return 1.6 * np.exp(-4 * t), 0.6 + 1.5 * np.abs(t - 0.3) ** 1.3, 0.5 + 0.4 * t


def guessing(length: int) -> tuple[Any, Any, Any]:
    flat = np.ones(length)
    return 1.61 * flat - 0.02 * time(length), 1.61 * flat, 0.2 * flat


def perfect(length: int) -> tuple[Any, Any, Any]:
    fall = np.exp(-10 * time(length))
    return fall, 0.02 + fall, np.ones(length)


def hint_of(history: list[dict[str, Any]], validation: int, **known: Any) -> Hint | None:
    facts = {"classes": 5, "frozen": False, "augmented": False, "over": True} | known
    return advise(history, validation=validation, **facts)


def kinds(shape: Any, length: int, validation: int) -> Counter[Kind | None]:
    found: Counter[Kind | None] = Counter()
    for seed in SEEDS:
        hint = hint_of(painted(*shape(length), seed, validation), validation)
        found[hint.kind if hint else None] += 1
    return found


@pytest.mark.parametrize("validation", SIZES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (improving, Kind.IMPROVING),
        (level, Kind.LEVEL),
        (memorising, Kind.MEMORISING),
        (perfect, Kind.PERFECT),
    ],
)
def test_a_clear_shape_is_told(shape: Any, expected: Kind, length: int, validation: int) -> None:
    found = kinds(shape, length, validation)
    least = 0.9 if validation > 20 else 0.6
    assert found[expected] >= least * len(SEEDS), found
    if expected is not Kind.MEMORISING:
        assert found[Kind.MEMORISING] <= 0.1 * len(SEEDS), found


@pytest.mark.parametrize("length", [8, 30, 100])
def test_guessing_is_told(length: int) -> None:
    found = kinds(guessing, length, 180)
    assert found[Kind.CHANCE] >= 0.8 * len(SEEDS), found


@pytest.mark.parametrize("validation", [180, 5000])
def test_growing_confidence_is_no_alarm(validation: int) -> None:
    assert kinds(confident, 40, validation)[Kind.MEMORISING] <= 0.1 * len(SEEDS)


@pytest.mark.parametrize("length", [15, 30, 60])
def test_steps_that_are_too_large(length: int) -> None:
    found: Counter[Kind | None] = Counter()
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        losses = random.uniform(0.5, 6, length)
        history = painted(losses, random.uniform(1, 9, length), np.full(length, 0.4), seed, 180)
        hint = hint_of(history, 180)
        found[hint.kind if hint else None] += 1
    assert found[Kind.ASTRAY] >= 0.9 * len(SEEDS), found
    growing = painted(np.linspace(1.6, 8, length), np.full(length, 9), np.full(length, 0.2), 0, 180)
    hint = hint_of(growing, 180)
    assert hint is not None
    assert hint.kind is Kind.ASTRAY


@pytest.mark.parametrize("length", [20, 60, 200])
def test_memorising_begins_where_it_began(length: int) -> None:
    for seed in SEEDS:
        hint = hint_of(painted(*memorising(length), seed, 5000), 5000)
        assert hint is not None
        assert hint.since is not None
        assert abs(hint.since - 1 - 0.4 * length) <= max(2, 0.12 * length)


@pytest.mark.parametrize("shape", [improving, level, memorising])
def test_it_does_not_waver_while_the_curves_grow(shape: Any) -> None:
    for seed in SEEDS:
        history = painted(*shape(60), seed, 500)
        told = [hint_of(history[:n], 500, over=False) for n in range(1, 61)]
        said = [hint.kind for hint in told if hint is not None]
        changes = sum(a is not b for a, b in itertools.pairwise(said))
        assert changes <= 9, said
        assert told[0] is None


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("augmented", [True, False])
def test_nothing_impossible_is_advised(frozen: bool, augmented: bool) -> None:
    known = {"frozen": frozen, "augmented": augmented}
    hint = hint_of(painted(*memorising(40), 1, 500), 500, **known)
    assert hint is not None
    assert ("freeze more" in hint.text.lower()) == (not frozen)
    assert ("augmentation" in hint.text) == (not augmented)
    assert "add images" in hint.text.lower()
    hint = hint_of(painted(*level(40), 1, 500), 500, **known)
    assert hint is not None
    assert ("thaw" in hint.text.lower()) == frozen


def test_few_pictures_are_told_to_be_few() -> None:
    hint = hint_of(painted(*improving(30), 3, 8), 8)
    assert hint is not None
    assert "Only 8 pictures are held back, so each is 12 points." in hint.text


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 200])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("loss", [0.0, 1e-9, 1.0, 1e9])
def test_no_history_is_too_odd(length: int, value: float, loss: float) -> None:
    row = {"accuracy": value, "loss": loss, "val_accuracy": value, "val_loss": loss}
    history = [row | {"epoch": n + 1} for n in range(length)]
    for classes, validation in itertools.product((0, 2, 100), (0, 1, 5000)):
        hint = hint_of(history, validation, classes=classes)
        assert hint is None or hint.text.endswith(".")
