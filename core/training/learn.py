"""Trains what is not frozen, on features: the head alone first, then the thawed layers with it."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.datasets.dataset import Dataset, Record
from core.errors import StopRequested, UserError
from core.intake.pictures.preparation import Preparation
from core.network import gpu
from core.network.classifier import Network, head_layers
from core.network.features import FeatureCache
from core.network.prefix import PIXELS, Prefix
from core.settings import TrainingSettings
from core.storage.runs import Run, RunState
from core.training.batches import Batches, Lessons, Views, balancing, labels_of
from core.training.callbacks import Keep, KeepBest, Progress, Rate, Statistics, Validation
from core.training.checkpoint import Checkpoint, Saved
from core.training.schedule import share
from core.training.setup import Setup
from core.training.steps import ManySteps, TwoRates, at_once

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


def digest_of(records: Sequence[Record], preparation: Preparation) -> str:
    """Stands for images, how they are read, their classes and their sides of the split."""
    told = sorted(f"{record.digest} {record.split} {record.label}" for record in records)
    told += [preparation.key] if preparation.key else []
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


class Learning:
    """One fit of a network, or what is left of one that was resumed.

    Attributes:
        head: The layers from pooled features to class probabilities.
        best: The best epoch and the history.
        epochs: How many there are to be.
    """

    def __init__(
        self,
        run: Run,
        setup: Setup,
        network: Network,
        dataset: Dataset,
        features: Mapping[Prefix, FeatureCache],
    ) -> None:
        """
        Args:
            run: Its log, for progress, and its checkpoint.
            setup: What its settings come to.
            network: Frozen and cut.
            dataset: The images.
            features: Of all of them, at the cut and, where the head warms up, of the whole
                backbone.
        """
        self._run = run
        self._setup = setup
        self._settings = settings = setup.settings
        self._network = network
        self._dataset = dataset
        self._features = features
        state = run.state()
        self.epochs = state.epochs or settings.epochs
        self._begin = state.begin
        keras.utils.set_random_seed(settings.seed)
        self.head = head_layers(
            settings.dense, settings.dropout, len(dataset.classes), settings.seed
        )
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
        self.best = KeepBest(self._changing, settings.patience)
        self._checkpoint = Checkpoint(run.checkpoint)
        self._saved: Saved | None = None
        self._images = digest_of(dataset.records, dataset.preparation)
        steps = -(-len(dataset.of("train")) // settings.batch_size)
        self._progress = Progress(run, self.epochs, steps, self._go_back(state))

    def fit(self) -> None:
        """Train until the last epoch or until the run is stopped, and go back to the best epoch.

        Raises:
            StopRequested: It was stopped before its first epoch had ended.
            UserError: The training went astray; resumed, it would do so again.
        """
        try:
            self._fit()
        except UserError:
            self._checkpoint.path.unlink(missing_ok=True)
            raise
        if self.best.epoch is None or not self._run.keeps:
            raise StopRequested
        self.best.restore()

    def _fit(self) -> None:
        network, settings, warm_up = self._network, self._settings, self._setup.warm_up
        self.best.waited_from = max(warm_up, self._begin)
        head_ends = self.epochs if self._setup.all_frozen else warm_up
        with suppress(StopRequested):  # the best epoch so far is kept
            if self._done < head_ends:
                self._progress.steady = self._setup.all_frozen
                alone = compile_head(network.head_alone(self.head), settings, self._optimizer)
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

    def answers(self, records: Sequence[Record], report: Callable[[int, int], None]) -> np.ndarray:
        """Class probabilities [images, classes] of images, as the network now is.

        Args:
            records: The images.
            report: Told how many are done, and in total.
        """
        batches = self._batches(self._network.prefix, records)
        answers: list[Any] = []
        for batch in range(len(batches)):
            report(min(batch * self._settings.batch_size, len(records)), len(records))
            answers.append(self._trainee(batches[batch][0], training=False))
        report(len(records), len(records))
        return np.concatenate(answers)

    def _train(
        self, model: Any, prefix: Prefix, first: int, end: int, rates: list[tuple[Any, float]]
    ) -> None:
        """Train one model from where the run stands to an epoch.

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
        self._take_up([optimizer for optimizer, _ in rates])
        begin, seed = max(first, self._begin), self._settings.seed

        def share_at(epoch: float) -> float:
            losses = [row["val_loss"] for row in self.best.history if row["epoch"] > begin]
            again = self._begin > first
            return share(self._settings.schedule, epoch, begin, end, losses, again=again)

        def keep(done: int) -> None:
            self._done = done
            groups = {
                f"optimizer{n}": optimizer.variables for n, (optimizer, _) in enumerate(rates)
            }
            facts = {"epoch": done, "history": self.best.history, "images": self._images}
            self._checkpoint.write(facts, now=self._changing, best=self.best.values, **groups)

        lessons = self._lessons(prefix)
        if isinstance(model, ManySteps):
            steps = model.steps
            setters = [(model.set_rates, rate) for _, rate in rates]
        else:
            steps = 1
            setters = [(partial(_set_rate, optimizer), rate) for optimizer, rate in rates]
        validation = self._batches(prefix, self._dataset.of("validation"), steps)
        look = self._progress.look_for_a_stop
        before: list[Any] = []
        if self._settings.statistics_adapt:
            thawed = self._network.body.layers[self._network.frozen :]
            before = [Statistics(thawed, partial(lessons.whole_batches, seed=seed), look)]
        self._progress.at_once = steps
        with gpu.computing_in(gpu.precision(), self._network.body):
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
                ],
                verbose=0,
            )

    def _go_back(self, state: RunState) -> int:
        """Put everything back to the checkpoint of a run that was resumed; the epochs done.

        Where there is none that can be read, everything is trained anew, unless there is a model
        that would be lost by it.
        """
        self._done = 0
        if not state.turn:
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

    def _lessons(self, prefix: Prefix) -> Lessons:
        classes, settings = self._dataset.classes, self._settings
        records = self._dataset.of("train")
        digests = [record.digest for record in records]
        variants = [self._setup.variant_keys(prefix, digest) for digest in digests]
        anew = self._setup.augmentation if prefix.cut == PIXELS else None
        views = Views(self._features[prefix], digests, variants, anew)
        weights = balancing(labels_of(records, classes), len(classes))
        size = settings.batch_size
        return Lessons(records, classes, views, size, weights if settings.balanced else None)

    def _batches(self, prefix: Prefix, records: Sequence[Record], at_once: int = 1) -> Batches:
        classes, size = self._dataset.classes, self._settings.batch_size * at_once
        return Batches(records, classes, self._features[prefix], size)
