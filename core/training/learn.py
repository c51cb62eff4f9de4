"""Trains what is not frozen, on features: the head alone first, then the thawed layers with it.

A head that looks at every stage and has one layer is solved exactly after its epochs; one that only
learns from features learns once more at the end, from the validation images too.
"""

import itertools
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.datasets.dataset import Dataset, Record, labels_of
from core.errors import StopRequested, UserError
from core.network import gpu
from core.network.classifier import Network, head_layers
from core.network.familiarity import FEWEST, THRESHOLD, Memory
from core.network.features import FeatureCache, Together
from core.network.prefix import PIXELS, Prefix
from core.results import one_class, predictor
from core.settings import TrainingSettings
from core.storage import home
from core.storage.runs import Run, RunState
from core.training.batches import Batches, Lessons, Views, balancing
from core.training.callbacks import (
    EndEarly,
    Keep,
    KeepBest,
    Progress,
    Rate,
    Statistics,
    Validation,
    assign,
    values_of,
)
from core.training.checkpoint import Checkpoint, Saved
from core.training.exact import Choice, Solution, beyond_noise, choose, spread
from core.training.racing.judging import Heat, Judged, OutOfTime
from core.training.schedule import share
from core.training.setup import Setup
from core.training.steps import ManySteps, TwoRates, at_once
from core.training.trust.calibrating import Calibration
from core.training.trust.remembering import accepted, familiar, remember

_SOLVED_BYTES = 512 << 20  # of features that the exact solution learns from
_TIMED_STEPS = 3
_FORWARDS = 3  # a step of training takes about as long as looking at so many batches
_LEAST_EPOCHS = 2  # of thawed layers; fewer only spoil them
_SEEDS = "int64"  # the type of the variables that dropout draws from


def optimizer_of(settings: TrainingSettings) -> Any:
    """A new optimizer as the settings say."""
    config = {"learning_rate": settings.learning_rate}
    if settings.weight_decay:
        config["weight_decay"] = settings.weight_decay
    return keras.optimizers.get({"class_name": settings.optimizer, "config": config})


def compile_for_training(model: Any, optimizer: Any, label_smoothing: float = 0.0) -> None:
    """Tell a Keras model from features to class probabilities what to learn by."""
    loss = smoothed(label_smoothing) if label_smoothing else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    # Metrics make their variables when they see the first answers. If that were within the step,
    # TensorFlow would trace the whole step a second time.
    model.compute_metrics(None, np.zeros(1, int), np.ones((1, *model.outputs[0].shape[1:])))
    model.reset_metrics()


def smoothed(share: float) -> Callable[[Any, Any], Any]:
    """Cross-entropy with labels that leave a share of certainty to the other classes."""

    def loss(labels: Any, predicted: Any) -> Any:
        flat = keras.ops.reshape(keras.ops.cast(labels, "int32"), (-1,))
        certain = keras.ops.one_hot(flat, predicted.shape[-1])
        return keras.losses.categorical_crossentropy(certain, predicted, label_smoothing=share)

    return loss


def compile_head(alone: Any, settings: TrainingSettings, optimizer: Any) -> ManySteps:
    """What trains a head on features of the whole backbone.

    Args:
        alone: As `network.head_alone` gives it.
        settings: For the size of a batch.
        optimizer: Of the head.

    Returns:
        The Keras model to call `fit` of; it shares its variables with the head.
    """
    model = ManySteps(alone.inputs[0], alone.outputs[0])
    compile_for_training(model, optimizer, settings.label_smoothing)
    batch_bytes = 4 * settings.batch_size * math.prod(alone.inputs[0].shape[1:])
    model.divide(settings.batch_size, at_once(alone.count_params(), batch_bytes))
    return model


def compile_whole(
    trainee: Any, network: Network, settings: TrainingSettings, optimizer: Any
) -> Any:
    """What trains all that is thawed: pretrained layers at their own, lower rate.

    Args:
        trainee: As `network.trainee` gives it.
        network: Frozen and cut.
        settings: For the share of the rate.
        optimizer: Of the head; it may have warmed it up already.

    Returns:
        The Keras model to call `fit` of; it shares its variables with the trainee.
    """
    thawed = network.body.trainable_variables
    if settings.from_scratch:
        optimizer.exclude_from_weight_decay(thawed)
    if not thawed or settings.from_scratch:
        compile_for_training(trainee, optimizer, settings.label_smoothing)
        return trainee
    model = TwoRates(trainee.inputs[0], trainee.outputs[0])
    compile_for_training(model, optimizer, settings.label_smoothing)
    model.slow_down(thawed, settings.thawed_rate)
    return model


