"""Small networks with random weights that behave like trained ones."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalog import BACKBONES, Backbone
from core.backbones.frameworks import keras

layers = keras.layers


def livened(model: Any, seed: int = 0) -> Any:
    """Random weights that keep the scale from layer to layer, batch-norm statistics included."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            width = layer.gamma.shape
            spread = [rng.uniform(0.7, 1.3, width), rng.normal(0, 0.1, width)]
            layer.set_weights([*spread, rng.normal(0, 0.1, width), rng.uniform(0.7, 1.3, width)])
        elif layer.weights:
            layer.set_weights([scaled(rng, v.shape) for v in layer.weights])
    return model


def scaled(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    depthwise = len(shape) == 4 and shape[-1] == 1
    inputs = math.prod(shape[:2] if depthwise else shape[:-1]) if len(shape) > 1 else 100
    return rng.normal(0, math.sqrt(2 / inputs), shape)


@pytest.fixture
def liven() -> Callable[[Any], Any]:
    """`livened`, for tests that build a network of their own."""
    return livened


@pytest.fixture
def small() -> Callable[[str], tuple[Backbone, Any]]:
    """A backbone of the catalogue for pictures of 64 pixels, with random weights."""

    def make(name: str) -> tuple[Backbone, Any]:
        backbone = dataclasses.replace(BACKBONES[name], input_size=64)
        return backbone, livened(load.build(backbone, input_size=64))

    return make


@pytest.fixture
def tiny() -> tuple[Backbone, Any]:
    """A network of 11 layers with a short cut, batch norm and dropout."""
    backbone = dataclasses.replace(BACKBONES["efficientnet_lite0"], input_size=16, features=8)
    inputs = layers.Input((16, 16, 3), name="input")
    x = layers.Conv2D(8, 3, 2, padding="same", name="conv1")(inputs)
    x = layers.BatchNormalization(name="bn1")(x)
    short = layers.ReLU(name="relu1")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="conv2")(short)
    x = layers.Dropout(0.5, name="dropout", seed=1)(x)
    x = layers.BatchNormalization(name="bn2")(x)
    x = layers.Add(name="add")([short, x])
    x = layers.Conv2D(8, 3, 2, padding="same", name="conv3")(x)
    x = layers.BatchNormalization(name="bn3")(x)
    x = layers.ReLU(name="relu3")(x)
    return backbone, livened(keras.Model(inputs, x, name="tiny"))


@pytest.fixture
def pictures() -> Callable[..., np.ndarray]:
    """Random pictures, uint8 [count, size, size, 3], the same for the same seed."""

    def make(count: int, size: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)

    return make
