"""Whether something beside the thing itself gives the class away: the border, or the colour alone.

Two classifiers see almost nothing of a picture: the mean colours along its border, or a thumbnail
of 2 × 2 pixels. If they tell a class from the others as a network should that sees the whole, then
a network will learn the background or the frame, and fail on pictures without.
"""

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)
from core.doctor.guessing import Guesses, leave_one_out
from core.doctor.looking import Sight
from core.saying import joined, later, say

SUSPICIOUS = 0.9  # of a class found, and of what is taken for it being it
_LEAST = 8  # images of a class; fewer may be alike by chance
_SHOWN = 6
# The title, and what a classifier shows that sees only so much.
_SAID = {
    "border": (
        later("The border may give the class away"),
        later("A classifier that sees only the colours along the border recognises {classes}."),
    ),
    "tiny": (
        later("The colours alone may give the class away"),
        later("A classifier that sees only a thumbnail of 2 × 2 pixels recognises {classes}."),
    ),
}


def findings(sight: Sight, copies: Collection[str] = ()) -> Iterator[Finding]:
    """What gives which classes away.

    Args:
        sight: The look at the data set.
        copies: Files of which others show nearly the same, as the frames of a burst: left out,
            since anything would recognise them by their copies.
    """
    single = np.array([record.file not in copies for record in sight.records])
    seen = {"border": sight.border, "tiny": thumbnails(sight.tiny)}
    for what, colours in seen.items():
        labels = sight.labels[single]
        guesses = guesses_from(colours[single], labels, len(sight.dataset.classes))
        given = given_away(guesses)
        if not given:
            continue
        title, seen_only = _SAID[what]
        names = [f"“{sight.dataset.classes[place]}”" for place in given]
        more = [say("{count} more", count=len(names) - 5)] if len(names) > 5 else []
        yield Finding(
            Problem.SHORTCUT,
            serious=True,
            title=title,
            sentence=joined(
                [
                    say(seen_only, classes=[*names[:5], *more]),
                    say(
                        "Over all classes it gets {accuracy:.0%} right, where blind guessing gets "
                        "{chance:.0%}.",
                        accuracy=guesses.accuracy,
                        chance=1 / len(set(sight.labels)),
                    ),
                    say(
                        "A network may learn that instead of the thing itself (shortcut). Add "
                        "pictures of every class on the same kinds of background; until then, "
                        "strong augmentation helps."
                    ),
                ]
            ),
            cases=tuple(_case(sight, place) for place in given),
        )
        return  # what the border gives away, the colours mostly do too


def guesses_from(
    colours: npt.NDArray[np.uint8], labels: npt.NDArray[np.intp], classes: int
) -> Guesses:
    """Guess each image from some colours of it, [images, colours, 3].

    Classes may be told apart by being neither dark nor bright, so the colours are first spread out
    by random features of a Gaussian kernel.
    """
    from sklearn.kernel_approximation import RBFSampler

    numbers = colours.reshape(len(colours), -1) / np.float32(255)
    spread = RBFSampler(gamma=1.0, n_components=300, random_state=0).fit_transform(numbers)
    return leave_one_out(spread.astype(np.float32), labels, classes)


def given_away(guesses: Guesses) -> list[int]:
    """Places of the classes that are told from the others far too well."""
    counts = np.bincount(guesses.labels, minlength=guesses.probabilities.shape[1])
    present = np.flatnonzero(counts)
    taken = np.zeros((len(counts), len(counts)))
    np.add.at(taken, (guesses.labels, guesses.guessed), 1)
    shares = taken / np.maximum(counts, 1)[:, None]  # every class counts alike
    return [
        int(place)
        for place in present
        if len(present) > 1
        and counts[place] >= _LEAST
        and shares[place, place] >= SUSPICIOUS
        and shares[place, place] >= SUSPICIOUS * shares[:, place].sum()
    ]


def thumbnails(tiny: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Thumbnails of 2 × 2 pixels, [images, 4, 3], out of larger ones."""
    side = tiny.shape[1] // 2
    blocks = tiny.reshape(len(tiny), 2, side, 2, side, 3).mean((2, 4))
    made: npt.NDArray[np.uint8] = np.rint(blocks).astype(np.uint8).reshape(len(tiny), 4, 3)
    return made


def _case(sight: Sight, place: int) -> Case:
    label = sight.dataset.classes[place]
    files = [record.file for record in sight.dataset.records if record.label == label]
    return Case(
        tuple(files[:_SHOWN]),
        label,
        (Fix(Action.BRING, (), say("Add pictures of {name}", name=label), label),),
    )
