"""Images that are probably in the wrong class: confident learning on frozen features, by cleanlab.

Each image is guessed by a classifier that has learned from all the others (see `guessing`).
cleanlab reckons from the guesses how often each class is called another, and which images these
are.
"""

import warnings
from collections.abc import Collection, Iterator

import numpy as np

from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)
from core.doctor.guessing import Guesses
from core.doctor.looking import Sight

_LEAST = 5  # images of a class; of fewer, the others say too little


def findings(sight: Sight, guesses: Guesses, spoken_for: Collection[str]) -> Iterator[Finding]:
    """The suspects, the likeliest first.

    Args:
        sight: The look at the data set.
        guesses: Of its images.
        spoken_for: Files that another finding has to do with: blank, or in two classes.
    """
    records = sight.records
    cases = []
    for place in suspects(guesses):
        record, label = records[place], sight.dataset.classes[guesses.guessed[place]]
        if record.file in spoken_for:
            continue
        move = Fix(Action.MOVE, (record.file,), f"Move to {label}", label)
        remove = Fix(Action.REMOVE, (record.file,), "Remove it")
        told = f"is called {record.label}, looks like {label}"
        cases.append(Case((record.file,), told, (move, remove)))
    if cases:
        count = "1 picture" if len(cases) == 1 else f"{len(cases):,} pictures"
        yield Finding(
            Problem.LABEL,
            serious=True,
            title=f"{count} may be in the wrong class",
            sentence="A classifier that has learned from all other pictures takes them for "
            "something else. Some are only unusual: look at each, and decide.",
            cases=tuple(cases),
        )


def suspects(guesses: Guesses) -> list[int]:
    """Places of the images that are probably in the wrong class, the likeliest first."""
    from cleanlab.filter import find_label_issues

    counts = np.bincount(guesses.labels, minlength=guesses.probabilities.shape[1])
    told = counts >= _LEAST
    rows = np.flatnonzero(told[guesses.labels])
    if told.sum() < 2:
        return []
    renumbered = np.cumsum(told) - 1
    probabilities = guesses.probabilities[rows][:, told]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class may have no suspects, and the like
        found = find_label_issues(
            renumbered[guesses.labels[rows]],
            probabilities,
            filter_by="both",
            return_indices_ranked_by="self_confidence",
            n_jobs=1,
        )
    return [int(rows[place]) for place in found]
