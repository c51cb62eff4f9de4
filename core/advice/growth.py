"""What trainings on parts of the pictures say of how accuracy grows with their number.

Errors tend to fall with the number of training pictures by a power law down to a floor (Cortes et
al. 1993; Hestness et al. 2017, arXiv:1712.00409). The curve that fits is followed up to twice as
many pictures. How far that can be trusted comes from drawing seeds and held-out pictures anew (the
bootstrap, Efron 1979).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core.saying import Sentence, joined, say

FEWEST_SIZES = 3
FITTED = 4  # of the largest sizes
_DRAWS = 300
_WORTH = 0.01  # of accuracy: what it takes to be worth the effort
_NAMED = 3  # classes that are named as the ones to add to

Numbers = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Range:
    """A number and where it may well be (95 %)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassGain:
    """What a class has gained from the second half of the training pictures.

    Attributes:
        name: The class, as it was called in training.
        training: Its training pictures.
        judged: Its held-out pictures.
        half: How many of these are recognised after half of the training pictures, as a share.
        whole: The same after all of them.
        gain: The difference.
    """

    name: str
    training: int
    judged: int
    half: float
    whole: float
    gain: Range


@dataclass(frozen=True)
class Growth:
    """How accuracy grows with the number of training pictures.

    Attributes:
        sizes: Numbers of training pictures, rising; the last is all of them.
        accuracy: Mean over seeds at each size.
        spread: Standard deviation over seeds at each size; 0 at the last, of which there is one.
        judged: How many held-out pictures there are.
        power: The fitted curve: accuracy is 1 - floor - scale * pictures ** -power.
        scale: …
        floor: …
        gain: Of accuracy, from twice as many training pictures.
        classes: Each class.
        images: How many training pictures the run has, of which `sizes` may be a part.
        all_frozen: Whether the run's own network was all frozen, as the one is that was measured.
        pictures: Digests of the held-out pictures; none where an earlier version found this out.
        missed: How often each was wrong at each size, [sizes, pictures].
        repeats: Trainings at each size.
    """

    sizes: tuple[int, ...]
    accuracy: tuple[float, ...]
    spread: tuple[float, ...]
    judged: int
    power: float
    scale: float
    floor: float
    gain: Range
    classes: tuple[ClassGain, ...]
    images: int
    all_frozen: bool = True
    pictures: tuple[str, ...] = ()
    missed: tuple[tuple[int, ...], ...] = ()
    repeats: int = 1

    def at(self, images: float) -> float:
        """The accuracy that the fitted curve has at a number of training pictures."""
        return float(1 - self.floor - self.scale * images**-self.power)

    def called(self, names: dict[str, str]) -> "Growth":
        """The same with other names for classes; one without another keeps its own."""
        return replace(
            self,
            classes=tuple(replace(e, name=names.get(e.name, e.name)) for e in self.classes),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: The values are not what `to_dict` wrote.
        """
        classes = tuple(
            ClassGain(**(each | {"gain": Range(**each["gain"])})) for each in values["classes"]
        )
        lists = {name: tuple(map(float, values[name])) for name in ("accuracy", "spread")}
        sizes = tuple(map(int, values["sizes"]))
        if not len(sizes) == len(lists["accuracy"]) == len(lists["spread"]) >= FEWEST_SIZES:
            raise ValueError("lists of different lengths")
        told = lists | {"sizes": sizes, "gain": Range(**values["gain"]), "classes": classes}
        pictures = tuple(map(str, values.get("pictures", ())))
        missed = tuple(tuple(map(int, row)) for row in values.get("missed", ()))
        if pictures and [len(row) for row in missed] != [len(pictures)] * len(sizes):
            raise ValueError("lists of different lengths")
        found = cls(**(values | told | {"pictures": pictures, "missed": missed}))
        found.at(float(sizes[-1]))  # raises where these are no numbers
        return found


def growth(
    sizes: Sequence[int],
    right: Right,
    truth: Places,
    labels: Places,
    classes: Sequence[str],
    pictures: Sequence[str] = (),
) -> Growth:
    """What follows from a few trainings.

    Args:
        sizes: As `try_sizes` gives them, as is the next.
        right: …
        truth: The place of each held-out picture's class.
        labels: The place of each training picture's class.
        classes: Their names.
        pictures: Digests of the held-out pictures, where they can be shown.
    """
    by_seed = right.mean(axis=2)
    counted = np.asarray(sizes, float)
    power, scale, floor = _fitted(counted, 1 - by_seed.mean(axis=1)[None])[0]
    rng = np.random.default_rng(0)
    seeds = rng.integers(0, right.shape[1], (_DRAWS, right.shape[1]))
    counts = rng.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), _DRAWS)
    shares = right.astype(np.float32) @ (counts.T / len(truth)).astype(np.float32)
    drawn = np.stack([shares[:, each, draw].mean(axis=1) for draw, each in enumerate(seeds)])
    # All pictures can be drawn in one way only; other ones of the kind would have come out as
    # differently as those of half the size do, less by the root of two.
    drawn[:, -1] += rng.normal(0, by_seed[-2].std(ddof=1) / np.sqrt(2), _DRAWS)
    gains = _gains(_fitted(counted, 1 - drawn), counted[-1])
    (gain,) = _gains(np.array([[power, scale, floor]]), counted[-1])
    low, high = np.percentile(gains, [2.5, 97.5])
    return Growth(
        tuple(sizes),
        tuple(by_seed.mean(axis=1).tolist()),
        tuple(by_seed.std(axis=1).tolist()),
        len(truth),
        float(power),
        float(scale),
        float(floor),
        Range(float(gain), float(min(low, gain)), float(max(high, gain))),
        tuple(_by_class(right, truth, labels, classes, rng)),
        sizes[-1],
        pictures=tuple(pictures),
        missed=tuple(map(tuple, (~right).sum(axis=1).tolist())) if pictures else (),
        repeats=right.shape[1],
    )


def _fitted(sizes: Numbers, errors: Numbers) -> Numbers:
    """Power, scale and floor of the curves that come nearest to some errors.

    Args:
        sizes: [sizes].
        errors: [curves, sizes].

    Returns:
        [curves, 3]. The last sizes alone count, the more the larger: errors of very few pictures
        follow another law, and would promise too much (on clouds of known gain, fitting all sizes
        promised 2.5 points instead of 1.3, and the intervals held in half of all cases).
    """
    last = np.arange(len(sizes)) >= len(sizes) - FITTED
    weights = np.where(last, sizes, 0)
    best = np.full(len(errors), np.inf)
    found = np.zeros((len(errors), 3))
    for power in np.linspace(0.1, 1.5, 29):
        shape = sizes**-power
        for part in np.linspace(0, 1, 13):
            floor = part * errors.min(axis=1)
            above = errors - floor[:, None]
            scale = np.maximum((above * shape * weights).sum(axis=1), 0)
            scale /= (shape * shape * weights).sum()
            missed = ((above - scale[:, None] * shape) ** 2 * weights).sum(axis=1)
            better = missed < best
            best[better] = missed[better]
            found[better] = np.stack([np.full(len(errors), power), scale, floor], 1)[better]
    return found


def _gains(curves: Numbers, images: float) -> Numbers:
    power, scale, _ = curves.T
    gains: Numbers = scale * (images**-power - (2 * images) ** -power)
    return gains


def _by_class(
    right: Right,
    truth: Places,
    labels: Places,
    classes: Sequence[str],
    rng: np.random.Generator,
) -> list[ClassGain]:
    found = []
    for place, name in enumerate(classes):
        own = np.flatnonzero(truth == place)
        if not len(own):
            continue
        half, whole = (right[row][:, own].mean(axis=0) for row in (-2, -1))
        drawn = rng.integers(0, len(own), (_DRAWS, len(own)))
        gains = (whole - half)[drawn].mean(axis=1)
        gain, (low, high) = float((whole - half).mean()), np.percentile(gains, [2.5, 97.5])
        found.append(
            ClassGain(
                name,
                int((labels == place).sum()),
                len(own),
                float(half.mean()),
                float(whole.mean()),
                Range(gain, float(low), float(high)),
            )
        )
    return found


def in_words(found: Growth) -> Sentence:
    """One careful sentence on whether more pictures would help, and of which classes."""
    now, then = found.accuracy[-1], min(found.accuracy[-1] + found.gain.value, 1.0)
    points = {
        "low": round(100 * found.gain.low),
        "high": max(round(100 * found.gain.high), 1),
        "twice": 2 * found.sizes[-1],
        "now": found.sizes[-1],
    }
    if found.gain.high < _WORTH:
        told = say(
            "Twice as many pictures of the same kind would hardly help: the curve is flat, and "
            "expected to gain less than one percentage point.",
        )
    elif found.gain.low >= _WORTH / 2:
        told = say(
            "More pictures would probably help: with {twice} training pictures instead of {now}, "
            "expect about {then:.0%} instead of {share:.0%} (a gain of {low} to {high} percentage "
            "points), if they are of the same kind.",
            then=then,
            share=now,
            **points,
        )
    else:
        told = say(
            "More pictures may help or not: with {twice} training pictures instead of {now}, "
            "expect a gain of {low} to {high} percentage points, if they are of the same kind. "
            "More held-out pictures would narrow this down.",
            **points,
        )
    named = [each for each in found.classes if each.gain.low > 0 and each.gain.value >= _WORTH]
    named.sort(key=lambda each: -each.gain.value)
    if not named:
        return joined([told, say("No class stands out as the one to add pictures to.")])
    return joined(
        [
            told,
            say(
                "The classes that gained most from the last pictures, so perhaps from the next: "
                "{classes}.",
                classes=[f"“{each.name}”" for each in named[:_NAMED]],
            ),
        ]
    )
