"""Trains what is not frozen, on features: the head alone first, then the thawed layers with it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.data.dataset import Dataset, Record
from core.errors import StopRequested
from core.network.classifier import Network, head_layers
from core.network.features import FeatureCache
from core.network.prefix import Prefix
from core.runs import Run
from core.settings import TrainingSettings
from core.training.batches import Batches
from core.training.callbacks import KeepBest, Progress
from core.training.two_rates import TwoRates


def optimizer_of(settings: TrainingSettings) -> Any:
    """A new optimizer as the settings say."""
    rate = {"learning_rate": settings.learning_rate}
    return keras.optimizers.get({"class_name": settings.optimizer, "config": rate})


def compile_for_training(model: Any, optimizer: Any) -> None:
    """Tell a Keras model from features to class probabilities what to learn by."""
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])


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
    if not thawed or settings.from_scratch:
        compile_for_training(trainee, optimizer)
        return trainee
    model = TwoRates(trainee.inputs[0], trainee.outputs[0])
    compile_for_training(model, optimizer)
    model.slow_down(thawed, settings.thawed_rate)
    return model


class Learning:
    """One fit of a network.

    Attributes:
        head: The layers from pooled features to class probabilities.
        best: The best epoch and the history.
    """

    def __init__(
        self,
        run: Run,
        network: Network,
        dataset: Dataset,
        features: Mapping[Prefix, FeatureCache],
    ) -> None:
        """
        Args:
            run: Its settings, and its log for progress.
            network: Frozen and cut.
            dataset: The images.
            features: Of all of them, at the cut and, where the head warms up, of the whole
                backbone.
        """
        self._settings = settings = run.settings
        self._network = network
        self._dataset = dataset
        self._features = features
        keras.utils.set_random_seed(settings.seed)
        self.head = head_layers(
            settings.dense, settings.dropout, len(dataset.classes), settings.seed
        )
        self._optimizer = optimizer_of(settings)
        statistics = settings.statistics_adapt
        self._trainee = network.trainee(self.head, batch_norm_learns=statistics)
        changing = self._trainee.variables if statistics else self._trainee.trainable_variables
        self.best = KeepBest(list(changing))
        steps = len(self._batches(network.prefix, dataset.of("train")))
        self._progress = Progress(run, settings.epochs, steps)

    def fit(self, warm_up: int) -> None:
        """Train until the last epoch or until the run is stopped, and go back to the best epoch.

        Args:
            warm_up: How many of the epochs train the head alone.

        Raises:
            StopRequested: It was stopped before its first epoch had ended.
        """
        settings, network = self._settings, self._network
        with suppress(StopRequested):  # the best epoch so far is kept
            if warm_up:
                self._progress.steady = False
                alone = network.head_alone(self.head)
                compile_for_training(alone, self._optimizer)
                self._epochs(alone, network.pooled, 0, warm_up)
                self._progress.steady = True
            whole = compile_whole(self._trainee, network, settings, self._optimizer)
            self._epochs(whole, network.prefix, warm_up, settings.epochs)
        if self.best.epoch is None:
            raise StopRequested
        self.best.restore()

    def answers(self, records: Sequence[Record]) -> np.ndarray:
        """Class probabilities [images, classes] of images, as the network now is."""
        batches = self._batches(self._network.prefix, records)
        return np.concatenate(
            [self._trainee(batches[i][0], training=False) for i in range(len(batches))]
        )

    def _epochs(self, model: Any, prefix: Prefix, first: int, end: int) -> None:
        settings = self._settings
        training = self._batches(prefix, self._dataset.of("train"))
        model.fit(
            training.shuffled([settings.seed, first] if first else settings.seed),
            steps_per_epoch=len(training),
            shuffle=False,  # they are
            validation_data=self._batches(prefix, self._dataset.of("validation")),
            initial_epoch=first,
            epochs=end,
            callbacks=[self.best, self._progress],
            verbose=0,
        )

    def _batches(self, prefix: Prefix, records: Sequence[Record]) -> Batches:
        classes, size = self._dataset.classes, self._settings.batch_size
        return Batches(records, classes, self._features[prefix], size)
