"""Measures what a training will take, with the very parts that train, on a few images.

Nothing of it is lost: converted graphs and features stay in the cache for the training itself.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.advice.estimate import Probe
from core.datasets.dataset import Dataset, Decoded
from core.datasets.feed import ImageFeed
from core.intake.pictures.images import to_square
from core.network import engine, gpu
from core.network.classifier import Network, head_layers
from core.network.features import FeatureCache
from core.network.prefix import Prefix
from core.settings import Squaring, TrainingSettings
from core.storage.home import Space
from core.training.learn import compile_head, compile_whole, optimizer_of
from core.training.setup import Setup

_IMAGES = 24
_HEAVY = 2_000_000_000  # multiply-adds an image from which fewer images must do
_FEW = 8
_SECONDS = 1.5  # that one trial step may take, by what it took to look at the same images
_STEPS = 3
_BACKWARD = 3  # a training step takes about three times what looking takes


def probe(space: Space, feed: ImageFeed, dataset: Dataset, settings: TrainingSettings) -> Probe:
    """Try a training out.

    Args:
        space: Where a weights file lies that somebody brought.
        feed: Where the images are.
        dataset: They, as the feed gives them.
        settings: What is to be trained; its weights must be here.

    Raises:
        UserError: The settings or the weights cannot be used.
    """
    setup = Setup.of(space, settings, dataset.preparation, _no_download)
    began = time.monotonic()
    network = setup.build(len(dataset.records))
    built = time.monotonic() - began
    prefixes = setup.prefixes(lambda: network)
    digests = [record.digest for record in dataset.records]
    trial = _Trial(feed, network, settings.square)
    learned_from = [record.digest for record in dataset.of("train")]
    new = max(
        trial.missing(
            prefix,
            digests + [key for each in learned_from for key in setup.variant_keys(prefix, each)],
        )
        for prefix in prefixes
    )
    few = digests[:: max(1, len(digests) // trial.images)][: trial.images]
    image = trial.seconds(prefixes, set(few))
    frozen = image if prefixes == [network.pooled] else trial.seconds([network.pooled], set(few))
    head = head_layers(settings.dense, settings.dropout, len(dataset.classes), settings.seed)
    classes, batch = len(dataset.classes), min(settings.batch_size, dataset.split_counts["train"])
    alone = compile_head(network.head_alone(head), settings, optimizer_of(settings))
    steps = min(alone.steps, -(-dataset.split_counts["train"] // batch))
    traced_head, call = _step(alone, batch * steps, classes)
    head_step = call / steps
    tracing, step, judge = traced_head, head_step, head_step / batch
    if not setup.all_frozen:
        trainee = network.trainee(head, batch_norm_learns=settings.statistics_adapt)
        model = compile_whole(trainee, network, settings, optimizer_of(settings))
        with gpu.computing_in(gpu.precision(), network.body):
            judge = _judge(model)
            most = 1 + int(_SECONDS / (_BACKWARD * max(judge, 1e-4)))
            tried = min(batch, most)
            traced, step = _step(model, tried, classes)
        step *= batch / tried
        tracing += traced
    return Probe(
        prepare=round(built + trial.compiling + tracing, 3),
        image=image,
        new_images=new,
        feature_bytes=sum(_bytes(prefix) for prefix in prefixes),
        head_step=head_step,
        step=step,
        judge=judge,
        frozen_image=frozen,
        trained_from=network.trained_from,
    )


def _no_download(done: int, total: int) -> None:
    """A probe does not wait for one: it is asked for only where the weights are here."""


class _Trial:
    """A few images on their way through what is frozen.

    Attributes:
        images: How many.
        compiling: Seconds that compiling the converted graphs took.
    """

    def __init__(self, feed: ImageFeed, network: Network, square: Squaring) -> None:
        self._feed = feed
        self._network = network
        self._square = square
        heavy = network.backbone.multiply_adds > _HEAVY
        self.images = _FEW if heavy else _IMAGES
        self.compiling = 0.0
        self._ready: dict[Prefix, tuple[FeatureCache, engine.Engine]] = {}

    def missing(self, prefix: Prefix, keys: list[str]) -> int:
        """How many images and variants have no features yet."""
        cache, _ = self._made(prefix)
        return sum(key not in cache for key in keys)

    def seconds(self, prefixes: list[Prefix], chosen: set[str]) -> float:
        """Seconds an image from its file to its features, all processors at work."""
        ready = [self._made(prefix) for prefix in prefixes]
        size = self._network.backbone.input_size
        submitting = threading.Lock()

        def each(decoded: Decoded) -> None:
            pixels = to_square(decoded.image, size, self._square)
            with submitting:
                for _, compiled in ready:
                    compiled.submit(decoded.digest, pixels)

        began = time.monotonic()
        self._feed.read(chosen.__contains__, each, size, lambda *_: None)
        for _, compiled in ready:
            compiled.wait()
        elapsed = time.monotonic() - began
        for cache, _ in ready:
            cache.flush()
        return elapsed / len(chosen)

    def _made(self, prefix: Prefix) -> tuple[FeatureCache, engine.Engine]:
        if prefix not in self._ready:
            cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
            self._compile(prefix, cache)  # the first time may convert it, which is done only once
            began = time.monotonic()
            compiled = self._compile(prefix, cache)
            self.compiling += time.monotonic() - began
            self._ready[prefix] = cache, compiled
        return self._ready[prefix]

    def _compile(self, prefix: Prefix, cache: FeatureCache) -> engine.Engine:
        return prefix.compile(lambda: self._network.prefix_model(prefix), cache.add)


def _bytes(prefix: Prefix) -> int:
    return int(np.prod(prefix.shape)) * np.dtype(prefix.dtype).itemsize


def _features(model: Any, images: int) -> np.ndarray:
    """Numbers of the right shape; what they are makes no difference to the time."""
    taken_in = model.inputs[0]
    return np.ones((images, *taken_in.shape[1:]), taken_in.dtype)


def _step(model: Any, batch: int, classes: int) -> tuple[float, float]:
    """Seconds that a first training step takes longer, and that each of the next ones takes."""
    features, labels = _features(model, batch), np.arange(batch) % classes
    first = _timed(lambda: model.train_on_batch(features, labels))
    next_ones = _timed(lambda: [model.train_on_batch(features, labels) for _ in range(_STEPS)])
    return max(0.0, first - next_ones / _STEPS), next_ones / _STEPS


def _judge(model: Any) -> float:
    """Seconds to look at one image."""
    features = _features(model, 1)
    model.predict_on_batch(features)  # traced
    return _timed(lambda: [model.predict_on_batch(features) for _ in range(_STEPS)]) / _STEPS


def _timed(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
