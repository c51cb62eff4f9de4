"""How far the numbers of each class can be trusted: 95 % intervals of precision, recall and F1."""

from collections.abc import Sequence

import numpy as np

from core.results.evaluation import wilson

Interval = tuple[float, float]


def of_classes(
    classes: Sequence[str], confusion: Sequence[Sequence[int]]
) -> dict[str, dict[str, Interval]]:
    """The intervals of each class's numbers.

    Recall and precision are shares of pictures, so Wilson's interval holds for them. F1 is
    2s / (1 + s), where s is the share of hits among all pictures that are of the class or were
    taken for it (F*, Hand, Christen and Kirielle 2021), so its interval is that of s, transformed.

    Args:
        classes: Their names.
        confusion: How many pictures of each class (row) were taken for each class (column).

    Returns:
        recall, precision and f1 of each class; (0, 1) where no picture says anything.
    """
    table = np.asarray(confusion)
    hits, there, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    found = {}
    for name, hit, of_class, taken in zip(classes, hits, there, predicted, strict=True):
        low, high = _interval(hit, of_class + taken - hit)
        found[name] = {
            "recall": _interval(hit, of_class),
            "precision": _interval(hit, taken),
            "f1": (2 * low / (1 + low), 2 * high / (1 + high)),
        }
    return found


def _interval(hits: int, pictures: int) -> Interval:
    return wilson(int(hits), int(pictures)) if pictures else (0.0, 1.0)
