"""Small networks with random weights that behave like trained ones."""

import dataclasses
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from tests import tiny_network

layers = keras.layers
SMALL = {"inception_v3": 75, "xception": 71}  # they cannot work on less; others get 64


def livened(model: Any, seed: int = 0) -> Any:
    """Random weights that keep the scale from layer to layer, batch-norm statistics included."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([BATCH_NORM[v.name](rng, v.shape) for v in layer.weights])
        elif layer.weights:
            # Gates of random numbers fly open and shut, and a rounding error grows a million times.
            calm = 0.01 if getattr(layer, "activation", None) is keras.activations.sigmoid else 1
            layer.set_weights([calm * scaled(rng, v.shape) for v in layer.weights])
    return model


def around_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.7, 1.3, shape)


def around_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0, 0.1, shape)


BATCH_NORM = {
    "gamma": around_one,
    "beta": around_zero,
    "moving_mean": around_zero,
    "moving_variance": around_one,
}


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
    """A backbone of the catalogue for small pictures, with random weights."""

    def make(name: str) -> tuple[Backbone, Any]:
        backbone, model = built(name)
        return backbone, livened(model)

    return make


@cache
def built(name: str) -> tuple[Backbone, Any]:
    """Building some networks takes seconds; every test gives them the same weights again."""
    backbone = dataclasses.replace(BACKBONES[name], input_size=SMALL.get(name, 64))
    return backbone, load.build(backbone)


@pytest.fixture
def tiny() -> tuple[Backbone, Any]:
    """A network of 11 layers with a short cut, batch norm and dropout."""
    return tiny_network.row(), livened(tiny_network.build())


@pytest.fixture
def pictures() -> Callable[..., np.ndarray]:
    """Random pictures, uint8 [count, size, size, 3], the same for the same seed."""

    def make(count: int, size: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)

    return make
