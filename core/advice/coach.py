"""Reads the curves of a training and says in plain words what they mean and what to do.

Losses are finer than accuracy, so the rules go by those: by their logarithms, smoothed by medians
of three. A change counts where it is larger than the curve wavers; one of accuracy, where it is
larger than chance makes it with so few images; a verdict, where it held for two epochs in a row.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Any

_ENOUGH = 4  # epochs before anything can be said
_LITTLE, _HUGE = 0.1, 1e9  # what is far below the one, added to every loss, is all alike
_JUMP = 0.25  # of the logarithm, up within an epoch: too large a step
_RISE = 0.08  # above the lowest: no accident
_FALL = 0.05  # from one quarter of the epochs to the next: more are worth it
_NEAR = 0.03  # no difference
_POINTS = 0.02  # of accuracy, likewise where there are thousands of images
_DONE, _GOOD = 0.99, 0.9  # accuracy with nothing left to learn; with no need of other ideas
_COARSE = 20  # validation images below which each is more than 5 points


class Pattern(StrEnum):
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
        text: In a few short sentences.
        since: The epoch from which on they show it, where that can be told.
    """

    kind: Pattern
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
    done = len(history)
    if validation < 1 or done < _ENOUGH:
        return None
    kind, since = _read(history, classes, validation)
    for end in range(done - 1, max(_ENOUGH, done - 8) - 1, -1):
        before = _read(history[:end], classes, validation)
        if before[0] is kind:
            break
        kind, since = before
    accuracy, trained = (fmean(r[m] for r in history[-3:]) for m in ("val_accuracy", "accuracy"))
    all_right = max(row["val_accuracy"] for row in history) == 1
    varied = [] if augmented else ["vary the pictures (augmentation)"]
    match kind:
        case None if over:
            kind, text = (
                Pattern.IMPROVING,
                "Hardly improving any more: more epochs would help a little.",
            )
        case None:
            return None
        case Pattern.IMPROVING if over:
            text = f"Still improving after {done} epochs: more would help."
        case Pattern.IMPROVING:
            text = "Still improving: let it go on."
        case Pattern.LEVEL:
            text = (
                f"It has learned what it can this way (levelled out since epoch {since}, "
                "converged)."
                if over
                else f"Levelled out since epoch {since} (converged): more epochs change little."
            )
            if accuracy < _GOOD:
                gap = varied if trained > accuracy + 0.1 else []
                text += _either([*(["thaw a few layers"] if frozen else []), *gap, "add images"])
        case Pattern.MEMORISING:
            text = (
                f"The best epoch is kept: since epoch {since} it only learned the training "
                "pictures by heart (overfitting)."
                if over
                else f"Memorising since epoch {since} (overfitting): it gets better on the "
                "training pictures, but no longer on new ones."
            ) + _either([*([] if frozen else ["freeze more layers"]), *varied, "add images"])
        case Pattern.ASTRAY:
            text = (
                "The loss jumps about or grows (divergence): the steps "
                "are too large. Choose a lower learning rate."
            )
        case Pattern.CHANCE:
            text = (
                "No better than guessing so far (chance level): look whether the pictures are in "
                "the right folders."
            ) + _either(["try a higher learning rate", *(["thaw a few layers"] if frozen else [])])
        case Pattern.PERFECT if validation < _COARSE:
            return Hint(
                kind,
                f"It gets {'all' if all_right else 'nearly all'} of the {validation} held-back "
                "pictures right. So few prove little: show it others, or bring more pictures.",
                since,
            )
        case Pattern.PERFECT:
            text = (
                f"It gets {'all' if all_right else 'nearly all'} held-back pictures right: "
                f"nothing is left to learn{'' if over else ', you can stop it'}."
            )
    if validation < _COARSE and kind is not Pattern.ASTRAY:
        text += (
            f" Only {validation} pictures are held back, so each is {100 / validation:.0f} points."
        )
    elif kind is Pattern.IMPROVING and accuracy > trained + 0.1:
        text += " Training pictures are made harder for it, so that it does worse there is normal."
    return Hint(kind, text, since)


