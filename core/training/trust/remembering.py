"""What a model remembers of the pictures it learned from, to tell when one is of something else."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record, labels_of
from core.network.familiarity import THRESHOLD, Memory
from core.results.thresholds import Thresholds
from core.training.exact import spread

_MOST = 5000  # pictures that the threshold goes by


class Rows(Protocol):
    """Features by image digest."""

    def rows(self, digests: list[str], channels: slice) -> Any: ...


def remember(
    features: Rows,
    last: slice,
    records: Sequence[Record],
    classes: Sequence[str],
    sure: Mapping[str, float],
) -> Memory | None:
    """What a model that has learned from these pictures remembers of them.

    Args:
        features: Of the untouched backbone.
        last: Which of its numbers are the last features.
        records: The pictures, of every class as many as there are in proportion.
        classes: The model's classes.
        sure: By digest, the largest probability of pictures that were left out in turn.

    Returns:
        None where there are too few pictures.
    """
    chosen = [records[place] for place in spread(labels_of(records, classes), _MOST)]
    known = np.array([sure.get(record.digest, np.nan) for record in chosen])
    return Memory.of(_of(features, last, chosen), known)


def accepted(
    memory: Memory,
    features: Rows,
    last: slice,
    records: Sequence[Record],
    probabilities: npt.NDArray[np.floating],
) -> dict[str, Any]:
    """How many pictures that it does not remember look familiar to it.

    Args:
        memory: Of other pictures.
        features: As for `remember`, as is `last`.
        last: …
        records: The pictures, all of classes that it was taught.
        probabilities: What the model says of them, [pictures, classes].

    Returns:
        remembered: how many pictures it remembers; the rest as `Thresholds.accepted`.
    """
    found = Thresholds(THRESHOLD).accepted(familiar(memory, features, last, records, probabilities))
    return {"remembered": len(memory.features), **(found or {})}


def familiar(
    memory: Memory,
    features: Rows,
    last: slice,
    records: Sequence[Record],
    probabilities: npt.NDArray[np.floating] | None = None,
) -> npt.NDArray[np.float64]:
    """How familiar pictures look that it does not remember, [pictures].

    Args:
        memory: As for `accepted`, as is the rest.
        features: …
        last: …
        records: …
        probabilities: …; not needed of a single class.
    """
    return memory.familiar(_of(features, last, records), probabilities)


def _of(features: Rows, last: slice, records: Sequence[Record]) -> np.ndarray:
    digests = [record.digest for record in records]
    found: np.ndarray = features.rows(digests, last).take(range(len(digests)))
    return found
