"""A network of 11 layers as a row of the catalogue: a short cut, batch norm and dropout."""

import dataclasses
from typing import Any

from core.backbones.catalogue import describe
from core.backbones.catalogue.backbone import Backbone, Download, Table
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras

layers = keras.layers
SIZE = 16


def build(size: int = SIZE, top: bool = False) -> Any:
    """The network, as `load.build` calls it; it has no classes of its own."""
    assert not top
    inputs = layers.Input((size, size, 3), name="input")
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
    return keras.Model(inputs, x, name="tiny")


def row() -> Backbone:
    """Its row of the catalogue."""
    table = {
        "features": 8,
        "stages": [8, 8],
        "layers": [describe.row(layer) for layer in build().layers],
    }
    table |= {"blocks": _BLOCKS, "shared": 11, "head": []}
    return dataclasses.replace(
        BACKBONES["efficientnet_lite0"],
        name="tiny",
        title="Tiny",
        builder="tests.tiny_network.build",
        input_size=SIZE,
        weights=Download("https://nowhere.invalid/tiny.weights.h5"),
        head=None,
        described=Table.from_dict(table),
    )


_BLOCKS = [
    ["stem", 0, 3, "edges"],
    ["block1", 4, 7, "textures"],
    ["block2", 8, 9, "parts"],
    ["top", 10, 10, "whole things"],
]
