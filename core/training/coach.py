"""Reads the curves of a training and says in plain words what they mean and what to do.

The rules go by the validation loss, which is finer than the accuracy, and by medians of three
epochs, so that one lucky epoch changes nothing. What twenty pictures say is rough: a change of
accuracy counts where it is larger than chance makes it.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Any

_ENOUGH = 4  # epochs before anything can be said
_WORSE = 1.1  # times the lowest validation loss: no longer an accident
_LESS = 0.02  # of the earlier validation loss: still learning
_FINE = 0.005  # changes of a loss that make no difference
_GOOD = 0.9  # accuracy from which nobody needs to be told what else to try
_COARSE = 20  # validation images below which each is 5 points or more


class Kind(StrEnum):
    """What the curves show."""

    IMPROVING = "improving"
    LEVEL = "level"
    MEMORISING = "memorising"
    ASTRAY = "astray"
    CHANCE = "chance"
    PERFECT = "perfect"


@dataclass(frozen=True)
class Hint:
    """What to tell.

    Attributes:
        kind: What the curves show.
        text: In one or two sentences.
        since: The epoch from which they show it, where there is one.
    """

    kind: Kind
    text: str
    since: int | None = None


def advise(
    history: Sequence[Mapping[str, Any]],
    *,
    classes: int,
    validation: int,
    frozen: bool,
    augmented: bool,
    over: bool,
) -> Hint | None:
    """What the curves say; None while it is too early to tell.

    Args:
        history: One row an epoch: epoch, accuracy, loss, val_accuracy, val_loss.
        classes: How many there are.
        validation: How many images the validation numbers rest on.
        frozen: Whether the whole backbone is: then it cannot be frozen more.
        augmented: Whether the training images are varied.
        over: Whether the training has ended.
    """
    if len(history) < _ENOUGH:
        return None
    hint = _read(history, classes, validation, frozen, augmented, over)
    if hint is None or not 0 < validation < _COARSE or hint.kind is Kind.PERFECT:
        return hint
    rough = f" Only {validation} pictures are held back, so each is {100 / validation:.0f} points."
    return Hint(hint.kind, hint.text + rough, hint.since)


def _read(
    history: Sequence[Mapping[str, Any]],
    classes: int,
    validation: int,
    frozen: bool,
    augmented: bool,
    over: bool,
) -> Hint | None:
    losses = [row["loss"] for row in history]
    val_losses = [row["val_loss"] for row in history]
    smooth = _smoothed(val_losses)
    accuracy = _smoothed([row["val_accuracy"] for row in history])
    chance = 1 / max(classes, 1)
    above_chance = max(accuracy) > chance + 2 * _error(chance, validation)
    if _is_astray(losses, above_chance):
        return Hint(
            Kind.ASTRAY,
            "The loss jumps about or does not fall: the steps are too large. Choose a lower "
            "learning rate.",
        )
    if not above_chance:
        if _still_falling(val_losses):
            return None
        return Hint(
            Kind.CHANCE,
            "No better than guessing so far. Look whether the pictures are in the right classes; "
            f"if they are, try a higher learning rate{' or thaw some layers' if frozen else ''}.",
        )
    if max(row["val_accuracy"] for row in history) == 1:
        return Hint(Kind.PERFECT, "It gets every held-back picture right: nothing left to learn.")
    lowest = min(range(len(smooth)), key=smooth.__getitem__)
    if _memorises(losses, smooth, accuracy, lowest, validation):
        since = int(history[lowest]["epoch"]) + 1
        cures = [] if frozen else ["freeze more layers"]
        cures += [] if augmented else ["vary the pictures (augmentation)"]
        return Hint(
            Kind.MEMORISING,
            f"Memorising since epoch {since} (overfitting): it gets better on the training "
            f"pictures, but no longer on new ones. {_either([*cures, 'add images'])}",
            since,
        )
    if _still_falling(val_losses):
        told = "Still improving at the end: more epochs would help." if over else "Still improving."
        return Hint(Kind.IMPROVING, told)
    since = _level_since(smooth, 3 * _wavering(val_losses))
    if len(history) - since < max(4, len(history) // 3):
        return None
    epoch = int(history[since]["epoch"])
    told = f"Levelled out since epoch {epoch}: more epochs change little."
    if fmean(accuracy[-3:]) < _GOOD:
        cures = ["thaw some layers"] if frozen else []
        told += f" {_either([*cures, 'add images'])}"
    return Hint(Kind.LEVEL, told, epoch)


def _smoothed(values: Sequence[float]) -> list[float]:
    """Medians of each value, the one before and the one after."""
    return [median(values[max(0, n - 1) : n + 2]) for n in range(len(values))]


def _error(share: float, images: int) -> float:
    """The standard error of a share that was measured on so many images."""
    return math.sqrt(share * (1 - share) / max(images, 1))


def _is_astray(losses: Sequence[float], above_chance: bool) -> bool:
    """Whether training itself does not get on."""
    reach = max(losses) - min(losses)
    jumps = sum(
        later - earlier > max(0.25 * reach, 0.1 * later)
        for earlier, later in itertools.pairwise(losses[1:])
    )
    if jumps >= max(2, len(losses) // 6):
        return True
    return not above_chance and fmean(losses[-3:]) > 1.02 * losses[0]


def _still_falling(val_losses: Sequence[float]) -> bool:
    """Whether the validation loss has been falling until now, by more than it wavers."""
    span = max(2, len(val_losses) // 5)
    now, before = fmean(val_losses[-span:]), fmean(val_losses[-2 * span : -span])
    return before - now > max(_LESS * before, _FINE, 2 * _wavering(val_losses) / math.sqrt(span))


def _wavering(val_losses: Sequence[float]) -> float:
    """How far a single epoch's loss is from its neighbours'."""
    return fmean(abs(a - b) for a, b in zip(val_losses, _smoothed(val_losses), strict=True))


def _memorises(
    losses: Sequence[float],
    smooth: Sequence[float],
    accuracy: Sequence[float],
    lowest: int,
    validation: int,
) -> bool:
    """Whether the validation loss rises for good, and the accuracy does not make up for it."""
    later = len(smooth) - 1 - lowest
    if later < max(3, len(smooth) // 10) or fmean(smooth[-2:]) < _risen(smooth[lowest]):
        return False
    then, now = fmean(accuracy[max(0, lowest - 1) : lowest + 2]), fmean(accuracy[-3:])
    rising = now > then + max(0.5 * _error(then, validation), 0.005)
    return losses[-1] < 0.95 * losses[lowest] and not rising


def _risen(lowest: float) -> float:
    """The validation loss from which it is no accident that it is above its lowest."""
    return _WORSE * lowest + 2 * _FINE


def _level_since(smooth: Sequence[float], near: float) -> int:
    """The place from which on the validation loss stays close to what it is at the end."""
    end = fmean(smooth[-3:])
    near = max(0.05 * end, near)
    since = len(smooth) - 1
    while since > 0 and abs(fmean(smooth[max(0, since - 4) : since]) - end) <= near:
        since -= 1
    return since


def _either(cures: Sequence[str]) -> str:
    """A sentence that offers them."""
    *others, last = cures
    told = f"{', '.join(others)}, or {last}" if others else last
    return f"{told[:1].upper()}{told[1:]}."