def _set_rate(optimizer: Any, rates: np.ndarray) -> None:
    optimizer.learning_rate = float(rates[0])


class Learning:
    """One fit of a network, or what is left of one that was resumed.

    Attributes:
        head: The layers from pooled features to class probabilities.
        settings: What it trains.
        network: Frozen and cut.
        dataset: The images.
        best: The best epoch and the history.
        epochs: How many there are to be.
        through: Whether `fit` got to its end without being stopped.
        solved: Accuracy and loss of the exact solution on validation images and whether it is what
            is kept; None where there is none.
        calibration: The temperature of what is kept; it is in the weights of the last layer.
    """

    def __init__(
        self,
        run: Run,
        setup: Setup,
        network: Network,
        dataset: Dataset,
        features: Mapping[Prefix, FeatureCache],
        heat: Heat | None = None,
    ) -> None:
        """
        Args:
            run: Its log, for progress, and its checkpoint.
            setup: What its settings come to.
            network: Frozen and cut.
            dataset: The images.
            features: Of all of them, at the cut and, where the head warms up, of the whole
                backbone.
            heat: The rules, where it is one of several candidates in a race.
        """
        self._run = run
        self._heat = heat
        self._setup = setup
        self.settings = settings = setup.settings
        self.network = network
        self.dataset = dataset
        self._caches = features
        self._features: dict[Prefix, FeatureCache | Together] = {**features}
        if setup.all_frozen:
            self._features[network.pooled] = Together([features[p] for p in setup.wholes()])
        state = run.state()
        self.epochs = (state.epochs if heat is None else None) or settings.epochs
        self._begin = state.begin if heat is None else 0
        self.through = False
        self.solved: dict[str, Any] | None = None
        self.calibration = Calibration()
        self._choice: Choice | None = None
        self._solving: Future[Solution] | None = None  # by what it learns from
        self._refitting: Future[Solution] | None = None  # and by the validation images too
        self._sure: dict[str, float] = {}  # of images left out of what is kept, by digest
        self._alone: tuple[Any, list[np.ndarray]] | None = None  # and its optimizer at first
        keras.utils.set_random_seed(settings.seed)
        self.head = head_layers(
            settings.dense, settings.dropout, len(dataset.classes), settings.seed
        )
        if settings.sees_stages:
            self._choice = self._chosen_for(dataset.of("train"))
            self.head.insert(0, self._choice.layer())
        self._optimizer = optimizer_of(settings)
        statistics = settings.statistics_adapt
        self._trainee = network.trainee(self.head, batch_norm_learns=statistics)
        # The same wherever the network is cut, which depends on the room on the disk.
        self._changing = [
            variable
            for layer in (*network.body.layers[network.frozen :], *self.head)
            for variable in layer.variables
            if variable.trainable or statistics or variable.dtype == _SEEDS
        ]
        self._at_first = values_of(self._changing)
        self.best = KeepBest(self._changing, settings.patience)
        self._checkpoint = Checkpoint(heat.checkpoint if heat else run.checkpoint)
        self._saved: Saved | None = None
        self._images = dataset.digest
        steps = -(-len(dataset.of("train")) // settings.batch_size)
        done = self._go_back(state)
        self._progress = Progress(run, self.epochs, steps, done)

    def fit(self) -> None:
        """Train until the last epoch or until the run is stopped, and keep what is best.

        That is the best epoch, or the exact solution where there is one.

        Raises:
            StopRequested: It was stopped before its first epoch had ended.
            UserError: The training diverged; resumed, it would do so again.
        """
        self._solve_ahead()
        ended = False
        try:
            ended = self._fit()
        except UserError:
            self._checkpoint.path.unlink(missing_ok=True)
            raise
        finally:
            if not ended and self._refitting is not None:
                self._refitting.cancel()
        if self.best.epoch is None or not self._run.keeps:
            raise StopRequested
        self.best.restore()
        self.through = ended
        if ended and self._solving is not None:
            self._solve(self._solving.result())
        self._calibrate()

    @property
    def val_accuracy(self) -> float:
        """Of what is kept, on the validation images."""
        if self.solved is not None and self.solved["kept"]:
            return float(self.solved["val_accuracy"])
        row = next(row for row in self.best.history if row["epoch"] == self.best.epoch)
        return float(row["val_accuracy"])

    def judged(self) -> Judged:
        """What it answers to images that it has not learned from.

        Those are the validation images and, where the exact solution is kept, the images by which
        it was chosen: each was left out in turn.
        """
        classes = self.dataset.classes
        validation = self.dataset.of("validation")
        found = Judged.of(validation, self._answers(validation), classes)
        if self.solved is None or not self.solved["kept"] or self._choice is None:
            return found
        records = self._as_many_as_fit(self.dataset.of("train"))
        left_out = [records[place] for place in self._choice.left_out]
        return found.with_(Judged.of(left_out, self._choice.answers, classes))

    def refit(self) -> int | None:
        """Learn once more with the same choices, from the validation images too.

        Call it when everything has been judged that is to be told: afterwards no image is left
        that it has not learned from, but for those of the test.

        Returns:
            How many images it has learned from; None where it stays as it was.
        """
        records = [*self.dataset.of("train"), *self.dataset.of("validation")]
        if not self.settings.refits or self._run.stop_requested:
            return None
        measured = values_of(self._changing)
        try:
            if self.solved is not None and self.solved["kept"]:
                begun = self._refitting
                self._take(begun.result() if begun else self._solved_by(records), records)
            else:
                self._train_anew(records)
        except StopRequested:
            assign(self._changing, measured)
            return None
        return len(records)

    def level(self) -> None:
        """Make up for features that were computed in a lower precision than predictions will be.

        What is lost by it differs little from image to image, but it may well shift a number that
        hardly varies: bfloat16 moves the early stages of line drawings by two standard deviations.
        Call it last of all.
        """
        full = self._setup.in_full_precision()
        if not full:
            return
        compared = Together([self._caches[prefix] for prefix in full])
        records = self.dataset.of("train")
        digests = [each.digest for each in records if each.digest in compared]
        if not digests:
            return
        exact, learned = (
            cache.rows(digests, self.network.seen).take(range(len(digests)))
            for cache in (compared, self._features[self.network.pooled])
        )
        shift = (exact - learned).mean(axis=0)
        if self._choice is not None:
            shift = shift * self._choice.scale
        first = next(layer for layer in self.head if isinstance(layer, keras.layers.Dense))
        kernel, bias = first.get_weights()
        first.set_weights([kernel, bias - shift @ kernel])

    def _solve_ahead(self) -> None:
        """Begin with the exact solutions in a thread: the epochs have no part in them.

        The epochs of a head leave most of a second processor free. In a race, only the winner
        learns from the validation images.
        """
        if self._choice is None or self.settings.dense:
            return
        records = self.dataset.of("train")
        beside = ThreadPoolExecutor(1, "solving")
        self._solving = beside.submit(self._solved_by, records, self._choice)
        if self.settings.refits and self._heat is None:
            records = [*records, *self.dataset.of("validation")]
            self._refitting = beside.submit(self._solved_by, records)
        beside.shutdown(wait=False)

    def _solve(self, solution: Solution) -> None:
        """Put the exact solution in the place of the best epoch, unless that is clearly better."""
        validation = self.dataset.of("validation")
        labels = labels_of(validation, self.dataset.classes)
        of_epoch = self._answers(validation).argmax(axis=1) == labels
        self._take(solution, self.dataset.of("train"))
        probabilities = self._answers(validation)
        right = probabilities.argmax(axis=1) == labels
        hit = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-7)
        self.solved = {
            "val_accuracy": round(float(right.mean()), 6),
            "val_loss": round(-float(np.log(hit).mean()), 6),
            "kept": not beyond_noise(of_epoch, right),
        }
        if not self.solved["kept"]:
            self.best.restore()
            self._sure = {}
        self._run.log.append("solved", **self.solved)

    def _calibrate(self) -> None:
        """Make what is kept as sure as it is right. The exact solution is by now."""
        if self.solved is not None and self.solved["kept"]:
            choice = self._choice
            assert choice is not None
            self.calibration = Calibration.of_solution(choice, len(self.dataset.of("train")))
            return
        validation = self.dataset.of("validation")
        labels = labels_of(validation, self.dataset.classes)
        self.calibration = Calibration.on_validation(self._answers(validation), labels)
        self._temper()

    def _temper(self) -> None:
        """Divide the scores by the temperature: in the last layer, so that it is in every copy."""
        last = self.head[-1]
        last.set_weights([each / self.calibration.temperature for each in last.get_weights()])

    def _chosen_for(self, records: Sequence[Record]) -> Choice:
        """What suits these images best; those that it chooses by are left out in turn."""
        stages, classes = self.network.stages, len(self.dataset.classes)
        return choose(*self._numbers(records, varied=False), stages, classes)

    def _solved_by(self, records: Sequence[Record], choice: Choice | None = None) -> Solution:
        """The exact solution on some images, with what suits them best unless that is known."""
        choice = choice or self._chosen_for(records)
        return choice.solution(*self._numbers(records, varied=True), len(self.dataset.classes))

    def _take(self, solution: Solution, records: Sequence[Record]) -> None:
        """Give the class layer the exact solution on some images."""
        assert self._choice is not None
        choice = solution.choice
        self.head[-1].set_weights(solution.behind(self._choice))
        of_these = self._as_many_as_fit(records)
        self._sure = {
            of_these[place].digest: float(answer.max())
            for place, answer in zip(choice.left_out, choice.answers, strict=True)
        }

    def _train_anew(self, records: Sequence[Record]) -> None:
        """Train the head from its beginning on other images, for as long as was best."""
        settings, end = self.settings, self.best.epoch
        assert end is not None
        assign(self._changing, self._at_first)
        if self._alone is not None:  # what has been traced need not be traced again
            model, fresh = self._alone
            assign(self._optimizer.variables, fresh)
        else:  # resumed after its last epoch
            optimizer = optimizer_of(settings)
            model = compile_head(self.network.head_alone(self.head), settings, optimizer)
        lessons = self._lessons(self.network.pooled, records)

        def share_at(epoch: float) -> float:
            losses = [row["val_loss"] for row in self.best.history]
            return share(settings.schedule, epoch, 0, end, losses[: int(epoch)], again=False)

        setters = [(model.set_rates, settings.learning_rate)]
        look = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda *_, **__: self._progress.look_for_a_stop()
        )
        model.fit(
            lessons.from_epoch(0, settings.seed, model.steps),
            steps_per_epoch=-(-len(lessons) // model.steps),
            shuffle=False,
            epochs=end,
            callbacks=[Rate(setters, share_at, len(lessons), model.steps), look],
            verbose=0,
        )
        self._temper()

    def _fit(self) -> bool:
        """Train until the last epoch; whether it got there."""
        network, settings, warm_up = self.network, self.settings, self._setup.warm_up
        self.best.waited_from = max(warm_up, self._begin)
        head_ends = self.epochs if self._setup.all_frozen else warm_up
        with suppress(StopRequested):  # the best epoch so far is kept
            if self._done < head_ends:
                self._progress.steady = self._setup.all_frozen
                alone = compile_head(network.head_alone(self.head), settings, self._optimizer)
                self._alone = alone, values_of(self._optimizer.variables)
                rates = [(self._optimizer, settings.learning_rate)]
                self._train(alone, network.pooled, 0, head_ends, rates)
                self._progress.steady = True
            if self._done < self.epochs and not self._setup.all_frozen:
                whole = compile_whole(self._trainee, network, settings, self._optimizer)
                rates = [(self._optimizer, settings.learning_rate)]
                if isinstance(whole, TwoRates):
                    slow = settings.learning_rate * settings.thawed_rate
                    rates.append((whole.thawed_optimizer, slow))
                self._train(whole, network.prefix, warm_up, self.epochs, rates)
            return True
        return False

    def answers(self, records: Sequence[Record], report: Callable[[int, int], None]) -> np.ndarray:
        """Class probabilities [images, classes] of images, as the network now is.

        Args:
            records: The images.
            report: Told how many are done, and in total.
        """
        at_once = self._alone[0].steps if self._alone and self._setup.all_frozen else 1
        batches = self._batches(self.network.prefix, records, at_once)
        answers: list[Any] = []
        for batch in range(len(batches)):
            report(sum(map(len, answers)), len(records))
            answers.append(self._trainee(batches[batch][0], training=False))
        report(len(records), len(records))
        return np.concatenate(answers)

    def calibrated(self, probabilities: np.ndarray, judged: Sequence[Record]) -> dict[str, Any]:
        """How well calibrated answers to images are; see `Calibration.told`.

        Args:
            probabilities: As `answers` gives them.
            judged: The images: the whole validation or test side.
        """
        labels = labels_of(judged, self.dataset.classes)
        on_these = judged[0].split == "validation"
        return self.calibration.told(probabilities, labels, fitted_on_these=on_these)

    def memory(self, *, refit: bool) -> Memory | None:
        """What the model remembers of the images it has learned from.

        Args:
            refit: Whether it has learned from the validation images as well.

        Returns:
            None where there are too few, or no features of an untouched backbone: it learned from
            nothing, or its thawed layers had no warm-up.
        """
        features = self._caches.get(self.network.pooled)
        if features is None or self.settings.from_scratch:
            return None
        records = self.dataset.of("train") + (self.dataset.of("validation") if refit else [])
        return remember(features, self._last, records, self.dataset.classes, self._sure)

    def accepted(
        self, memory: Memory, judged: Sequence[Record], probabilities: np.ndarray
    ) -> dict[str, Any]:
        """How many images look familiar; see `remembering.accepted`."""
        features = self._caches[self.network.pooled]
        return accepted(memory, features, self._last, judged, probabilities)

    def told_from_others(
        self, memory: Memory | None, judged: Sequence[Record], learns: Collection[str]
    ) -> dict[str, Any]:
        """How well a single class is distinguished from anything else; see `one_class.evaluate`.

        Args:
            memory: Of what it learned from.
            judged: The images to judge it on.
            learns: Digests of those that it has learned from.

        Raises:
            UserError: It remembers nothing, because there were too few images.
        """
        if memory is None:
            raise UserError(
                "Expected at least {count} training pictures of the only class, received fewer. "
                "Add pictures, or make the validation and test sets smaller.",
                count=FEWEST,
            )
        (label,) = self.dataset.classes
        found = familiar(memory, self._caches[self.network.pooled], self._last, judged)
        return one_class.evaluate(found, judged, label, THRESHOLD, learns)

    def whole(self, memory: Memory | None) -> Any:
        """The model to keep; see `Network.whole`."""
        thawed = memory is not None and not self._setup.all_frozen
        untouched = self._setup.untouched() if thawed else None
        return self.network.whole(self.head, memory, untouched)

    def join(self, memory: Memory | None) -> bool:
        """Put together the graph that predictions run, where everything is frozen.

        Args:
            memory: As for `whole`.

        Returns:
            Whether everything is. Otherwise the model that was kept has to be converted.
        """
        if self._setup.all_frozen:
            _, key = predictor.graph_of(self._run.folder / home.MODEL)
            self.network.join(key, self.head, memory)
        return self._setup.all_frozen

    @property
    def _last(self) -> slice:
        return slice(-self.network.backbone.features, None)

    def _answers(self, records: Sequence[Record]) -> np.ndarray:
        return self.answers(records, lambda *_: None)  # a stop comes later: there is a best epoch

    def _train(
        self, model: Any, prefix: Prefix, first: int, end: int, rates: list[tuple[Any, float]]
    ) -> None:
        """Train one model from where the run is to an epoch.

        Args:
            model: Compiled.
            prefix: Whose features it learns from.
            first: The epoch after which this model is the one to train.
            end: The epoch to train to.
            rates: Its optimizers, each with its full rate.
        """
        self._progress.look_for_a_stop()
        if not self._optimizer.built:
            self._optimizer.build(model.trainable_variables)
        optimizers = [optimizer for optimizer, _ in rates]
        self._take_up(optimizers)
        begin, seed = max(first, self._begin), self.settings.seed

        def share_at(epoch: float) -> float:
            losses = [row["val_loss"] for row in self.best.history if row["epoch"] > begin]
            again = self._begin > first
            return share(self.settings.schedule, epoch, begin, end, losses, again=again)

        def keep(done: int) -> None:
            self._done = done
            groups = {
                f"optimizer{n}": optimizer.variables for n, (optimizer, _) in enumerate(rates)
            }
            facts = {"epoch": done, "history": self.best.history, "images": self._images}
            facts["epochs"] = self.epochs
            self._checkpoint.write(facts, now=self._changing, best=self.best.values, **groups)

        lessons = self._lessons(prefix, self.dataset.of("train"))
        if isinstance(model, ManySteps):
            steps = model.steps
            setters = [(model.set_rates, rate) for _, rate in rates]
        else:
            steps = 1
            setters = [(partial(_set_rate, optimizer), rate) for optimizer, rate in rates]
        validation = self._batches(prefix, self.dataset.of("validation"), steps)
        look = self._progress.look_for_a_stop
        before: list[Any] = []
        if self.settings.statistics_adapt:
            thawed = self.network.body.layers[self.network.frozen :]
            before = [Statistics(thawed, partial(lessons.whole_batches, seed=seed), look)]
        self._progress.at_once = steps
        ends = []
        if self._heat is not None and not self._setup.all_frozen and prefix is self.network.prefix:
            ends = [EndEarly(partial(self._hopeless, self._heat))]
        with gpu.computing_in(gpu.precision(), self.network.body):
            if ends and self._done <= first:
                end = self._shorten(model, lessons, first, end, optimizers)
            model.fit(
                lessons.from_epoch(self._done, seed, steps),
                steps_per_epoch=-(-len(lessons) // steps),
                shuffle=False,  # they are
                initial_epoch=self._done,
                epochs=end,
                # The log first: what it has and the checkpoint has not is trained once more.
                callbacks=[
                    Rate(setters, share_at, len(lessons), steps),
                    *before,
                    Validation(validation, look),
                    self.best,
                    self._progress,
                    Keep(keep),
                    *ends,
                ],
                verbose=0,
            )

    def _hopeless(self, heat: Heat) -> bool:
        return heat.hopeless(self.best.history, self.epochs)

    def _shorten(
        self, model: Any, lessons: Lessons, first: int, end: int, optimizers: list[Any]
    ) -> int:
        """How many epochs there is time for, by what a few steps take; nothing is learned yet.

        Raises:
            OutOfTime: Too few.
        """
        assert self._heat is not None
        if self._heat.seconds_left is None:
            return end
        changing = [*self._changing, *(v for each in optimizers for v in each.variables)]
        before = values_of(changing)
        batches = lessons.whole_batches(self._done, self.settings.seed)
        model.train_on_batch(*next(batches))  # traced
        began, steps = time.monotonic(), 0
        for batch in itertools.islice(batches, _TIMED_STEPS):
            self._progress.look_for_a_stop()
            model.train_on_batch(*batch)
            steps += 1
        step = (time.monotonic() - began) / max(steps, 1)
        assign(changing, before)
        looked_at = len(self.dataset.of("validation")) / self.settings.batch_size
        epoch = step * (len(lessons) + looked_at / _FORWARDS)
        fitting = int(self._heat.seconds_left() / epoch)
        if fitting < _LEAST_EPOCHS:
            raise OutOfTime
        self.epochs = min(end, first + fitting)
        self._progress.shorten(self.epochs)
        self._run.log.append("shortened", epochs=self.epochs)
        return self.epochs

    def _go_back(self, state: RunState) -> int:
        """Put everything back to the checkpoint of a run that was resumed; the epochs done.

        Where there is none that can be read, everything is trained anew, unless there is a model
        that would be lost by it.
        """
        self._done = 0
        # In a race what learns from features alone is trained again: it takes seconds.
        if not state.turn or (self._heat is not None and self._setup.all_frozen):
            return 0
        saved = self._checkpoint.read()
        if saved is not None and saved.facts["images"] != self._images:
            raise UserError(
                "Expected the images that this run learned from, divided as they were, received "
                "others. Resume it with the same ones, or begin a new run."
            )
        if saved is not None and saved.fits(now=self._changing, best=self._changing):
            self._saved = saved
            self._done = saved.facts["epoch"]
            self.best.remember(saved.facts["history"], saved.group("best"))
            saved.restore("now", self._changing)
            if self._heat is not None:
                self.epochs = saved.facts["epochs"]
                for row in self.best.history:
                    self._run.log.append("epoch", **row, seconds=0.0)
                return self._done
        elif self._heat is not None:
            return 0
        elif self._run.has_model:
            raise UserError(
                "Expected the last epoch of this run, to go on from it, but its file is damaged or "
                "gone. The model that it has stays as it is. For more epochs, begin a new run."
            )
        else:
            self._begin = 0
            if state.history:
                self._run.log.append(
                    "notice",
                    message=f"The {len(state.history)} epochs that this run had trained could not "
                    "be taken up: their file is damaged or gone. It began again with the first.",
                )
        self._run.log.append("restored", epoch=self._done)
        return self._done

    def _take_up(self, optimizers: list[Any]) -> None:
        """Go on with the moments of the checkpoint, once; the thawed layers' may have none yet."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        for number, optimizer in enumerate(optimizers):
            name = f"optimizer{number}"
            if saved.fits(**{name: optimizer.variables}):
                saved.restore(name, optimizer.variables)
            elif saved.group(name):
                self._run.log.append(
                    "notice",
                    message="The optimizer's state of this run was made by another version and "
                    "could not be taken up. The weights were; expect a few uneven epochs.",
                )

    def _lessons(self, prefix: Prefix, records: Sequence[Record]) -> Lessons:
        classes, settings = self.dataset.classes, self.settings
        digests = [record.digest for record in records]
        anew = self._setup.augmentation if prefix.cut == PIXELS else None
        variants = self._variants(prefix, records)
        views = Views(self._features[prefix], digests, variants, anew, self._seen(prefix))
        weights = balancing(labels_of(records, classes), len(classes))
        size = settings.batch_size
        return Lessons(records, classes, views, size, weights if settings.balanced else None)

    def _batches(self, prefix: Prefix, records: Sequence[Record], at_once: int = 1) -> Batches:
        classes, size = self.dataset.classes, self.settings.batch_size * at_once
        return Batches(records, classes, self._features[prefix], size, self._seen(prefix))

    def _seen(self, prefix: Prefix) -> slice:
        """Which of a prefix's numbers are looked at."""
        return self.network.seen if prefix is self.network.pooled else slice(None)

    def _variants(self, prefix: Prefix, records: Sequence[Record]) -> list[list[str]]:
        """The cache's names of each image's variants; or its own name."""
        return [
            [
                key if record.split == "train" else record.digest
                for key in self._setup.variant_keys(prefix, record.digest)
            ]
            for record in records
        ]

    def _numbers(
        self, records: Sequence[Record], *, varied: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All that the head looks at in some images: features, class numbers, weights.

        Variants, and images of a very large data set, only as far as they fit into the memory.
        """
        pooled, classes = self.network.pooled, self.dataset.classes
        records = self._as_many_as_fit(records)
        variants = self._variants(pooled, records)
        if not varied or len(records) * (1 + len(variants[0])) > self._most:
            variants = [[] for _ in records]
        keys = [key for each, more in zip(records, variants, strict=True)
                for key in (each.digest, *more)]  # fmt: skip
        features = self._features[pooled].rows(keys).take(range(len(keys)))
        of_each = labels_of(records, classes)
        labels = np.repeat(of_each, 1 + len(variants[0]))
        balanced = self.settings.balanced
        weights = balancing(of_each, len(classes))[labels] if balanced else np.ones(len(labels))
        return features, labels, weights / (1 + len(variants[0]))

    @property
    def _most(self) -> int:
        """How many images' features fit into the memory."""
        return _SOLVED_BYTES // (4 * sum(map(sum, self.network.stages)))

    def _as_many_as_fit(self, records: Sequence[Record]) -> Sequence[Record]:
        if len(records) <= self._most:
            return records
        places = spread(labels_of(records, self.dataset.classes), self._most)
        return [records[place] for place in sorted(places)]
