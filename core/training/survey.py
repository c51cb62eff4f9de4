"""Shows a data set to an untouched network, to find how like ImageNet's photos it is."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from core.backbones import weights
from core.backbones.catalog import BACKBONES
from core.data.dataset import Dataset, Decoded, Record
from core.data.feed import ImageFeed
from core.data.images import to_square
from core.results.predictor import Submit
from core.results.untouched import labels, untouched
from core.training.likeness import Likeness, likeness

_PER_CLASS = 20  # images that are looked at
_NETWORK = BACKBONES["efficientnet_lite0"]  # comes with Thaw


def sample(records: Iterable[Record]) -> set[str]:
    """Digests of the images to look at: as good as random, and always the same."""
    chosen: dict[str, list[str]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.digest):
        if len(chosen[record.label]) < _PER_CLASS:
            chosen[record.label].append(record.digest)
    return {digest for digests in chosen.values() for digest in digests}


def measure(
    feed: ImageFeed,
    report: Callable[[int, int], None],
    wanted: Callable[[str], bool] = lambda _: True,
) -> tuple[Dataset, Likeness]:
    """Show some images of each class to an untouched EfficientNet-Lite0.

    Args:
        feed: Where the images are.
        report: Told images read and in total; may raise to end it.
        wanted: Whether the image of a digest need be decoded, for feeds that know.

    Raises:
        UserError: The images cannot be used.
    """
    network = untouched(_NETWORK, weights.obtain(_NETWORK, lambda *_: None, head=True))
    counts: Counter[str] = Counter()
    label_of: dict[str, str] = {}
    lock = threading.Lock()

    def read(submit: Submit) -> Dataset:
        def each(decoded: Decoded) -> None:
            with lock:
                if counts[decoded.label] == _PER_CLASS or decoded.digest in label_of:
                    return
                counts[decoded.label] += 1
                label_of[decoded.digest] = decoded.label
            submit(decoded.digest, to_square(decoded.image, network.input_size))

        return feed.read(wanted, each, network.input_size, report)

    dataset, answers = network.answers(read)
    by_class: dict[str, list[np.ndarray]] = defaultdict(list)
    for digest, probabilities in sorted(answers.items()):
        by_class[label_of[digest]].append(probabilities)
    stacked = {label: np.stack(rows) for label, rows in by_class.items()}
    return dataset, likeness(stacked, labels())
