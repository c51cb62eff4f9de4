"""The pictures of a data set that look most like one of them, whatever class they are in.

They go by what the check-up's frozen network sees (see `looking`), which a training or a check-up
has often left in the cache. So near-copies and pictures in a wrong class are found before anything
is trained.
"""

from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.datasets import store
from core.datasets.dataset import Decoded, Record
from core.datasets.feed import ImageFeed
from core.doctor import looking
from core.doctor.looking import Report
from core.errors import UserError
from core.intake.pictures import images
from core.storage import files, home


class _NotSeen(Exception):
    """Nobody has looked at some pictures yet."""


def look(feed: ImageFeed, report: Report) -> list[str]:
    """Have what the frozen network sees of every picture in the cache.

    Args:
        feed: The data set.
        report: Told pictures done and in total, of those that are not there yet; what it raises
            ends it, and what was seen until then is kept.

    Returns:
        Digests of pictures that can no longer be read.

    Raises:
        UserError: As `feed.read`.
    """
    lost: list[str] = []

    def leave_out(record: Record, _: Exception) -> None:
        lost.append(record.digest)

    with looking.seeing(feed.preparation(report), partial(report, 0, feed.count)) as seen_by:
        cache, submit = seen_by

        def each(decoded: Decoded) -> None:
            submit(decoded.digest, images.to_square(decoded.image, looking.SIDE))

        feed.read(lambda digest: digest not in cache, each, looking.SIDE, report, leave_out)
    return lost


class _Seen:
    """What the frozen network sees in each picture of a data set.

    Attributes:
        digests: Of the pictures that can be read.
        features: Of each, of length 1, [pictures, features].
    """

    def __init__(self, folder: Path) -> None:
        dataset = store.load(folder)
        lost = _lost(folder)
        cache = looking.cached(dataset.preparation)
        every = dict.fromkeys(record.digest for record in dataset.records)
        self.digests = [digest for digest in every if digest not in lost]
        if not all(digest in cache for digest in self.digests):
            raise _NotSeen
        self.features: npt.NDArray[np.float32] = looking.seen(cache, self.digests)


@lru_cache(maxsize=1)
def _warm(folder: Path, dataset: files.Stamp, looked: files.Stamp) -> _Seen:
    return _Seen(folder)


def nearest(folder: Path, digest: str, count: int) -> list[tuple[str, float]] | None:
    """The pictures of a data set that look most like one of them.

    Args:
        folder: Where the data set lies.
        digest: Of the picture.
        count: How many to name.

    Returns:
        Digests, the most alike first, each with the cosine between the features of both, at most
        1; the picture itself is not among them. None while not all pictures were looked at.

    Raises:
        UserError: The data set or the picture is gone, or the picture can't be read any more.
    """
    try:
        seen = _warm(folder, store.stamp(folder), files.stamp(_place(folder)))
    except _NotSeen:
        return None
    if digest not in seen.digests:
        raise UserError("This picture can't be read any more, so nothing is compared with it.")
    own = seen.digests.index(digest)
    cosines = seen.features @ seen.features[own]
    order = np.argsort(-cosines, kind="stable")
    return [
        (seen.digests[place], min(float(cosines[place]), 1.0)) for place in order if place != own
    ][:count]


def keep_lost(folder: Path, lost: list[str]) -> None:
    """Note which pictures could not be read, so that nobody waits for them.

    Args:
        folder: Where the data set lies.
        lost: Their digests.
    """
    _place(folder).parent.mkdir(exist_ok=True)
    files.write_json(_place(folder), {"lost": lost})


def _lost(folder: Path) -> set[str]:
    try:
        return set(files.read_json(_place(folder))["lost"])
    except (OSError, ValueError, TypeError, KeyError):
        return set()  # nobody has looked yet, or the file is damaged: they are looked at again


def _place(folder: Path) -> Path:
    return folder / home.ALIKE / home.LOST
