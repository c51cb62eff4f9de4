"""Thawed layers compute what they would one by one, also where two are folded into one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras, tf
from core.network.inference_mode import InferenceMode

layers = keras.layers


def norm(x: Any, **options: Any) -> Any:
    return layers.BatchNormalization(**options)(x)


def plain(x: Any) -> Any:
    x = layers.ReLU(6.0)(norm(layers.Conv2D(8, 3, padding="same", use_bias=False)(x)))
    x = layers.ReLU()(norm(layers.DepthwiseConv2D(3, 2, padding="same")(x)))
    x = layers.Dropout(0.5)(norm(layers.Conv2D(6, 1)(x), scale=False))
    return norm(layers.Conv2D(6, 3, groups=2, dilation_rate=2)(x), center=False, epsilon=0.1)


def several_multiples(x: Any) -> Any:
    return norm(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))


def read_twice(x: Any) -> Any:
    x = layers.Conv2D(3, 1)(x)
    return layers.Add()([x, norm(x)])


def shared(x: Any) -> Any:
    both = layers.Conv2D(3, 1)
    return layers.Add()([norm(both(x)), norm(both(layers.ReLU()(x)))])


def activated(x: Any) -> Any:
    return norm(layers.Conv2D(3, 1, activation="relu")(x))


def along_height(x: Any) -> Any:
    return norm(layers.Conv2D(3, 1)(x), axis=1)


@pytest.mark.parametrize(
    ("build", "folded"),
    [
        (plain, 4),
        (several_multiples, 1),
        (read_twice, 0),
        (shared, 0),
        (activated, 0),
        (along_height, 0),
    ],
)
def test_the_same_answers_and_gradients(build: Callable[[Any], Any], folded: int) -> None:
    images = keras.Input((9, 9, 3))
    body = keras.Model(images, build(images))
    random = np.random.default_rng(0)
    for variable in body.variables:
        variable.assign(random.uniform(0.5, 1.5, variable.shape))
    layer = InferenceMode(body)
    assert len(layer._folded) == 2 * folded

    given = tf.constant(random.normal(size=(4, 9, 9, 3)).astype("float32"))
    learns = [v.value for v in body.trainable_variables]
    answers, gradients = {}, {}
    for name, ask in [
        ("one by one", lambda: body(given, training=False)),
        ("folded", lambda: layer(given, training=True)),
    ]:
        with tf.GradientTape() as tape:
            answers[name] = ask()
            loss = tf.reduce_mean(answers[name] ** 2)
        gradients[name] = tape.gradient(loss, learns)
    close(answers["folded"], answers["one by one"])
    for one, other in zip(gradients["folded"], gradients["one by one"], strict=True):
        close(one, other)


def close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))
