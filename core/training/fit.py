"""Trains a run from images to results: reading, frozen layers, training, evaluation.

The work overlaps: while images are read and decoded, the network is built and compiled (where all
layers are frozen; else it is built first), and the first images go through its frozen part.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from core.datasets.dataset import Dataset, Decoded
from core.datasets.feed import ImageFeed
from core.errors import StopRequested
from core.intake.pictures.images import to_square
from core.network import engine
from core.network.familiarity import THRESHOLD, Memory
from core.network.features import FeatureCache, drop_oldest
from core.network.prefix import Prefix
from core.results import evaluation, learned, predictor
from core.results.answers import cut_off, kept
from core.settings import TrainingSettings
from core.storage import files, home
from core.storage.job import Stage
from core.storage.progress import StageReporter
from core.storage.runs import Run
from core.training.extraction import Extraction
from core.training.racing.candidates import SCARCE, candidates
from core.training.racing.judging import Heat, OutOfTime
from core.training.racing.race import Race
from core.training.setup import Setup

if TYPE_CHECKING:
    from core.network.classifier import Network
    from core.training.learn import Learning

Report = Callable[[int, int], None]


class Helpers(Protocol):
    """Other workers that run images through the frozen part as well (see `help_out`)."""

    def call(self, images: int) -> int:
        """Call the workers that are free, if so many new images are worth it.

        Returns:
            Into how many parts the images are divided; part 0 is for the trainer.
        """

    def finish(self) -> None:
        """Wait until the others have done their parts; one that has not begun is let go."""


def train(
    run: Run, feed: ImageFeed, helpers: Helpers | None = None, *, ready: bool = False
) -> dict[str, Any]:
    """Do everything that the run's settings say, and leave its results in its folder.

    All progress goes to the run's log, up to `finished` or `stopped`; the caller logs a
    failure.

    Args:
        run: What to train.
        feed: Where its images are.
        helpers: Who else may work on it.
        ready: Whether to make it ready for predictions too, once it has ended, so that the first
            picture need not wait for it.

    Returns:
        The results, as `results.json` holds them; without an evaluation where the run was
        stopped before its first epoch.

    Raises:
        UserError: The data or the settings cannot be used.
    """
    began = time.monotonic()
    try:
        results, learning, memory = _train(run, feed, helpers, began)
    except StopRequested:
        run.log.append("stopped", best_epoch=None, turn=run.turn)
        return {"history": [], "best_epoch": None}
    if run.at_work:  # a stop is reported before what was learned is checked and saved
        run.log.append("finished", best_epoch=results["best_epoch"], turn=run.turn)
    # Resumed meanwhile, its next turn makes a model of its own; deleted, it has none.
    if ready and run.has_model and run.turn == run.state().turn:
        run.finishing(Stage.COMPILING)
        joined = learning.join(memory)
        del learning, memory  # the memory that they take is needed
        if not joined:
            predictor.of_run(run.folder)
    return results


def help_out(run: Run, feed: ImageFeed, part: int, parts: int) -> None:
    """Run one part of the images through the frozen part, for a training in another process.

    What it leaves in the cache is all that there is to it: that process computes what is missing.

    Args:
        run: What is trained there.
        feed: Its images.
        part: Which part, from 1 on.
        parts: Of how many.

    Raises:
        UserError: The data or the settings cannot be used.
    """

    def go_on(*_: int) -> None:
        if run.stop_requested:
            raise StopRequested

    setup = Setup.of(run.space, run.settings, feed.preparation(go_on), go_on)
    with ThreadPoolExecutor(1, "network") as builder, suppress(StopRequested):
        frozen = _Frozen(setup, feed, _begun(builder, setup, feed))
        frozen.take(go_on, go_on, lambda digest: _part(digest, parts) == part)


def frozen_features(
    setup: Setup, feed: ImageFeed, reading: Report, through: Report = lambda *_: None
) -> tuple[Dataset, FeatureCache]:
    """The features of the whole frozen backbone of all images.

    Those that are in the cache are taken from there. The network is only built where images are
    missing that need it: it has never been converted on this machine, or a GPU runs it.

    Args:
        setup: Of settings with which all of one network is frozen.
        feed: The images.
        reading: Told images read and in total; what it raises ends the work.
        through: The same of those that have been through the network.
    """
    (prefix,) = setup.wholes()
    frozen = _Frozen(setup, feed, _when_asked_for(partial(setup.build, feed.count)))
    dataset = frozen.take(reading, through)
    return dataset, frozen.features[prefix]


def _part(digest: str, parts: int) -> int:
    return int(digest[:8], 16) % parts


def _train(
    run: Run, feed: ImageFeed, helpers: Helpers | None, began: float
) -> "tuple[dict[str, Any], Learning, Memory | None]":
    """The results, and what the model that was kept consists of."""
    settings = run.settings
    seconds = {"read": 0.0, "features": 0.0, "fit": 0.0}
    learning: Learning
    if settings.budget:
        race = Race(run, settings.budget, began)
        learning = race.run(
            candidates(settings, partial(_enough, run)),
            partial(_learn, run, feed, helpers, seconds),
        )
    else:
        race = None
        learning = _learn(run, feed, helpers, seconds, settings, None)
    dataset = learning.dataset
    cut_short = run.stop_requested and (race is not None or not learning.through)
    if not run.at_work:  # what stopped it has ended it
        run.log.append("finishing", stage=Stage.EVALUATION)
    elif cut_short:
        best = learning.best.epoch
        run.log.append("stopped", best_epoch=best, turn=run.turn, finishing=Stage.EVALUATION)
    fitting = time.monotonic()
    judged = dataset.of("test") or dataset.of("validation")  # a test side if the data has one
    probabilities = learning.answers(judged, StageReporter(run.log, Stage.EVALUATION))
    results = evaluation.evaluate(probabilities, judged, dataset.classes)
    learns = {record.digest for record in dataset.of("train")}
    results |= learned.told_apart(probabilities, judged, dataset.classes, learns)
    memory = learning.memory(refit=False)
    solved, split = learning.solved, "test" if dataset.of("test") else "validation"
    results |= {
        "split": split,
        "history": learning.best.history,
        "best_epoch": learning.best.epoch,
        "ordered": learning.epochs,
        "val_accuracy": results["accuracy"] if split == "validation" else learning.val_accuracy,
        "kept": "solution" if solved is not None and solved["kept"] else "epoch",
        "solved": solved,
        "calibration": learning.calibrated(probabilities, judged),
        "familiar": learning.accepted(memory, judged, probabilities) if memory else None,
        "refit": learning.refit(),
        "parameters": learning.network.parameters(learning.head),
    }
    if race is not None:
        results["race"] = race.tried
        results["winner"] = race.winner
    if len(dataset.classes) == 1:
        told = learning.told_from_others(memory, judged, learns)
        results |= told | {"history": [], "val_accuracy": told["accuracy"]}  # nothing was learned
    now = time.monotonic()
    seconds["fit"] += now - fitting
    seconds["total"] = now - began
    results["seconds"] = {name: round(value, 3) for name, value in seconds.items()}
    learning.level()
    said = kept.of_records(probabilities, judged, dataset.classes)
    if results["refit"]:
        memory = learning.memory(refit=True)
    _keep(run, learning, memory, results, said)
    if race is not None and not cut_short:
        _settle(run, race, learning)
    return results, learning, memory


def _enough(run: Run) -> bool:
    """Whether there are enough images to thaw layers, once they have been counted."""
    state = run.state()
    return state.images["train"] >= SCARCE * state.classes


def _learn(
    run: Run,
    feed: ImageFeed,
    helpers: Helpers | None,
    seconds: dict[str, float],
    settings: TrainingSettings,
    heat: Heat | None,
) -> "Learning":
    """Read what is not known yet, run it through the frozen part, and train the rest."""

    def stop() -> bool:
        return run.stop_requested

    preparation = feed.preparation(StageReporter(run.log, Stage.READING, stop))
    obtaining = StageReporter(run.log, Stage.WEIGHTS, stop)
    setup = Setup.of(run.space, settings, preparation, obtaining)
    with ThreadPoolExecutor(1, "network") as builder:
        _at(run, Stage.BUILDING, 0, 1)
        frozen = _Frozen(setup, feed, _begun(builder, setup, feed))
        _at(run, Stage.BUILDING, 1, 1)
        _go_on(run)
        reading = _in_time(StageReporter(run.log, Stage.READING, stop), heat)
        through = _in_time(StageReporter(run.log, Stage.FEATURES, stop), heat)
        if settings != replace(run.settings, budget=0):
            helpers = None  # they go by the run's settings
        parts = helpers.call(frozen.missing) if helpers else 1
        dataset = frozen.take(reading, through, lambda digest: _part(digest, parts) == 0)
        if helpers and parts > 1:
            helpers.finish()
            frozen.look_again()
            dataset = frozen.take(reading, through)
        network, features = frozen.network(), frozen.features
    for name, value in frozen.seconds.items():
        seconds[name] += value
    drop_oldest(set().union(*(cache.in_use() for cache in features.values())))
    from core.training.learn import Learning

    run.log.append("images", images=dataset.split_counts, classes=len(dataset.classes))
    fitting = time.monotonic()
    _go_on(run)
    learning = Learning(run, setup, network, dataset, features, heat)
    learning.fit()
    seconds["fit"] += time.monotonic() - fitting
    return learning


def _in_time(report: Report, heat: Heat | None) -> Report:
    """The same, which ends what would take longer than there is time for."""
    if heat is None or heat.seconds_left is None:
        return report
    seconds_left = heat.seconds_left
    first: tuple[float, int] | None = None

    def told(done: int, total: int) -> None:
        nonlocal first
        report(done, total)
        now = time.monotonic()
        if done and first is None:  # before that, the network was being built
            first = now, done
        took, made = (now - first[0], done - first[1]) if first else (0.0, 0)
        too_slow = took > _PATIENCE and took * (total - done) > seconds_left() * made
        if seconds_left() < 0 or too_slow:
            raise OutOfTime

    return told


def _settle(run: Run, race: Race, learning: "Learning") -> None:
    """Make the winner what the run trains, and its checkpoint the run's."""
    with suppress(FileNotFoundError):
        os.replace(run.checkpoint_of(race.winner), run.checkpoint)
    for number in range(len(race.tried)):
        run.checkpoint_of(number).unlink(missing_ok=True)
    run.choose(learning.settings)


