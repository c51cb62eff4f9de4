"""Several networks on the same pictures: which does best, and which of the others do as well.

Of two, this is McNemar's test, as in `comparing`. With more of them, the best by chance looks
better than it is, because it was picked after looking. So all pairs are tested, and the chances are
raised by Holm's method (1979), which holds whichever pair is looked at afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.results.answers import comparing
from core.results.answers.kept import Answers
from core.saying import Sentence, say


@dataclass(frozen=True)
class Ranking:
    """What several networks said of the pictures that all of them were evaluated on.

    Attributes:
        files: The name of each picture.
        right: Which pictures each network got right, [networks, pictures].
        places: Where each picture is among all answers of the first network, [pictures].
        relabelled: How many pictures have another class in the evaluation of another network.
        chances: How often luck alone would make a difference as large, by the places of a pair, the
            lower first; raised by Holm's method where there are more pairs.
    """

    files: tuple[str, ...]
    right: npt.NDArray[np.bool_]
    places: npt.NDArray[np.intp]
    relabelled: int
    chances: dict[tuple[int, int], float]

    @property
    def correct(self) -> list[int]:
        """How many pictures each network got right."""
        return [int(count) for count in self.right.sum(axis=1)]

    @property
    def best(self) -> int:
        """The network that got most right; the first of several."""
        return int(np.argmax(self.right.sum(axis=1)))

    def only(self, one: int, other: int) -> npt.NDArray[np.intp]:
        """The pictures that one network got right and another did not."""
        return np.flatnonzero(self.right[one] & ~self.right[other])

    def in_words(self, names: Sequence[str]) -> list[Sentence]:
        """A sentence or two on each of the others against the best.

        Args:
            names: What to call each network.
        """
        told = []
        for other in range(len(self.right)):
            if other != self.best:
                gained, lost = self.only(self.best, other), self.only(other, self.best)
                chance = self.chances[min(other, self.best), max(other, self.best)]
                counts = len(gained), len(lost), len(self.files)
                told.append(comparing.of_counts(*counts, chance, names[other], names[self.best]))
        if len(self.chances) > 1:
            told.append(
                say(
                    "{count} pairs were compared, so each of these chances is raised by Holm's "
                    "method: the more pairs you compare, the sooner luck alone looks like a "
                    "difference.",
                    count=len(self.chances),
                )
            )
        return told


def rank(answers: Sequence[Answers]) -> Ranking | None:
    """Compare evaluations on the pictures that all of them have, by digest.

    A picture's class is the one that it has in the first: it may have been moved in between.

    Args:
        answers: Of two networks or more, by the names that classes have now.

    Returns:
        None where they have no picture in common, or where it is not known what one of them said of
        every picture.
    """
    if not all(each.whole for each in answers):
        return None
    known = [{digest: place for place, digest in enumerate(each.digests)} for each in answers]
    common = [digest for digest in known[0] if all(digest in each for each in known)]
    if not common:
        return None
    same = [
        each.take(np.array([where[digest] for digest in common], np.intp))
        for each, where in zip(answers, known, strict=True)
    ]
    number = {name: place for place, name in enumerate(same[0].classes)}
    theirs = [np.array([number.get(name, -1) for name in each.classes]) for each in same]
    both = list(zip(theirs, same, strict=True))
    labels = same[0].labels
    right = np.stack([called[each.predicted] == labels for called, each in both])
    moved = np.stack([called[each.labels] != labels for called, each in both]).any(axis=0)
    pairs = list(combinations(range(len(answers)), 2))
    alone = [
        comparing.mcnemar(int((right[i] & ~right[j]).sum()), int((right[j] & ~right[i]).sum()))
        for i, j in pairs
    ]
    places = np.array([known[0][digest] for digest in common], np.intp)
    chances = dict(zip(pairs, holm(alone), strict=True))
    return Ranking(same[0].files, right, places, int(moved.sum()), chances)


def holm(chances: Sequence[float]) -> list[float]:
    """The chances of several tests, raised so that all of them together hold.

    S. Holm (1979): the lowest counts as often as there are tests, the next once less, and so on;
    none ends up below one that was lower.

    Args:
        chances: Of each test alone.
    """
    raised, highest = [0.0] * len(chances), 0.0
    for place, test in enumerate(sorted(range(len(chances)), key=lambda each: chances[each])):
        highest = max(highest, min(1.0, (len(chances) - place) * chances[test]))
        raised[test] = highest
    return raised
