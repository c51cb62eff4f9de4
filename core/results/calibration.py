"""Whether a model's percentages mean what they say, and what a cut-off would leave unanswered.

The arithmetic here is on how sure a model was of each picture and whether it was right, so the
pages can do it at every move of a slider.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record, labels_of
from core.results.evaluation import wilson

BINS = 10
_CUT_OFFS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

Confidences = npt.NDArray[np.floating]
Right = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


def reliability(confidences: Confidences, right: Right) -> dict[str, Any]:
    """How sure a model is, against how often it is right.

    Args:
        confidences: How sure it was of each picture, [pictures].
        right: Whether it was right, [pictures].

    Returns:
        error: the expected calibration error (Naeini et al. 2015), the mean distance between
        confidence and accuracy over ten ranges of confidence, weighted by pictures; bins: of each
        range that has pictures `from`, `to`, `images`, mean `confidence` and `accuracy` with its
        `interval`.
    """
    places = ranges(confidences)
    bins = []
    error = 0.0
    for place in np.unique(places):
        inside = places == place
        images, correct = int(inside.sum()), int(right[inside].sum())
        sure = float(confidences[inside].mean())
        error += abs(sure - correct / images) * images / len(right)
        bins.append(
            {
                "from": round(float(place) / BINS, 6),
                "to": round(float(place + 1) / BINS, 6),
                "images": images,
                "confidence": round(sure, 6),
                "accuracy": correct / images,
                "interval": wilson(correct, images),
            }
        )
    return {"error": round(float(error), 6), "bins": bins}


def ranges(confidences: Confidences) -> Places:
    """In which of the ten ranges of confidence each answer is; certainty is in the last one."""
    return np.minimum((confidences * BINS).astype(np.intp), BINS - 1)


def answered(confidences: Confidences, right: Right, cut_off: float) -> dict[str, Any]:
    """What is left where a model only answers when it is at least so sure.

    Args:
        confidences: How sure it was of each picture, [pictures].
        right: Whether it was right, [pictures].
        cut_off: From 0 to 1.

    Returns:
        images: how many there are; answered: how many of them; correct: how many of those are
        right; share: that is answered; accuracy and interval of what is answered (None where
        nothing is).
    """
    chosen = confidences >= cut_off
    count, correct = int(chosen.sum()), int(right[chosen].sum())
    return {
        "images": len(right),
        "answered": count,
        "correct": correct,
        "share": count / len(right) if len(right) else 0.0,
        "accuracy": correct / count if count else None,
        "interval": wilson(correct, count) if count else None,
    }


def answered_by_class(
    confidences: Confidences,
    right: Right,
    labels: Places,
    classes: Sequence[str],
    cut_off: float,
) -> dict[str, dict[str, Any]]:
    """The same of the pictures of each class.

    Args:
        confidences: As for `answered`, as is the next.
        right: …
        labels: The place of each picture's own class.
        classes: Their names.
        cut_off: From 0 to 1.
    """
    return {
        name: answered(confidences[labels == place], right[labels == place], cut_off)
        for place, name in enumerate(classes)
    }


def judged(
    probabilities: npt.NDArray[np.floating], records: Sequence[Record], classes: Sequence[str]
) -> dict[str, Any]:
    """What an evaluation says of how sure the model is.

    Args:
        probabilities: The model's answer for each image, [images, classes].
        records: The images, in the same order.
        classes: The model's classes, in its order.

    Returns:
        calibration: as `reliability`; cut_offs: as `cut_offs`.
    """
    labels = labels_of(records, classes)
    right = probabilities.argmax(axis=1) == labels
    return {
        "calibration": reliability(probabilities.max(axis=1), right),
        "cut_offs": cut_offs(probabilities, labels, classes),
    }


def cut_offs(
    probabilities: npt.NDArray[np.floating], labels: Places, classes: Sequence[str]
) -> list[dict[str, Any]]:
    """What some cut-offs would leave.

    Args:
        probabilities: The model's answer for each picture, [pictures, classes].
        labels: The place of each picture's own class.
        classes: Their names.

    Returns:
        One row a cut-off: `cut_off`, what `answered` gives, and `per_class`.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return [
        {
            "cut_off": each,
            **answered(sure, right, each),
            "per_class": answered_by_class(sure, right, labels, classes, each),
        }
        for each in _CUT_OFFS
    ]