def _read(
    history: Sequence[Mapping[str, Any]], classes: int, validation: int
) -> tuple[Pattern | None, int | None]:
    """What the curves show, and since which epoch."""
    steps, checks = ([_scaled(row[name]) for row in history] for name in ("loss", "val_loss"))
    train, val = _smoothed(steps), _smoothed(checks)
    accuracy = _smoothed([row["val_accuracy"] for row in history])
    done, chance = len(history), 1 / max(classes, 1)
    span = min(max(3, done // 4), done // 2)
    before, now = slice(-2 * span, -span), slice(-span, None)
    guess = -math.log(chance)  # the loss of one who knows nothing
    guessing = fmean(accuracy[now]) <= chance + 2 * _error(chance, validation)
    wavers = _noise(checks)
    fall = median(checks[before]) - median(checks[now])
    error = _error(fmean(accuracy[now]), validation)

    def epoch(place: int) -> int:
        return int(history[place]["epoch"])

    if max(accuracy) >= _DONE:
        return Pattern.PERFECT, epoch(next(n for n, share in enumerate(accuracy) if share >= _DONE))
    if min(steps[-3:]) > min(train) + _JUMP or _jumps(steps):
        return Pattern.ASTRAY, None
    if guessing and min(steps[-3:]) > _scaled(guess) + _JUMP and fall < _FALL:
        return Pattern.ASTRAY, None
    if min(checks[-3:]) > _scaled(5 * guess) and fall < _FALL:
        return Pattern.ASTRAY, None
    falling = fall > max(_FALL, 2 * wavers * math.sqrt(2 / span))
    if guessing and not falling and median(checks[now]) > _scaled(guess) - _FALL:
        return Pattern.CHANCE, None
    if _jumps(checks):
        return Pattern.ASTRAY, None
    gain = fmean(accuracy[now]) - fmean(accuracy[before])
    if falling or gain > max(_POINTS, 2 * error * math.sqrt(2 / span)):
        return Pattern.IMPROVING, None
    lowest = min(range(done), key=val.__getitem__)
    rise = median(checks[-3:]) - val[lowest]
    learned = train[-1] < max(train[lowest] - _NEAR, _scaled(0.05))
    gained = fmean(accuracy[now]) - fmean(accuracy[lowest : lowest + 3])
    if (
        done - lowest > max(3, done // 10)
        and rise > max(_RISE, 3 * wavers)
        and learned
        and gained < max(_POINTS, 0.8 * error)
    ):
        return Pattern.MEMORISING, epoch(lowest) + 1
    near = max(_NEAR, 2 * wavers)
    since = max(
        next(n for n, loss in enumerate(val) if loss <= val[lowest] + near),
        next(
            n
            for n, share in enumerate(accuracy)
            if share >= fmean(accuracy[now]) - max(error, _POINTS / 2)
        ),
    )
    return (Pattern.LEVEL, epoch(since)) if done - since >= max(4, 0.4 * done) else (None, None)


def _scaled(loss: float) -> float:
    return math.log(_LITTLE + min(max(loss, 0), _HUGE))


def _smoothed(values: Sequence[float]) -> list[float]:
    """Medians of each value, the one before and the one after."""
    return [median(values[max(0, n - 1) : n + 2]) for n in range(len(values))]


def _noise(values: Sequence[float]) -> float:
    """The standard deviation of what is no trend: of how far values are off their neighbours."""
    bends = [abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    return 1.48 * median(bends) / math.sqrt(6)


def _error(share: float, images: int) -> float:
    """The standard error of a share that was measured on so many images."""
    return math.sqrt(max(share * (1 - share), 0) / images)


def _jumps(values: Sequence[float]) -> bool:
    """Whether a curve of late goes up by leaps, again and again."""
    late = values[-max(8, len(values) // 3) :]
    ups = sum(b - a > _JUMP for a, b in itertools.pairwise(late))
    return ups >= max(2, len(late) / 5)


def _either(cures: Sequence[str]) -> str:
    """A sentence that offers them."""
    *others, last = cures
    told = f"{', '.join(others)}, or {last}" if others else last
    return f" {told[:1].upper()}{told[1:]}."
