"""The coach is right about painted curves, steady while they grow, and never absurd."""

import itertools
import math
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest

from core.advice.coach import Hint, Pattern, advise

SEEDS = range(20)
LENGTHS = [15, 40, 200]
SIZES = [20, 180, 5000]
Curves = tuple[Any, Any, Any]  # training loss, validation loss, validation accuracy
History = list[dict[str, Any]]


def improving(t: Any) -> Curves:
    return 1.6 * np.exp(-1.6 * t), 1.6 * np.exp(-1.2 * t) + 0.05, 0.35 + 0.45 * t


def level(t: Any) -> Curves:
    fall = np.exp(-14 * t)
    return 0.25 + 1.3 * fall, 0.55 + fall, 0.82 - 0.5 * fall


def memorising(t: Any) -> Curves:
    """Falls fast to its lowest at a quarter of the way, and rises slowly."""
    val_loss = np.where(t < 0.25, 0.6 + 16 * (0.25 - t) ** 2, 0.6 + 0.9 * (t - 0.25))
    return 1.6 * np.exp(-6 * t), val_loss, 0.8 - 0.4 * np.clip(1 - 5 * t, 0, 1)


def confident(t: Any) -> Curves:
    """The loss rises since it is surer of its mistakes, of which there are ever fewer."""
    return 1.6 * np.exp(-4 * t), memorising(t)[1], 0.45 + 0.4 * t


def guessing(t: Any) -> Curves:
    return 1.62 - 0.01 * t, 1.62 + 0 * t, 0.2 + 0 * t


def wrong_folders(t: Any) -> Curves:
    """It learns by heart what there is no sense in."""
    return 1.7 * np.exp(-3 * t), 1.65 + 1.5 * t, 0.2 + 0 * t


def perfect(t: Any) -> Curves:
    fall = np.exp(-12 * t)
    return 1.4 * fall + 0.005, 1.2 * fall + 0.01, 1 - 0.6 * fall


def growing(t: Any) -> Curves:
    return 1.5 + 6 * t, 1.7 + 9 * t, 0.5 - 0.2 * t


def thawed(t: Any) -> Curves:
    """Two epochs of the head alone, then a shake, from which it recovers."""
    place = t * (len(t) - 1)
    shake = np.where(place < 2, 0, 0.25 * np.exp((2 - place) / 2))
    return 1.2 * np.exp(-2 * t) + shake / 2, 1.1 * np.exp(-1.3 * t) + 0.1 + shake, 0.5 + 0.35 * t


def painted(shape: Any, length: int, validation: int, seed: int, wavering: float = 0.01) -> History:
    """A history as training makes it: the same held-back images are looked at every epoch."""
    random = np.random.default_rng([seed, length, validation])
    losses, val_losses, shares = shape(np.linspace(0, 1, length))
    hard = random.random(validation)  # right are the images whose number is below the share
    rows = []
    for epoch, (loss, val_loss, share) in enumerate(zip(losses, val_losses, shares, strict=True)):
        near = share + random.normal(0, 0.004) if share < 0.99 else 1
        rows.append(
            {
                "epoch": epoch + 1,
                "loss": float(loss * np.exp(random.normal(0, wavering))),
                "accuracy": float(np.clip(1 - loss / 2, 0, 1)),
                "val_loss": float(val_loss * np.exp(random.normal(0, wavering))),
                "val_accuracy": float(np.mean(hard < near)),
            }
        )
    return rows


def hint_of(history: History, validation: int, **known: Any) -> Hint | None:
    facts = {"classes": 5, "frozen": False, "augmented": False, "over": True} | known
    return advise(history, validation=validation, **facts)


def kinds(
    shape: Any, length: int, validation: int, wavering: float = 0.01
) -> Counter[Pattern | None]:
    histories = [painted(shape, length, validation, seed, wavering) for seed in SEEDS]
    hints = [hint_of(history, validation) for history in histories]
    return Counter(hint.kind if hint else None for hint in hints)


@pytest.mark.parametrize("validation", SIZES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (improving, Pattern.IMPROVING),
        (level, Pattern.LEVEL),
        (memorising, Pattern.MEMORISING),
        (guessing, Pattern.CHANCE),
        (wrong_folders, Pattern.CHANCE),
        (perfect, Pattern.PERFECT),
        (growing, Pattern.ASTRAY),
    ],
)
def test_a_clear_shape_is_told(shape: Any, expected: Pattern, length: int, validation: int) -> None:
    found = kinds(shape, length, validation)
    assert found[expected] >= 0.85 * len(SEEDS), found


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("shape", [improving, level, memorising, guessing])
def test_eight_pictures_mislead_seldom(shape: Any, length: int) -> None:
    found = kinds(shape, length, 8)
    right = {improving: "improving", level: "level", memorising: "memorising", guessing: "chance"}
    # By luck all eight may be right: then there is nothing left to ask of them.
    assert found[Pattern(right[shape])] + found[Pattern.PERFECT] >= 0.85 * len(SEEDS), found


