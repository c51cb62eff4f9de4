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
from core.saying import say, several

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
        move = Fix(Action.MOVE, (record.file,), say("Move to {name}", name=label), label)
        remove = Fix(Action.REMOVE, (record.file,), say("Remove it"))
        told = say("in {label}, looks like {guess}", label=record.label, guess=label)
        cases.append(Case((record.file,), told, (move, remove)))
    if cases:
        yield Finding(
            Problem.LABEL,
            serious=True,
            title=several(
                "{count} picture may be in the wrong class",
                "{count} pictures may be in the wrong class",
                len(cases),
            ),
            sentence=say(
                "A classifier trained on all other pictures predicts another class for these. Some "
                "are only unusual: look at each one and decide."
            ),
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
