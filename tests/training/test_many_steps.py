"""Steps that are taken many at once are the steps of Keras, one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.network.classifier import head_layers
from core.settings import TrainingSettings, known
from core.training.callbacks import Validation
from core.training.learn import compile_for_training, compile_head, optimizer_of
from core.training.steps import ManySteps, at_once

IMAGES, CHANNELS, CLASSES, BATCH = 70, 6, 3, 16
RATES = np.array([0.1, 0.05, 0.02, 0.01, 0.03])


@pytest.fixture
def lesson() -> tuple[np.ndarray, ...]:
    """Features, labels and weights of an epoch."""
    random = np.random.default_rng(5)
    features = random.normal(size=(IMAGES, CHANNELS)).astype("float32")
    return features, random.integers(0, CLASSES, IMAGES), random.uniform(0.5, 2, IMAGES)


def head(settings: TrainingSettings) -> Any:
    keras.utils.set_random_seed(settings.seed)
    features = x = keras.layers.Input((CHANNELS,))
    for layer in head_layers(settings.dense, settings.dropout, CLASSES, settings.seed):
        x = layer(x)
    return keras.Model(features, x)


def one_by_one(settings: TrainingSettings, lesson: Sequence[np.ndarray]) -> tuple[Any, Any]:
    model, optimizer = head(settings), optimizer_of(settings)
    compile_for_training(model, optimizer, settings.label_smoothing)
    means = {"loss": 0.0, "accuracy": 0.0}
    for step, rate in enumerate(RATES):
        optimizer.learning_rate = rate
        batch = [part[step * BATCH :][:BATCH] for part in lesson]
        for name, value in model.train_on_batch(*batch, return_dict=True).items():
            means[name] += value * len(batch[0]) / IMAGES
    return model, means


@pytest.mark.parametrize(
    ("optimizer", "weighted"),
    [
        ("adam", True),
        pytest.param("sgd", False, marks=pytest.mark.slow),
        *(
            pytest.param(optimizer, weighted, marks=pytest.mark.exhaustive)
            for optimizer in known(TrainingSettings)["optimizer"].options
            for weighted in (True, False)
            if (optimizer, weighted) not in (("adam", True), ("sgd", False))
        ),
    ],
)
def test_they_are_the_steps_of_keras(
    lesson: tuple[np.ndarray, ...], optimizer: str, weighted: bool
) -> None:
    """With dropout, weights and a last batch that is smaller."""
    settings = TrainingSettings(
        dense=(8,), dropout=0.3, batch_size=BATCH, optimizer=optimizer, label_smoothing=0.1
    )
    given = lesson if weighted else lesson[:2]
    expected, told = one_by_one(settings, given)
    model = compile_head(head(settings), settings, optimizer_of(settings))
    model.set_rates(np.pad(RATES, (0, model.steps - len(RATES))))
    logs = model.train_on_batch(*given, return_dict=True)
    for mine, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)
    assert logs == pytest.approx(told, abs=1e-6)


@pytest.mark.slow
def test_validation_is_what_keras_evaluates(lesson: tuple[np.ndarray, ...]) -> None:
    settings = TrainingSettings(batch_size=BATCH)
    model, _ = one_by_one(settings, lesson)
    features, labels, _ = lesson
    asked = []

    class Two:
        """Batches of two sizes."""

        def __len__(self) -> int:
            return 2

        def __getitem__(self, batch: int) -> tuple[Any, Any]:
            part = slice(0, 40) if batch == 0 else slice(40, None)
            return features[part], labels[part]

    logs = {"loss": 1.0}
    validation = Validation(Two(), lambda: asked.append(1))  # type: ignore[arg-type]
    validation.set_model(model)
    validation.on_epoch_end(0, logs)
    loss, accuracy = model.evaluate(features, labels, batch_size=IMAGES, verbose=0)
    assert logs == pytest.approx({"loss": 1.0, "val_loss": loss, "val_accuracy": accuracy})
    assert len(asked) == 3  # before each batch, and at the end


def test_a_call_stays_short_and_small() -> None:
    assert at_once(6_405, 4 * 1280 * 32) == 64
    assert 1 < at_once(330_000, 4 * 1280 * 32) < 64
    assert at_once(150_000_000, 4 * 1280 * 32) == 1  # each takes seconds: a stop need not wait
    assert at_once(6_405, 4 * 1280 * 4096) == 1


def test_a_step_is_traced_once(
    lesson: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainingSettings(batch_size=BATCH)
    traced, train_step = [], ManySteps.train_step

    def counted(model: ManySteps, data: Any) -> Any:
        traced.append(data)
        return train_step(model, data)

    monkeypatch.setattr(ManySteps, "train_step", counted)
    model = compile_head(head(settings), settings, optimizer_of(settings))
    for _ in range(3):
        model.train_on_batch(*lesson)
    assert len(traced) == 1