@pytest.mark.parametrize("validation", SIZES)
@pytest.mark.parametrize("length", [8, 15, 20])
def test_noisy_epochs_of_thawed_layers(length: int, validation: int) -> None:
    found = kinds(thawed, length, validation, wavering=0.06)
    assert found[Pattern.IMPROVING] + found[Pattern.PERFECT] >= 0.85 * len(SEEDS), found


@pytest.mark.parametrize("length", [15, 40, 200])
@pytest.mark.parametrize("validation", [180, 5000])
def test_growing_confidence_is_no_alarm(length: int, validation: int) -> None:
    assert kinds(confident, length, validation)[Pattern.MEMORISING] == 0


@pytest.mark.parametrize("length", [15, 40, 200])
@pytest.mark.parametrize("validation", [180, 5000])
def test_once_grown_confidence_is_no_alarm(length: int, validation: int) -> None:
    def settled(t: Any) -> Curves:
        return *memorising(t)[:2], 0.45 + np.minimum(t, 0.55) * 0.7

    assert kinds(settled, length, validation)[Pattern.MEMORISING] <= 0.1 * len(SEEDS)


@pytest.mark.parametrize("length", [15, 40, 200])
def test_memorising_means_that_training_gets_on_and_the_loss_rises_well(length: int) -> None:
    def stuck(t: Any) -> Curves:
        return 0.9 + 0.1 * t, *memorising(t)[1:]

    def hardly(t: Any) -> Curves:
        losses, val_losses, shares = memorising(t)
        return losses, np.where(t < 0.25, val_losses, 0.6 + 0.04 * (t - 0.25)), shares

    for shape in (stuck, hardly):
        assert kinds(shape, length, 500, wavering=0.004)[Pattern.MEMORISING] == 0


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("wavering", [0.05, 0.1])
def test_what_wavers_about_a_level_neither_rises_nor_falls(length: int, wavering: float) -> None:
    def flat(t: Any) -> Curves:
        return 0.8 - 0.3 * t, 0.6 + 0 * t, 0.8 + 0 * t

    found = kinds(flat, length, 5000, wavering)
    assert found[Pattern.LEVEL] >= 0.75 * len(SEEDS), found


@pytest.mark.parametrize("length", [8, 20, 60, 200])
@pytest.mark.parametrize("which", ["both", "training", "validation"])
def test_jumping_losses_are_told_however_long(length: int, which: str) -> None:
    def jumping(t: Any) -> Curves:
        random = np.random.default_rng([length, len(which)])
        leaps = np.exp(random.normal(0.4, 0.6, (2, len(t))))
        calm = 1.5 * np.exp(-t)
        losses = calm if which == "validation" else leaps[0]
        return losses, calm if which == "training" else leaps[1], 0.45 + 0 * t

    found = kinds(jumping, length, 180)
    assert found[Pattern.ASTRAY] >= 0.9 * len(SEEDS), found


@pytest.mark.parametrize("length", [12, 60])
def test_training_that_grows_worse_from_well_above_chance(length: int) -> None:
    def worse(t: Any) -> Curves:
        return 0.3 + 1.2 * t, 0.5 + 0.8 * t, 0.8 - 0.2 * t

    found = kinds(worse, length, 500)
    assert found[Pattern.ASTRAY] >= 0.9 * len(SEEDS), found


def test_sure_of_its_mistakes_beyond_all_measure() -> None:
    """A real one, at a learning rate of 1: right about the training images all the same."""
    val_losses = [7.0, 20, 13, 9, 14, 19, 22, 24, 25, 25.7, 26, 26.2, 26.3]
    losses = [4.6, 5.0, 1.8, 0.0, 0.45, *[0.0] * 8]
    rows = [
        {"epoch": n + 1, "loss": a, "accuracy": 1.0, "val_loss": b, "val_accuracy": 0.83}
        for n, (a, b) in enumerate(zip(losses, val_losses, strict=True))
    ]
    hint = hint_of(rows, 24, classes=4)
    assert hint is not None
    assert hint.kind is Pattern.ASTRAY


