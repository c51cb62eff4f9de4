"""One look at every image: what the frozen network sees in it, and a few small measures of pixels.

The network is EfficientNet-Lite0, which comes with Thaw, behind its pooling; its features go to the
cache under the key that a training has for them, so the second to come finds them there.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights import weights
from core.datasets.dataset import Dataset, Decoded, Record, Skipped
from core.datasets.feed import ImageFeed
from core.errors import UserError
from core.intake.pictures import images
from core.intake.pictures.decoders import UnreadableImage
from core.intake.pictures.preparation import Preparation
from core.network import features
from core.network.conversion import convert_apart
from core.network.features import FeatureCache
from core.network.prefix import POOLED, Prefix, prefix_at
from core.saying import say

SMALL = 64  # pixels of the side of the grey copies that near-duplicates are compared by
TINY = 4  # pixels of the side of the thumbnails that give a shortcut away
RING = 0.06  # of the picture's side: what counts as its border

_NETWORK = BACKBONES["efficientnet_lite0"]
SIDE = _NETWORK.input_size  # pixels of the square that it sees

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Sight:
    """What a look at a data set gave.

    Attributes:
        dataset: It, with all records, also those of pictures that cannot be read any more.
        lost: Pictures of it that can no longer be read, and why.
        digests: Of the different images that could be read; the rows of what follows.
        features: What the frozen network sees, float32 [images, features], each of length 1.
        small: The images in grey, uint8 [images, SMALL, SMALL].
        tiny: Thumbnails in colour, uint8 [images, TINY, TINY, 3].
        border: Mean colour of the border's 4 corners and 4 sides, uint8 [images, 8, 3].
        spread: Standard deviation of the pixels, of the channel where it is largest, 0 to 128.
    """

    dataset: Dataset
    lost: tuple[Skipped, ...]
    digests: tuple[str, ...]
    features: npt.NDArray[np.float32]
    small: npt.NDArray[np.uint8]
    tiny: npt.NDArray[np.uint8]
    border: npt.NDArray[np.uint8]
    spread: npt.NDArray[np.float32]

    @property
    def records(self) -> list[Record]:
        """One record of each image, in the order of the rows."""
        first: dict[str, Record] = {}
        for record in self.dataset.records:
            first.setdefault(record.digest, record)
        return [first[digest] for digest in self.digests]

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """The place of each image's class; of the first where it is in several."""
        place = {label: number for number, label in enumerate(self.dataset.classes)}
        return np.array([place[record.label] for record in self.records], np.intp)


def look(feed: ImageFeed, report: Report) -> Sight:
    """Look at each different image of a data set, and measure it while it is in memory.

    Args:
        feed: The data set.
        report: Told images done and in total; what it raises ends the look.

    Raises:
        UserError: As `feed.read`, or none of its images can be read.
    """
    lost: list[Skipped] = []

    def leave_out(record: Record, error: UserError | UnreadableImage) -> None:
        gone = isinstance(error, UserError)
        reason = say("its file is gone or has changed") if gone else error.said
        lost.append(Skipped(record.file, reason))

    measured: dict[str, tuple[Any, ...]] = {}
    taken: set[str] = set()
    lock = threading.Lock()
    with seeing(feed.preparation(report), partial(report, 0, feed.count)) as (cache, submit):

        def each(decoded: Decoded) -> None:
            with lock:
                if decoded.digest in taken:
                    return
                taken.add(decoded.digest)
            pixels = images.to_square(decoded.image, SIDE)
            measured[decoded.digest] = _measures(pixels)
            submit(decoded.digest, pixels)

        found = feed.read(lambda _: True, each, SIDE, report, leave_out)
    if not measured:
        raise UserError("None of these pictures can be read any more. Import them again.")
    digests = tuple(measured)
    columns = [np.stack(column) for column in zip(*measured.values(), strict=True)]
    return Sight(found, tuple(lost), digests, seen(cache, digests), *columns)


@contextmanager
def seeing(
    preparation: Preparation, go_on: Callable[[], None]
) -> Iterator[tuple[FeatureCache, Callable[[str, npt.NDArray[np.uint8]], None]]]:
    """The frozen network, ready to look at pictures.

    Args:
        preparation: How pictures are read.
        go_on: Called while the network is made ready; what it raises ends that.

    Yields:
        The cache that features go to, all of them once this ends; and what is given the digest of
        a picture and its pixels, uint8 [SIDE, SIDE, 3], from any thread.
    """
    prefix, build = _frozen(preparation)
    convert_apart(prefix.graph, build, go_on)
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    network = prefix.compile(build, cache.add)
    lock = threading.Lock()

    def submit(digest: str, pixels: npt.NDArray[np.uint8]) -> None:
        with lock:
            if digest not in cache:
                network.submit(digest, pixels)

    try:
        yield cache, submit
    finally:
        network.wait()
        cache.flush()  # a later look continues from there
        features.drop_oldest(cache.in_use())


def cached(preparation: Preparation) -> FeatureCache:
    """What the frozen network has seen in pictures so far.

    Args:
        preparation: How they are read.
    """
    prefix, _ = _frozen(preparation)
    return FeatureCache(prefix.key, prefix.shape, prefix.dtype)


def seen(cache: FeatureCache, digests: Sequence[str]) -> npt.NDArray[np.float32]:
    """Last features of pictures, each of length 1, [pictures, features].

    Args:
        cache: Holds them.
        digests: Of the pictures.
    """
    last = slice(-_NETWORK.features, None)
    found = cache.rows(digests, last).take(range(len(digests)))
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = (found / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _frozen(preparation: Preparation) -> tuple[Prefix, Callable[[], Any]]:
    """The frozen network, as the cache knows it, and what builds it."""
    file = weights.obtain(_NETWORK, lambda *_: None)
    shape = (sum(_NETWORK.stages),)
    prefix = prefix_at(POOLED, _NETWORK, weights.digest(file), shape, preparation)
    return prefix, partial(_build, _NETWORK, file.absolute())


def _build(backbone: Backbone, file: Path) -> Any:
    """The frozen network behind its pooling, as a training has it."""
    from core.backbones import load
    from core.network.classifier import Network

    body = load.load(backbone, file)
    everything = len(backbone.layers)
    network = Network(backbone, body, "", frozen_layers=everything, budget=0, images=1)
    return network.prefix_model()


def _measures(pixels: npt.NDArray[np.uint8]) -> tuple[Any, ...]:
    """Of one picture: `small`, `tiny`, `border` and `spread`, as in `Sight`."""
    picture = Image.fromarray(pixels)
    small = np.array(picture.convert("L").resize((SMALL, SMALL), Image.Resampling.BOX))
    tiny = np.array(picture.resize((TINY, TINY), Image.Resampling.BOX))
    spread = np.float32(np.max(pixels.reshape(-1, 3).std(axis=0)))
    return small, tiny, _border(pixels), spread


def _border(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Mean colours of the border's corners and of the sides between them, [8, 3]."""
    wide = max(1, round(RING * len(pixels)))
    low, middle, high = slice(0, wide), slice(wide, -wide), slice(-wide, None)
    parts = [
        pixels[rows, columns].mean(axis=(0, 1))
        for rows in (low, middle, high)
        for columns in (low, middle, high)
        if (rows, columns) != (middle, middle)
    ]
    return np.rint(parts).astype(np.uint8)