def _at(run: Run, stage: Stage, done: int, total: int) -> None:
    run.log.append("stage", stage=stage, done=done, total=total, seconds_left=None)


def _go_on(run: Run) -> None:
    """Raise StopRequested where somebody wants the run to end."""
    if run.stop_requested:
        raise StopRequested


_PATIENCE = 3.0  # seconds after which the rest of a candidate's images can be estimated
_COMPARED = 32  # images that run in both precisions; 16 were as good as 128


def _begun(builder: ThreadPoolExecutor, setup: Setup, feed: ImageFeed) -> "Callable[[], Network]":
    """Begin to build the network; what is returned waits for it."""
    copies = 1 + (setup.settings.views if setup.augmentation else 0)
    return builder.submit(setup.build, feed.count * copies).result


def _when_asked_for(build: "Callable[[], Network]") -> "Callable[[], Network]":
    """Builds the network once, in whichever thread is the first to need it."""
    once, building = cache(build), threading.Lock()

    def network() -> "Network":
        with building:
            return once()

    return network


class _Frozen:
    """The frozen part of a network, being built, and the features that it has made.

    Attributes:
        network: Gives it once it is built.
        features: Of all images, by prefix.
        seconds: That reading took, and what was left of the frozen part after it.
    """

    def __init__(self, setup: Setup, feed: ImageFeed, network: "Callable[[], Network]") -> None:
        self._setup = setup
        self._feed = feed
        self.network = network
        self._prefixes = setup.prefixes(self.network)
        self._full = set(setup.in_full_precision())
        self._prefixes += self._full
        self.seconds = {"read": 0.0, "features": 0.0}
        self.look_again()

    def look_again(self) -> None:
        """Others may have added to the cache."""
        self.features = {p: FeatureCache(p.key, p.shape, p.dtype) for p in self._prefixes}

    @property
    def missing(self) -> int:
        """How many images have to go through, as far as is known before they are read."""
        digests = self._feed.digests() or set()
        return max(
            sum(digest not in cache for digest in digests)
            for prefix, cache in self.features.items()
            if prefix not in self._full
        )

    def _compiler(self, prefix: Prefix) -> Callable[[engine.Answer], engine.Engine]:
        return partial(prefix.compile, lambda: self.network().prefix_model(prefix))

    def take(
        self, reading: Report, through: Report, mine: Callable[[str], bool] = lambda _: True
    ) -> Dataset:
        """Read images and run each that is new, and its variants, through the frozen part.

        Args:
            reading: Told images read and in total; what it raises ends the work.
            through: The same of those that have been through.
            mine: Whether to take the image of this digest.
        """
        began = time.monotonic()
        setup, size = self._setup, self._setup.backbone.input_size
        augmentation, learns = setup.augmentation, self._feed.may_train()

        def variants(prefix: Prefix, digest: str) -> list[str]:
            """The cache's names of a training image's variants; others need none."""
            if learns is not None and digest not in learns:
                return []
            return setup.variant_keys(prefix, digest)

        # Every so many images run in full precision too.
        every = max(1, self._feed.count // _COMPARED)

        def keys(prefix: Prefix, digest: str) -> list[str]:
            if prefix in self._full:
                return [digest] if _part(digest, every) == 0 else []
            return [digest, *variants(prefix, digest)]

        # How many have to go through where that is known: the total people see does not move.
        known = self._feed.digests()
        expected = {
            prefix: sum(
                key not in cache
                for digest in known or ()
                if mine(digest)
                for key in keys(prefix, digest)
            )
            for prefix, cache in self.features.items()
        }

        read, files = 0, 0
        with ExitStack() as stack:
            extractions = {
                prefix: stack.enter_context(
                    Extraction(cache, self._compiler(prefix), size * size * 3)
                )
                for prefix, cache in self.features.items()
            }

            def each(decoded: Decoded) -> None:
                named = {prefix: keys(prefix, decoded.digest) for prefix in extractions}
                wanting = [
                    one
                    for prefix, one in extractions.items()
                    if named[prefix] and one.wants(decoded.digest)
                ]
                if wanting:
                    pixels = to_square(decoded.image, size, setup.settings.square)
                for extraction in wanting:
                    extraction.add(decoded.digest, pixels)
                for prefix, extraction in extractions.items():
                    for number, key in enumerate(named[prefix][1:]):
                        if extraction.wants(key):
                            assert augmentation is not None
                            view = augmentation.view(decoded.image, decoded.digest, number, size)
                            extraction.add(key, view)

            def report(done: int, total: int) -> None:
                nonlocal read, files
                read, files = done, total
                reading(done, total)
                tell()

            def tell(*_: int) -> None:
                if known is not None:
                    longest = max(expected, key=expected.__getitem__)
                    through(extractions[longest].done, expected[longest])
                    return
                # Which files are copies is not known yet, so that all of them are counted: the
                # total people see does not move here either.
                slowest = max(extractions.values(), key=lambda one: one.added - one.done)
                if slowest.added:
                    through(read * slowest.done // slowest.added, files)
                elif read == files:  # all of them are remembered
                    through(0, 0)

            def wanted(digest: str) -> bool:
                return mine(digest) and any(
                    key not in cache
                    for prefix, cache in self.features.items()
                    for key in keys(prefix, digest)
                )

            dataset = self._feed.read(wanted, each, size, report)
            rest = time.monotonic()
            for extraction in extractions.values():
                extraction.finish(tell)
        self.seconds["read"] = round(self.seconds["read"] + rest - began, 3)
        done = time.monotonic()
        self.seconds["features"] = round(self.seconds["features"] + done - rest, 3)
        return dataset


def _keep(
    run: Run,
    learning: "Learning",
    memory: Memory | None,
    results: dict[str, Any],
    said: kept.Answers,
) -> None:
    """Write the model and its results; the results last, since they say that it is all there."""
    if not run.folder.is_dir():  # deleted meanwhile: nothing of it must come back
        raise StopRequested
    network, dataset = learning.network, learning.dataset
    model = {
        "classes": list(dataset.classes),
        "origins": list(dataset.origins),
        "backbone": network.backbone.name,
        "alpha": network.backbone.alpha,
        "frozen_layers": network.frozen,
        "input_size": network.backbone.input_size,
        "cut_off": cut_off.of(run.folder),  # of an earlier turn of this run
        "familiar": {"threshold": THRESHOLD} if memory else None,
        **replace(dataset.preparation, square=learning.settings.square).to_dict(),
    }
    if network.beside is not None:
        model["beside"] = network.beside.backbone.name
    files.write_json(run.folder / home.MODEL_FACTS, model)
    with files.replacing(run.folder / home.MODEL) as aside:
        learning.whole(memory).save(aside)
    learned.keep(run, dataset, refit=results["refit"] is not None)
    kept.keep(run.folder, said)
    files.write_json(run.results_path, results)