@pytest.mark.parametrize("length", LENGTHS)
def test_memorising_begins_where_it_began(length: int) -> None:
    near = 0
    for seed in SEEDS:
        hint = hint_of(painted(memorising, length, 5000, seed, wavering=0.005), 5000)
        assert hint is not None
        assert hint.kind is Pattern.MEMORISING
        assert hint.since is not None
        assert re.search(rf"since epoch {hint.since}\b", hint.text)
        near += abs(hint.since - 2 - 0.25 * (length - 1)) <= 2
    assert near >= 0.9 * len(SEEDS)


@pytest.mark.parametrize("validation", SIZES)
@pytest.mark.parametrize("length", [20, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", [improving, level, memorising, guessing, perfect, growing])
def test_it_is_steady_while_the_curves_grow(shape: Any, length: int, validation: int) -> None:
    for seed in SEEDS:
        history = painted(shape, length, validation, seed)
        told = [hint_of(history[:n], validation, over=False) for n in range(1, length + 1)]
        assert told[:3] == [None, None, None]
        said = [hint.kind if hint else None for hint in told[3:]]
        assert sum(a is not b for a, b in itertools.pairwise(said)) <= 5, said


def test_what_ends_nearly_level_is_told() -> None:
    """The rate of learning fades out at the end, and so does the fall of the loss."""

    def fading(t: Any) -> Curves:
        fall = np.cos(np.pi * np.clip(t, 0, 1) / 2) ** 2
        return 0.7 + 0.5 * fall, 1.1 + 0.15 * fall, 0.75 + 0 * t

    history = painted(fading, 40, 500, 1, wavering=0.001)
    silent = hint_of(history, 500, over=False)
    told = hint_of(history, 500)
    assert told is not None
    assert told.kind is Pattern.IMPROVING
    assert "a little" in told.text
    assert silent is None or silent.kind is Pattern.IMPROVING


def test_one_odd_epoch_changes_nothing() -> None:
    history = painted(improving, 30, 500, 1)
    history[-1] |= {"val_loss": 5.0, "loss": 5.0, "val_accuracy": 0.2}
    hint = hint_of(history, 500)
    assert hint is not None
    assert hint.kind is Pattern.IMPROVING


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("augmented", [True, False])
def test_nothing_impossible_is_advised(frozen: bool, augmented: bool) -> None:
    known = {"frozen": frozen, "augmented": augmented}
    for shape, length in itertools.product(
        (improving, level, memorising, confident, guessing, perfect, growing, thawed), (5, 12, 60)
    ):
        for validation in (8, 180):
            hint = hint_of(painted(shape, length, validation, 1), validation, **known)
            told = hint.text.lower() if hint else ""
            assert not (frozen and "freeze" in told)
            assert not (not frozen and "thaw" in told)
            assert not (augmented and "augmentation" in told)
    hint = hint_of(painted(memorising, 40, 500, 1), 500, **known)
    assert hint is not None
    assert ("freeze more" in hint.text.lower()) == (not frozen)
    assert ("augmentation" in hint.text) == (not augmented)
    assert "add pictures" in hint.text.lower()


def test_few_pictures_are_told_to_be_few() -> None:
    for shape in (improving, level, memorising, guessing):
        hint = hint_of(painted(shape, 30, 8, 3), 8)
        assert hint is not None
        if hint.kind is Pattern.PERFECT:
            assert "8 held-out pictures right. So few prove little" in hint.text
        else:
            assert (
                "Only 8 pictures are held out, so each one counts 12 percentage points."
                in hint.text
            )
    hint = hint_of(painted(improving, 30, 180, 3), 180)
    assert hint is not None
    assert "are held out" not in hint.text
    all_right = [row | {"val_accuracy": 1.0} for row in painted(improving, 30, 3, 3)]
    hint = hint_of(all_right, 3)
    assert hint is not None
    assert "all 3 held-out pictures right. So few prove little" in hint.text
    assert "nothing left" not in hint.text


def test_training_that_is_made_harder_is_no_flaw() -> None:
    history = [
        row | {"accuracy": row["val_accuracy"] - 0.2} for row in painted(improving, 30, 500, 1)
    ]
    hint = hint_of(history, 500, augmented=True)
    assert hint is not None
    assert hint.kind is Pattern.IMPROVING
    assert "made harder" in hint.text


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 200])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("loss", [0.0, 1e-9, 1.0, 1e9, 1e308, math.inf])
def test_no_history_is_too_odd(length: int, share: float, loss: float) -> None:
    row = {"accuracy": share, "loss": loss, "val_accuracy": share, "val_loss": loss}
    history = [row | {"epoch": n + 1} for n in range(length)]
    for classes, validation in itertools.product((0, 1, 2, 100), (0, 1, 5000)):
        for over in (True, False):
            hint = hint_of(history, validation, classes=classes, over=over)
            assert hint is None or hint.text.endswith(".")
