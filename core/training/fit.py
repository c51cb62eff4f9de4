"""Trains a run from images to results: reading, frozen layers, training, evaluation.

The work overlaps: while images are read and decoded, the network is built and compiled, and the
first images go through its frozen part.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import home
from core.backbones import weights
from core.backbones.catalog import Backbone, backbone_named, backbone_of
from core.data.dataset import Dataset, Decoded, Record
from core.data.feed import ImageFeed
from core.data.images import to_square
from core.errors import StopRequested
from core.network import engine
from core.network.features import FeatureCache
from core.network.prefix import PIXELS, POOLED, Prefix, prefix_at
from core.progress import StageReporter
from core.results import evaluation
from core.runs import Run, Stage
from core.settings import TrainingSettings
from core.training.extraction import Extraction

if TYPE_CHECKING:
    from core.network.classifier import Network
    from core.training.callbacks import KeepBest

_FEATURES_BYTES = 16 << 30


def train(run: Run, feed: ImageFeed) -> dict[str, Any]:
    """Do everything that the run's settings say, and leave its results in its folder.

    All progress is told in the run's log, up to `finished` or `stopped`; whoever calls logs a
    failure.

    Returns:
        The results, as `results.json` holds them; without an evaluation where the run was
        stopped before its first epoch.

    Raises:
        UserError: The data or the settings cannot be used.
    """
    began = time.monotonic()
    try:
        results = _train(run, feed, began)
    except StopRequested:
        run.log.append("stopped", best_epoch=None)
        return {"history": [], "best_epoch": None}
    if run.stop_requested and len(results["history"]) < run.settings.epochs:
        run.log.append("stopped", best_epoch=results["best_epoch"])
    else:
        run.log.append("finished", best_epoch=results["best_epoch"])
    return results


def _train(run: Run, feed: ImageFeed, began: float) -> dict[str, Any]:
    settings = run.settings
    backbone = backbone_of(settings)

    def stop() -> bool:
        return run.stop_requested

    file = weights.obtain(backbone, StageReporter(run.log, Stage.WEIGHTS, stop))
    digest = weights.digest(file)
    with ThreadPoolExecutor(1, "network") as builder:
        building = builder.submit(_network, backbone, file, digest, settings, feed.count)
        prefix = _prefix(backbone, digest, settings, building)
        cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)

        def compile_engine(answer: engine.Answer) -> engine.Engine:
            if prefix.cut == PIXELS:
                return engine.Pixels(answer)
            return engine.compile_model(
                prefix.key, lambda: building.result().prefix_model(), answer
            )

        dataset, seconds = _extract(run, feed, backbone, cache, compile_engine, stop)
        network = building.result()
    fitting = time.monotonic()
    best, head, probabilities = _fit(run, settings, network, dataset, cache)
    run.log.append("stage", stage=Stage.EVALUATION, done=0, total=1, seconds_left=None)
    results = evaluation.evaluate(probabilities, _judged(dataset), dataset.classes)
    now = time.monotonic()
    seconds |= {"fit": round(now - fitting, 3), "total": round(now - began, 3)}
    row = next(row for row in best.history if row["epoch"] == best.epoch)
    results |= {
        "split": "test" if dataset.of("test") else "validation",
        "history": best.history,
        "best_epoch": best.epoch,
        "val_accuracy": row["val_accuracy"],
        "parameters": network.parameters(head),
        "seconds": seconds,
    }
    _keep(run, network, head, dataset, results)
    run.log.append("stage", stage=Stage.EVALUATION, done=1, total=1, seconds_left=0)
    return results


def _judged(dataset: Dataset) -> Sequence[Record]:
    """The images that the results rest on: a test side if the data came with one."""
    return dataset.of("test") or dataset.of("validation")


def _network(
    backbone: Backbone, file: Path, digest: str, settings: TrainingSettings, count: int
) -> "Network":
    """Build and cut the network; imports TensorFlow."""
    from core.network.classifier import Network

    frozen = _all_frozen(backbone, settings)
    home.root().mkdir(parents=True, exist_ok=True)
    budget = min(_FEATURES_BYTES, shutil.disk_usage(home.root()).free // 2)
    # Training changes thawed layers in place, so only a wholly frozen body is kept for others.
    body = (_frozen_body if frozen else _load_body)(backbone.name, file, digest)
    return Network(
        backbone, body, digest, frozen_layers=settings.frozen_layers, budget=budget, images=count
    )


def _load_body(name: str, file: Path, digest: str) -> Any:
    from core.backbones import load

    return load.load(backbone_named(name), file)


_frozen_body: Callable[[str, Path, str], Any] = lru_cache(maxsize=1)(_load_body)


def _all_frozen(backbone: Backbone, settings: TrainingSettings) -> bool:
    return settings.frozen_layers in (None, len(backbone.layers))


def _prefix(
    backbone: Backbone, digest: str, settings: TrainingSettings, building: "Future[Network]"
) -> Prefix:
    """What runs once an image; where all is frozen it is known before the network is built."""
    if _all_frozen(backbone, settings):
        return prefix_at(POOLED, backbone, digest, (backbone.features,))
    return building.result().prefix


def _extract(
    run: Run,
    feed: ImageFeed,
    backbone: Backbone,
    cache: FeatureCache,
    compile_engine: Callable[[engine.Answer], engine.Engine],
    stop: Callable[[], bool],
) -> tuple[Dataset, dict[str, float]]:
    """Read the images and run each that is new through the frozen part."""
    began = time.monotonic()
    size = backbone.input_size
    reading = StageReporter(run.log, Stage.READING, stop)
    frozen = StageReporter(run.log, Stage.FEATURES, stop)
    with Extraction(cache, compile_engine, size * size * 3) as extraction:

        def each(decoded: Decoded) -> None:
            if extraction.wants(decoded.digest):
                extraction.add(decoded.digest, to_square(decoded.image, size))

        def report(done: int, total: int) -> None:
            reading(done, total)
            frozen(extraction.done, total - extraction.known)

        dataset = feed.read(lambda digest: digest not in cache, each, size, report)
        read = time.monotonic()
        extraction.finish(frozen)
    ended = time.monotonic()
    return dataset, {"read": round(read - began, 3), "features": round(ended - read, 3)}


def _fit(
    run: Run, settings: TrainingSettings, network: "Network", dataset: Dataset, cache: FeatureCache
) -> tuple["KeepBest", list[Any], np.ndarray]:
    """Train what is not frozen.

    Returns:
        The best epoch and the history, the head with the best epoch's weights, and its answers
        for the images that the results rest on.
    """
    from core.backbones.frameworks import keras
    from core.network.classifier import head_layers
    from core.training.batches import Batches
    from core.training.callbacks import KeepBest, Progress
    from core.training.two_rates import TwoRates

    keras.utils.set_random_seed(settings.seed)
    head = head_layers(settings.dense, settings.dropout, len(dataset.classes), settings.seed)
    thawed = network.body.trainable_variables
    trainee = network.trainee(head)
    if thawed:
        trainee = TwoRates(trainee.inputs[0], trainee.outputs[0])
    trainee.compile(
        optimizer=keras.optimizers.get(
            {
                "class_name": settings.optimizer,
                "config": {"learning_rate": settings.learning_rate},
            }
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    if thawed:
        trainee.slow_down(thawed)

    def batches(records: Sequence[Record]) -> Batches:
        return Batches(records, dataset.classes, cache, settings.batch_size)

    training = batches(dataset.of("train"))
    best = KeepBest()
    progress = Progress(run, settings.epochs, len(training))
    with suppress(StopRequested):  # the best epoch so far is kept
        trainee.fit(
            training.shuffled(settings.seed),
            steps_per_epoch=len(training),
            shuffle=False,  # they are
            validation_data=batches(dataset.of("validation")),
            epochs=settings.epochs,
            callbacks=[best, progress],
            verbose=0,
        )
    if best.epoch is None:
        raise StopRequested
    best.restore()
    judged = batches(_judged(dataset))
    answers = [trainee(judged[i][0], training=False) for i in range(len(judged))]
    return best, head, np.concatenate(answers)


def _keep(
    run: Run, network: "Network", head: list[Any], dataset: Dataset, results: dict[str, Any]
) -> None:
    """Write the model and its results; the results last, since they say that it is all there."""
    model = {
        "classes": list(dataset.classes),
        "backbone": network.backbone.name,
        "frozen_layers": network.frozen,
        "input_size": network.backbone.input_size,
    }
    home.write_json(run.folder / "model.json", model)
    aside = run.folder / ".new.keras"
    network.whole(head).save(aside)
    aside.replace(run.folder / "model.keras")
    home.write_json(run.folder / "results.json", results)
