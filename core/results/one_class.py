"""How well a network with a single class tells it from anything else.

It names that class whatever it is shown; what it can say is whether a picture looks like the ones
that it was taught. So it is right about a picture of its class that looks familiar, and about a
picture of anything else that does not.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record
from core.results.evaluation import wilson

_MISTAKES = 200


def evaluate(
    familiar: npt.NDArray[np.floating],
    records: Sequence[Record],
    label: str,
    threshold: float,
    learned: Collection[str] | None = (),
) -> dict[str, Any]:
    """Judge a network with a single class on pictures of it, and of other things if there are any.

    Args:
        familiar: How familiar each picture looks, [pictures].
        records: The pictures, in the same order.
        label: The class; every other label stands for something else.
        threshold: From where on a picture counts as familiar.
        learned: Digests of the pictures that it has learned from; None where nobody knows.

    Returns:
        The keys of `evaluation.evaluate`, `calibration.judged` and `learned.told_apart`, as far as
        they mean something with one class: mistakes and cut_offs are empty, calibration is None.
        alone: `own` and `strangers`, each with images, correct, share and interval, or None where
        there are none; `refused` and `let_in`: the mistakes, the clearest first, each with file,
        digest, label and familiar.
    """
    own = np.array([record.label == label for record in records])
    known = familiar.ravel() >= threshold
    right = known == own
    accepted = int((known & own).sum())
    precision = accepted / max(int(known.sum()), 1)
    recall = accepted / max(int(own.sum()), 1)
    sum_of_both = max(precision + recall, 1e-12)
    new = np.array([learned is not None and record.digest not in learned for record in records])
    return {
        "accuracy": float(right.mean()),
        "correct": int(right.sum()),
        "images": len(records),
        "interval": wilson(int(right.sum()), len(records)),
        "classes": [label],
        "per_class": {
            label: {
                "precision": precision,
                "recall": recall,
                "f1": 2 * precision * recall / sum_of_both,
                "images": int(own.sum()),
            }
        },
        "confusion": [[accepted]],
        "mistakes": [],
        "calibration": None,
        "cut_offs": [],
        "learned_from": None if learned is None else int((~new).sum()),
        "unseen": None if learned is None else _share(right[new], "accuracy"),
        "alone": {
            "own": _share(right[own]),
            "strangers": _share(right[~own]),
            "refused": _rows(familiar, records, own & ~known, clearest=1),
            "let_in": _rows(familiar, records, ~own & known, clearest=-1),
        },
    }


def _share(right: npt.NDArray[np.bool_], name: str = "share") -> dict[str, Any] | None:
    if not right.size:
        return None
    correct = int(right.sum())
    return {
        name: correct / right.size,
        "correct": correct,
        "images": right.size,
        "interval": wilson(correct, right.size),
    }


def _rows(
    familiar: npt.NDArray[np.floating],
    records: Sequence[Record],
    wrong: npt.NDArray[np.bool_],
    *,
    clearest: int,
) -> list[dict[str, Any]]:
    """The mistakes: rising in how familiar they look where `clearest` is 1, falling where -1."""
    flat = familiar.ravel()
    places = np.flatnonzero(wrong)
    order = places[np.argsort(clearest * flat[places], kind="stable")]
    return [
        {
            "file": records[i].file,
            "digest": records[i].digest,
            "label": records[i].label,
            "familiar": round(float(flat[i]), 6),
        }
        for i in order[:_MISTAKES]
    ]
