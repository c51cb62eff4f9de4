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

from core.saying import Sentence, joined, say

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
    """What the curves mean.

    Attributes:
        kind: What the curves show.
        text: What that means, in a few short sentences.
        since: The epoch since which they show it, where that is known.
    """

    kind: Pattern
    text: Sentence
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
    varied = [] if augmented else [say("use augmentation")]
    more: list[Sentence] = []
    match kind:
        case None if over:
            kind = Pattern.IMPROVING
            text = say("It is hardly improving any more: more epochs would help a little.")
        case None:
            return None
        case Pattern.IMPROVING if over:
            text = say("Still improving after {count} epochs: more would help.", count=done)
        case Pattern.IMPROVING:
            text = say("Still improving: let it continue.")
        case Pattern.LEVEL:
            text = (
                say(
                    "It has learned what it can with these settings (no improvement since epoch "
                    "{number}: converged).",
                    number=since,
                )
                if over
                else say(
                    "No improvement since epoch {number} (converged): more epochs change little.",
                    number=since,
                )
            )
            if accuracy < _GOOD:
                gap = varied if trained > accuracy + 0.1 else []
                thaw = [say("thaw a few layers")] if frozen else []
                more = _options(*thaw, *gap, say("add pictures"))
        case Pattern.MEMORISING:
            text = (
                say(
                    "The best epoch is kept: since epoch {number}, it only memorised the training "
                    "pictures (overfitting).",
                    number=since,
                )
                if over
                else say(
                    "Memorising since epoch {number} (overfitting): it improves on the training "
                    "pictures, but no longer on new ones.",
                    number=since,
                )
            )
            freeze = [] if frozen else [say("freeze more layers")]
            more = _options(*freeze, *varied, say("add pictures"))
        case Pattern.ASTRAY:
            text = say(
                "Training is diverging: the loss jumps or grows because the steps are too large. "
                "Choose a lower learning rate."
            )
        case Pattern.CHANCE:
            text = say(
                "No better than guessing so far (chance level): check that the pictures are in the "
                "right folders."
            )
            thaw = [say("thaw a few layers")] if frozen else []
            more = _options(say("raise the learning rate"), *thaw)
        case Pattern.PERFECT if validation < _COARSE:
            text = (
                say("It gets all {count} held-out pictures right.", count=validation)
                if all_right
                else say("It gets nearly all of the {count} held-out pictures right.",
                         count=validation)
            )  # fmt: skip
            few = say("So few prove little: try it on others, or add more pictures.")
            return Hint(kind, joined([text, few]), since)
        case Pattern.PERFECT:
            text = (
                say("It gets all held-out pictures right: there is nothing left to learn.")
                if all_right
                else say(
                    "It gets nearly all held-out pictures right: there is little left to learn."
                )
            )
            more = [] if over else [say("You can stop it.")]
    if validation < _COARSE and kind is not Pattern.ASTRAY:
        points = say(
            "Only {count} pictures are held out, so each one counts {points:.0f} percentage "
            "points.",
            count=validation,
            points=100 / validation,
        )
        more = [*more, points]
    elif kind is Pattern.IMPROVING and accuracy > trained + 0.1:
        harder = say("It does worse on training pictures because those are made harder for it.")
        more = [*more, harder]
    return Hint(kind, joined([text, *more]), since)


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


def _options(*options: Sentence) -> list[Sentence]:
    """A sentence that offers them."""
    if len(options) == 1:
        return [say("This may help: {option}.", option=options[0])]
    return [say("One of these may help: {options}.", options=options)]
