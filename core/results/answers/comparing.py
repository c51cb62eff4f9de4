"""Two runs on the same pictures: which does better, and whether that is more than luck."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.results.answers.kept import Answers
from core.results.evaluation import wilson
from core.saying import Sentence, joined, say, several

_LUCK = 0.05  # below this, a difference is taken for more than luck


@dataclass(frozen=True)
class Compared:
    """What two models said of the pictures that both were evaluated on.

    Attributes:
        first: What the first one said, in the order of the second's answers.
        second: What the second one said. Its labels and classes are those of both.
        first_right: Which pictures the first one got right, [pictures].
        relabelled: Which had another class when the first was evaluated, [pictures].
        places: Where each picture is among all answers of the second, [pictures].
    """

    first: Answers
    second: Answers
    first_right: npt.NDArray[np.bool_]
    relabelled: npt.NDArray[np.bool_]
    places: npt.NDArray[np.intp]

    @property
    def images(self) -> int:
        """How many pictures both were evaluated on."""
        return len(self.second.files)

    @property
    def correct(self) -> tuple[int, int]:
        """How many of them each got right."""
        return int(self.first_right.sum()), int(self.second.right.sum())

    @property
    def gained(self) -> npt.NDArray[np.intp]:
        """The pictures that the second alone got right."""
        return np.flatnonzero(~self.first_right & self.second.right)

    @property
    def lost(self) -> npt.NDArray[np.intp]:
        """The pictures that the first alone got right."""
        return np.flatnonzero(self.first_right & ~self.second.right)

    @property
    def chance(self) -> float:
        """How often luck alone would make a difference as large; see `mcnemar`."""
        return mcnemar(len(self.gained), len(self.lost))

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        return {
            "images": self.images,
            "correct": list(self.correct),
            "accuracy": [each / self.images for each in self.correct],
            "intervals": [wilson(each, self.images) for each in self.correct],
            "only_first_right": [self.second.files[place] for place in self.lost],
            "only_second_right": [self.second.files[place] for place in self.gained],
            "mcnemar_p": self.chance,
        }


def compare(first: Answers, second: Answers) -> Compared | None:
    """Compare two evaluations on the pictures that both have, by digest.

    A picture's class is the one that the second evaluation gives it: it may have been moved to
    another since the first.

    Args:
        first: The earlier one, by the names that classes have now.
        second: The later one, by the same names.

    Returns:
        None where they have no picture in common.
    """
    if not (first.whole and second.whole):
        return None
    where = {digest: place for place, digest in enumerate(first.digests)}
    kept = {digest: place for place, digest in enumerate(second.digests) if digest in where}
    if not kept:
        return None
    places = np.array(list(kept.values()), np.intp)
    judged = second.take(places)
    before = first.take(np.array([where[digest] for digest in judged.digests], np.intp))
    numbers = {name: number for number, name in enumerate(judged.classes)}
    today = np.array([numbers.get(name, -1) for name in before.classes])
    said, called = today[before.predicted], today[before.labels]
    return Compared(before, judged, said == judged.labels, called != judged.labels, places)


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided test of McNemar (1947): how often luck makes a difference as large.

    Pictures that both get right, or both wrong, tell two models apart in no way. Where the models
    are equally good, each of the others falls to either side like a coin.

    Args:
        gained: How many pictures only one of them gets right.
        lost: How many only the other gets right.
    """
    tosses, fewer = gained + lost, min(gained, lost)
    ways = total = 1
    for heads in range(1, fewer + 1):  # for 10,000 pictures, `math.comb` for each takes seconds
        ways = ways * (tosses - heads + 1) // heads
        total += ways
    return min(1.0, total / (1 << tosses >> 1)) if tosses else 1.0


def in_words(compared: Compared, first: str, second: str) -> Sentence:
    """Which of two does better, and whether that is more than luck.

    Args:
        compared: Both.
        first: What to call the first, at the beginning of a sentence and within one.
        second: The same of the second.
    """
    counts = len(compared.gained), len(compared.lost), compared.images
    return of_counts(*counts, compared.chance, first, second)


def of_counts(
    gained: int, lost: int, images: int, chance: float, first: str, second: str
) -> Sentence:
    """The same, of numbers of pictures.

    Args:
        gained: How many the second alone gets right.
        lost: How many the first alone gets right.
        images: How many there are.
        chance: How often luck alone would make a difference as large.
        first: As in `in_words`.
        second: As in `in_words`.
    """
    if not gained and not lost:
        return several(
            "“{first}” and “{second}” agree about this picture: there is no difference on it.",
            "“{first}” and “{second}” are right about the same pictures: there is no difference on "
            "these {count}.",
            images,
            first=first,
            second=second,
        )
    told = say(
        "They differ on {count} of {all} pictures: “{first}” alone is right about {lost} of these, "
        "“{second}” alone about {gained}.",
        count=gained + lost,
        all=images,
        first=first,
        second=second,
        lost=lost,
        gained=gained,
    )
    if chance >= _LUCK:
        verdict = say(
            "Such a difference can well be luck: two equally good networks would show one as large "
            "in {chance:.0%} of all cases (McNemar's exact test).",
            chance=chance,
        )
    else:
        verdict = say(
            "“{better}” is better by more than luck would explain: two equally good networks would "
            "show such a difference in {chance} of all cases (McNemar's exact test).",
            better=second if gained > lost else first,
            chance=say("less than 0.1%") if chance < 0.001 else say("{chance:.1%}", chance=chance),
        )
    return joined([told, verdict])
