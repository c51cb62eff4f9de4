"""How well a model does on labelled images: the numbers that the pages and the terminal show."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.datasets.dataset import Record, labels_of

_MISTAKES = 200


def evaluate(
    probabilities: np.ndarray, records: Sequence[Record], classes: Sequence[str]
) -> dict[str, Any]:
    """Compare what the model says with what the images are.

    Args:
        probabilities: The model's answer for each image, [images, classes].
        records: The images, in the same order.
        classes: The model's classes, in its order.

    Returns:
        accuracy, correct, images and interval (see `wilson`); classes; per_class: precision,
        recall, f1 and images by class (0 where the class was never predicted or never there);
        confusion: [[…]], rows true, columns predicted; mistakes, the surest first: file, digest,
        label, predicted, confidence.
    """
    true = labels_of(records, classes)
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, (true, predicted), 1)
    correct = int((true == predicted).sum())
    wrong = np.flatnonzero(true != predicted)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]
    return {
        "accuracy": correct / len(records),
        "correct": correct,
        "images": len(records),
        "interval": wilson(correct, len(records)),
        "classes": list(classes),
        "per_class": _per_class(confusion, classes),
        "confusion": confusion.tolist(),
        "mistakes": [
            {
                "file": records[i].file,
                "digest": records[i].digest,
                "label": records[i].label,
                "predicted": classes[predicted[i]],
                "confidence": round(float(probabilities[i].max()), 6),
            }
            for i in surest[:_MISTAKES]
        ],
    }


def wilson(correct: int, images: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy: where it may well lie on other images of the kind.

    Wilson's score interval (E. B. Wilson 1927), which also holds for few images.
    """
    z = 1.959964
    share = correct / images
    middle = share + z * z / (2 * images)
    spread = z * math.sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    scale = 1 + z * z / images
    # At its ends it is exact, which a sum of rounded numbers need not be.
    low = (middle - spread) / scale if correct else 0.0
    high = (middle + spread) / scale if correct < images else 1.0
    return low, high


def mixed_up(
    classes: Sequence[str], confusion: Sequence[Sequence[int]]
) -> list[tuple[str, str, int]]:
    """What was mixed up, the commonest first.

    Args:
        classes: Their names.
        confusion: How many images of each class (row) were taken for each class (column).

    Returns:
        True class, predicted class, how often.
    """
    found = [
        (true, predicted, count)
        for true, row in zip(classes, confusion, strict=True)
        for predicted, count in zip(classes, row, strict=True)
        if count and true != predicted
    ]
    return sorted(found, key=lambda mix: -mix[2])


def _per_class(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    right = np.diag(confusion).astype(float)
    predicted = confusion.sum(axis=0)
    there = confusion.sum(axis=1)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(there, 1)
    f1 = 2 * right / np.maximum(predicted + there, 1)
    return {
        label: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "images": int(there[i]),
        }
        for i, label in enumerate(classes)
    }
