"""Which pictures stand behind a number: those of a cell, of a class, of a range of confidence."""

from dataclasses import dataclass

import numpy as np

from core.results import calibration
from core.results.answers.kept import Answers, Places

ANY, WRONG = -1, -2


@dataclass(frozen=True)
class Wanted:
    """Which pictures of an evaluation somebody wants to see.

    Attributes:
        true: The place of their own class, or ANY.
        predicted: The place of the class that they were taken for; ANY; or WRONG for any that is
            not their own.
        sure: The number of a range of confidence (see `calibration.ranges`), or ANY.
        least: How sure the model was at least.
        below: Less sure than this it was; None for no such limit.
        least_sure: Whether those that it was least sure of come first, instead of the surest.
    """

    true: int = ANY
    predicted: int = WRONG
    sure: int = ANY
    least: float = 0.0
    below: float | None = None
    least_sure: bool = False


def places(answers: Answers, wanted: Wanted) -> Places:
    """Where these pictures are among the answers, in order of confidence."""
    sure = answers.confidence
    chosen = sure >= wanted.least
    if wanted.below is not None:
        chosen &= sure < wanted.below
    if wanted.sure != ANY:
        chosen &= calibration.ranges(sure) == wanted.sure
    if wanted.true != ANY:
        chosen &= answers.labels == wanted.true
    if wanted.predicted == WRONG:
        chosen &= ~answers.right
    elif wanted.predicted != ANY:
        chosen &= answers.predicted == wanted.predicted
    found = np.flatnonzero(chosen)
    order = sure[found] if wanted.least_sure else -sure[found]
    return found[np.argsort(order, kind="stable")]


def near_misses(answers: Answers, most: int) -> Places:
    """Where the pictures are whose two most probable classes lie nearest to each other.

    Args:
        answers: Of at least two classes.
        most: How many to name at most.
    """
    first_two = np.sort(answers.probabilities, axis=1)[:, -2:]
    return np.argsort(first_two[:, 1] - first_two[:, 0], kind="stable")[:most]
