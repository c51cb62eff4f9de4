"""Thawed layers take a tenth of the step that plain Keras would take; the head takes all of it."""

from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.training.steps import TwoRates

SHARE = 0.1
X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.arange(12) % 3


def made() -> tuple[Any, Any]:
    """A thawed layer and a head, the same at every call, from input to probabilities."""
    keras.utils.set_random_seed(1)
    inputs = keras.layers.Input((4,))
    thawed = keras.layers.Dense(5, activation="relu", name="thawed")
    outputs = keras.layers.Dense(3, activation="softmax", name="head")(thawed(inputs))
    return keras.Model(inputs, outputs), thawed


def fitted(model: Any, optimizer: Any, thawed: Any = None, epochs: int = 1) -> dict[str, Any]:
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    if thawed is not None:
        model.slow_down(thawed.trainable_variables, SHARE)
    history = model.fit(X, Y, batch_size=12, epochs=epochs, shuffle=False, verbose=0).history
    return dict(history)


@pytest.mark.slow
def test_one_step_of_gradient_descent() -> None:
    start, _ = made()
    plain, _ = made()
    theirs = fitted(plain, keras.optimizers.SGD(0.5))
    model, thawed = made()
    slow = TwoRates(model.inputs[0], model.outputs[0])
    ours = fitted(slow, keras.optimizers.SGD(0.5), thawed)
    for before, full, step in zip(
        start.get_weights(), plain.get_weights(), slow.get_weights(), strict=True
    ):
        share = SHARE if before.shape in ((4, 5), (5,)) else 1.0
        np.testing.assert_allclose(step - before, share * (full - before), atol=1e-6)
        assert np.abs(full - before).max() > 1e-3
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert ours["accuracy"] == theirs["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [keras.optimizers.SGD, keras.optimizers.AdamW])
def test_weight_decay_is_the_heads_alone(kind: Any) -> None:
    start, _ = made()
    decayed = {}
    for decay in (1e-9, 0.5):
        model, thawed = made()
        slow = TwoRates(model.inputs[0], model.outputs[0])
        fitted(slow, kind(0.5, weight_decay=decay), thawed)
        decayed[decay] = slow.get_weights()
    for before, without, with_it in zip(start.get_weights(), *decayed.values(), strict=True):
        share = 0.0 if before.shape in ((4, 5), (5,)) else 0.25
        np.testing.assert_allclose(without - with_it, share * before, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["adam", *(pytest.param(n, marks=pytest.mark.exhaustive) for n in ("adamw", "sgd", "rmsprop"))],
)
def test_every_optimizer_learns(name: str) -> None:
    model, thawed = made()
    slow = TwoRates(model.inputs[0], model.outputs[0])
    start = slow.get_weights()
    optimizer = keras.optimizers.get({"class_name": name, "config": {"learning_rate": 0.02}})
    loss = fitted(slow, optimizer, thawed, epochs=60)["loss"]
    assert loss[-1] < 0.95 * loss[0]
    assert all(not np.array_equal(a, b) for a, b in zip(start, slow.get_weights(), strict=True))
