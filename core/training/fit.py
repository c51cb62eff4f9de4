"""Trains a run from images to results: reading, frozen layers, training, evaluation.

The work overlaps: while images are read and decoded, the network is built and compiled (where all
layers are frozen; else it is built first), and the first images go through its frozen part.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from core import home
from core.data.dataset import Dataset, Decoded
from core.data.feed import ImageFeed
from core.data.images import to_square
from core.errors import StopRequested
from core.network import engine
from core.network.features import FeatureCache, drop_oldest
from core.network.prefix import Prefix
from core.progress import StageReporter
from core.results import evaluation
from core.runs import Run, Stage
from core.training.extraction import Extraction
from core.training.setup import Setup

if TYPE_CHECKING:
    from core.network.classifier import Network


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
    if run.stop_requested and len(results["history"]) < results["ordered"]:
        run.log.append("stopped", best_epoch=results["best_epoch"])
    else:
        run.log.append("finished", best_epoch=results["best_epoch"])
    return results


def _train(run: Run, feed: ImageFeed, began: float) -> dict[str, Any]:
    def stop() -> bool:
        return run.stop_requested

    setup = Setup.of(run.settings, StageReporter(run.log, Stage.WEIGHTS, stop))
    with ThreadPoolExecutor(1, "network") as builder:
        copies = 1 + (run.settings.views if setup.augmentation else 0)
        building = builder.submit(setup.build, feed.count * copies)
        prefixes = setup.prefixes(building.result)
        features = {p: FeatureCache(p.key, p.shape, p.dtype) for p in prefixes}

        def compiler(prefix: Prefix) -> Callable[[engine.Answer], engine.Engine]:
            return partial(prefix.compile, lambda: building.result().prefix_model(prefix))

        compilers = {prefix: compiler(prefix) for prefix in prefixes}
        size = setup.backbone.input_size
        dataset, seconds = _extract(run, setup, feed, size, features, compilers, stop)
        network = building.result()
    drop_oldest([prefix.key for prefix in prefixes])
    from core.training.learn import Learning

    run.log.append("images", images=dataset.split_counts, classes=len(dataset.classes))
    fitting = time.monotonic()
    learning = Learning(run, setup, network, dataset, features)
    learning.fit()
    judged = dataset.of("test") or dataset.of("validation")  # a test side if the data has one
    probabilities = learning.answers(judged)
    run.log.append("stage", stage=Stage.EVALUATION, done=0, total=1, seconds_left=None)
    results = evaluation.evaluate(probabilities, judged, dataset.classes)
    now = time.monotonic()
    seconds |= {"fit": round(now - fitting, 3), "total": round(now - began, 3)}
    best = learning.best
    row = next(row for row in best.history if row["epoch"] == best.epoch)
    results |= {
        "split": "test" if dataset.of("test") else "validation",
        "history": best.history,
        "best_epoch": best.epoch,
        "ordered": learning.epochs,
        "val_accuracy": row["val_accuracy"],
        "parameters": network.parameters(learning.head),
        "seconds": seconds,
    }
    _keep(run, network, learning.head, dataset, results)
    run.log.append("stage", stage=Stage.EVALUATION, done=1, total=1, seconds_left=0)
    return results


def _extract(
    run: Run,
    setup: Setup,
    feed: ImageFeed,
    size: int,
    features: Mapping[Prefix, FeatureCache],
    compilers: Mapping[Prefix, Callable[[engine.Answer], engine.Engine]],
    stop: Callable[[], bool],
) -> tuple[Dataset, dict[str, float]]:
    """Read the images and run each that is new, and its variants, through the frozen part."""
    began = time.monotonic()
    reading = StageReporter(run.log, Stage.READING, stop)
    frozen = StageReporter(run.log, Stage.FEATURES, stop)
    augmentation, learns = setup.augmentation, feed.may_train()

    def variants(prefix: Prefix, digest: str) -> list[str]:
        """The cache's names of an image's variants; those of validation images are not needed."""
        if learns is not None and digest not in learns:
            return []
        return setup.variant_keys(prefix, digest)

    with ExitStack() as stack:
        extractions = {
            prefix: stack.enter_context(Extraction(cache, compilers[prefix], size * size * 3))
            for prefix, cache in features.items()
        }

        def each(decoded: Decoded) -> None:
            wanting = [one for one in extractions.values() if one.wants(decoded.digest)]
            if wanting:
                pixels = to_square(decoded.image, size)
            for extraction in wanting:
                extraction.add(decoded.digest, pixels)
            for prefix, extraction in extractions.items():
                for number, key in enumerate(variants(prefix, decoded.digest)):
                    if extraction.wants(key):
                        assert augmentation is not None
                        view = augmentation.view(decoded.image, decoded.digest, number, size)
                        extraction.add(key, view)

        def report(done: int, total: int) -> None:
            reading(done, total)
            slowest = max(extractions.values(), key=lambda one: one.added - one.done)
            frozen(slowest.done, slowest.added * total // max(done, 1))

        def wanted(digest: str) -> bool:
            return any(
                key not in cache
                for prefix, cache in features.items()
                for key in [digest, *variants(prefix, digest)]
            )

        dataset = feed.read(wanted, each, size, report)
        read = time.monotonic()
        longest = max(extractions.values(), key=lambda one: one.added)
        for extraction in extractions.values():
            extraction.finish(lambda *_: frozen(longest.done, longest.added))
    ended = time.monotonic()
    return dataset, {"read": round(read - began, 3), "features": round(ended - read, 3)}


def _keep(
    run: Run, network: "Network", head: list[Any], dataset: Dataset, results: dict[str, Any]
) -> None:
    """Write the model and its results; the results last, since they say that it is all there."""
    model = {
        "classes": list(dataset.classes),
        "backbone": network.backbone.name,
        "alpha": network.backbone.alpha,
        "frozen_layers": network.frozen,
        "input_size": network.backbone.input_size,
    }
    home.write_json(run.folder / "model.json", model)
    aside = run.folder / ".new.keras"
    network.whole(head).save(aside)
    aside.replace(run.folder / "model.keras")
    home.write_json(run.folder / "results.json", results)
