"""The catalogue says what the real Keras networks are."""

import dataclasses
import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.backbones import describe, load
from core.backbones.catalog import (
    BACKBONES,
    Backbone,
    Preprocessing,
    backbone_named,
    parameter_counts,
)
from core.backbones.frameworks import keras
from core.errors import UserError

ALL = list(BACKBONES.values())
by_name = pytest.mark.parametrize("backbone", ALL, ids=list(BACKBONES))


@cache
def real(backbone: Backbone) -> keras.Model:
    return load.build(backbone)


@by_name
def test_the_layer_table_is_that_of_the_real_network(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = real(backbone)  # built once for all tests here
    for layer in model.layers:
        layer.trainable = True
    monkeypatch.setattr(load, "build", real)
    table = json.loads(json.dumps(describe.table(backbone)))
    assert [list(dataclasses.astuple(layer)) for layer in backbone.layers] == table["layers"]
    assert [list(dataclasses.astuple(block)) for block in backbone.blocks] == table["blocks"]


@by_name
def test_blocks_cover_all_layers_once_and_in_order(backbone: Backbone) -> None:
    covered = [i for block in backbone.blocks for i in range(block.first, block.last + 1)]
    assert covered == list(range(len(backbone.layers)))
    names = [block.name for block in backbone.blocks]
    assert len(set(names)) == len(names) >= 5
    assert backbone.layers[0].type == "InputLayer"


@by_name
def test_parameters_are_those_of_a_plain_keras_classifier(backbone: Backbone) -> None:
    model = real(backbone)
    assert backbone.parameters == model.count_params()
    assert backbone.features == model.output_shape[-1]
    x = keras.layers.GlobalAveragePooling2D()(model.output)
    x = keras.layers.Dense(7, activation="relu")(x)
    plain = keras.Model(model.input, keras.layers.Dense(3, activation="softmax")(x))
    count = len(model.layers)
    for frozen in (0, count // 3, 2 * count // 3, count, None):
        for index, layer in enumerate(model.layers):
            layer.trainable = frozen is not None and index >= frozen
        trainable = sum(math.prod(v.shape) for v in plain.trainable_variables)
        expected = (plain.count_params(), trainable)
        assert parameter_counts(backbone, frozen, (7,), 3) == expected


def test_parameters_without_dense_layers() -> None:
    lite = BACKBONES["efficientnet_lite0"]
    assert parameter_counts(lite, None, (), 5) == (lite.parameters + 1281 * 5, 1281 * 5)


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"among efficientnet_lite0, mobilenet.*'resnet'"):
        backbone_named("resnet")


def test_rows_know_their_own_names() -> None:
    assert [backbone.name for backbone in ALL] == list(BACKBONES)
    assert len({backbone.title for backbone in ALL}) == len(ALL)
    for backbone in ALL:
        assert backbone.weights.origin
        assert 0.5 < backbone.top1 < 1
        assert (backbone.download_mb > 0) == hasattr(backbone.weights, "url")


def by_hand(x: np.ndarray) -> np.ndarray:
    return (x - 127) / 128


REFERENCES: dict[str, Any] = {
    "efficientnet_lite0": by_hand,
    "mobilenet": keras.applications.mobilenet.preprocess_input,
    "mobilenet_v2": keras.applications.mobilenet_v2.preprocess_input,
    "vgg16": keras.applications.vgg16.preprocess_input,
    "resnet50": keras.applications.resnet50.preprocess_input,
}


@by_name
def test_preprocessing_is_the_publishers_own(backbone: Backbone) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    pictures[0], pictures[1] = 0, 255
    images = keras.layers.Input((8, 8, 3), dtype="uint8")
    model = keras.Model(images, load.preprocess(backbone.preprocessing, images))
    ours = np.asarray(model(pictures))
    expected = REFERENCES[backbone.name](pictures.astype(np.float32))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5)
    assert ours.dtype == np.float32


def test_every_preprocessing_is_somebodys() -> None:
    assert {backbone.preprocessing for backbone in ALL} == set(Preprocessing)
