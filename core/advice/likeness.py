"""How like ImageNet's photos a data set is: measured by what an untouched network makes of it.

Two images of one class are taken together, and the average of what the network says of them is as
certain as 1 - H / log 1000, H being its entropy: 1 if it names one thing, 0 if it may be anything.
That is high only where the network is confident of each image and consistent in what it calls them.
Likeness is the mean over all pairs in a class, then over classes. It does not depend on how many
images there are, as the entropy of a whole class' average would. On photos of flowers, fruit and
food it is 0.46 to 0.51, on hand-drawn characters, digits and sketches 0.17 to 0.34.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np

LIKE = 0.4  # from here on, images are like ImageNet's; half way between the two kinds above


@dataclass(frozen=True)
class Likeness:
    """What an untouched network makes of a data set.

    Attributes:
        value: From 0, nothing it knows, to 1.
        images: How many it looked at.
        named: For each class, what it most often takes its images for, and how sure it is of that
            on the average, 0 to 1.
    """

    value: float
    images: int
    named: dict[str, tuple[str, float]]

    @property
    def like(self) -> bool:
        """Whether the images are like ImageNet's."""
        return self.value >= LIKE

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        named = {label: (str(name), float(sure)) for label, (name, sure) in values["named"].items()}
        return cls(float(values["value"]), int(values["images"]), named)


def likeness(probabilities: Mapping[str, np.ndarray], labels: Sequence[str]) -> Likeness:
    """The measure itself.

    Args:
        probabilities: For each class what an untouched network says of its images, [images, 1000].
        labels: What the 1000 are called.
    """
    certain = [_certainty(rows) for rows in probabilities.values()]
    named = {}
    for label, rows in probabilities.items():
        average = rows.mean(axis=0)
        named[label] = (labels[int(np.argmax(average))], round(float(np.max(average)), 4))
    images = sum(len(rows) for rows in probabilities.values())
    return Likeness(round(float(np.mean(certain)), 4), images, named)


def _certainty(rows: np.ndarray) -> float:
    """Mean over pairs of images of 1 - H / log K; of single images where there is only one."""
    if len(rows) > 1:
        pairs = np.array(list(combinations(range(len(rows)), 2)))
        rows = (rows[pairs[:, 0]] + rows[pairs[:, 1]]) / 2
    entropy = -(rows * np.log(np.maximum(rows, 1e-12))).sum(axis=1)
    return float(1 - entropy.mean() / math.log(rows.shape[1]))
