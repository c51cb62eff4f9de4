"""Shows a data set to an untouched network, to find how like ImageNet's photos it is."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from core.advice.likeness import Likeness, likeness
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights import weights
from core.datasets.dataset import Dataset, Decoded, Record
from core.datasets.feed import ImageFeed
from core.intake.pictures.images import to_square
from core.results.predictor import Submit
from core.results.untouched import labels, untouched

_PER_CLASS = 20  # images that are looked at
_NETWORK = BACKBONES["efficientnet_lite0"]  # comes with Thaw


def sample(records: Iterable[Record]) -> dict[str, list[str]]:
    """Digests of the images of each class to look at.

    They are as good as random, and always the same, in whatever order and from wherever they come.
    """
    chosen: dict[str, list[str]] = defaultdict(list)
    for digest, label in sorted({(record.digest, record.label) for record in records}):
        if len(chosen[label]) < _PER_CLASS:
            chosen[label].append(digest)
    return dict(sorted(chosen.items()))


def measure(feed: ImageFeed, report: Callable[[int, int], None]) -> tuple[Dataset, Likeness]:
    """Show some images of each class to an untouched EfficientNet-Lite0.

    Args:
        feed: Where the images are.
        report: Told images read and in total; may raise to end it.

    Raises:
        UserError: The images cannot be used.
    """
    network = untouched(_NETWORK, weights.obtain(_NETWORK, lambda *_: None, head=True))
    size = network.input_size
    dataset = feed.read(lambda _: False, lambda _: None, size, report)  # to know what is in it
    chosen = sample(dataset.records)
    wanted = {digest for digests in chosen.values() for digest in digests}

    def read(submit: Submit) -> Dataset:
        def each(decoded: Decoded) -> None:
            submit(decoded.digest, to_square(decoded.image, size))

        return feed.read(wanted.__contains__, each, size, report)

    _, answers = network.answers(read)
    stacked = {
        label: np.stack([answers[digest] for digest in digests])
        for label, digests in chosen.items()
    }
    return dataset, likeness(stacked, labels())
