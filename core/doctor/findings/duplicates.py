"""Pictures that are there more than once: the same file, or nearly the same picture.

Near-duplicates are looked for among the images that are most alike to the frozen network (its
features leave out what a copy changes), and then compared pixel by pixel (see `aligning`).
`benchmarks/near_duplicates.py` measures how many are found.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record
from core.doctor.findings.aligning import same
from core.doctor.looking import Report, Sight

_NEIGHBOURS = 10
_ALIKE = 0.65  # cosine of features, from which two images are compared


@dataclass(frozen=True)
class Neighbours:
    """The most alike images of each image, to the frozen network; the nearest first.

    Attributes:
        places: Their places, [images, neighbours].
        alike: Cosine of their features, [images, neighbours].
    """

    places: npt.NDArray[np.intp]
    alike: npt.NDArray[np.float32]


def neighbours(sight: Sight) -> Neighbours:
    """Find them block by block, without a table of all pairs."""
    from sklearn.neighbors import NearestNeighbors

    count = min(_NEIGHBOURS, len(sight.digests) - 1)
    if count < 1:
        none = (len(sight.digests), 0)
        return Neighbours(np.empty(none, np.intp), np.empty(none, np.float32))
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(sight.features)
    distances, places = search.kneighbors()  # of features of length 1
    return Neighbours(places, (1 - distances**2 / 2).astype(np.float32))


def exact(records: Iterable[Record]) -> list[list[Record]]:
    """Records of one and the same file, class by class; each group has at least two."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        found[record.digest, record.label].append(record)
    return [group for group in found.values() if len(group) > 1]


def near(sight: Sight, found: Neighbours, report: Report) -> list[list[str]]:
    """Digests of images that show one picture, in groups of at least two.

    Args:
        sight: The look at the data set.
        found: Of its images.
        report: Told pairs compared and in total.
    """
    here, which = np.nonzero(found.alike >= _ALIKE)
    pairs = np.unique(np.sort(np.stack([here, found.places[here, which]], axis=1)), axis=0)
    copies = pairs[same(sight.small, pairs, report)]
    return [[sight.digests[place] for place in group] for group in _joined(copies.tolist())]


def _joined(pairs: list[list[int]]) -> list[list[int]]:
    """Groups of what pairs connect."""
    group_of: dict[int, list[int]] = {}
    for one, other in pairs:
        mine, theirs = group_of.get(one, [one]), group_of.get(other, [other])
        if mine is theirs:
            continue
        large, small = sorted((mine, theirs), key=len, reverse=True)
        large += small
        for place in (*small, large[0]):
            group_of[place] = large
    return sorted({id(group): sorted(group) for group in group_of.values()}.values())
