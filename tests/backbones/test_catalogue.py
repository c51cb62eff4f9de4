"""The catalogue says what the real Keras networks are."""

import dataclasses
import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue import describe
from core.backbones.catalogue.backbone import (
    Backbone,
    Download,
    Level,
    Preprocessing,
    Table,
)
from core.backbones.catalogue.rows import (
    BACKBONES,
    backbone_named,
    backbone_of,
    one_spelling,
    parameter_counts,
    thaws,
)
from core.backbones.frameworks import keras
from core.errors import UserError
from core.settings import RANDOM, TrainingSettings
from tests.families import BUILT, one_network

ALL = list(BACKBONES.values())
WIDTHS = [
    pytest.param(name, width.alpha, marks=pytest.mark.exhaustive)
    for name, backbone in BACKBONES.items()
    for width in backbone.widths
    if width.alpha != 1
]
by_name = pytest.mark.parametrize("backbone", ALL, ids=list(BACKBONES))


def assert_is_described(backbone: Backbone) -> None:
    keras.utils.clear_session()  # layers without names of their own are numbered from 0
    table = Table.from_dict(json.loads(json.dumps(describe.table(backbone))))
    assert backbone.table == table


@one_network
def test_the_table_is_that_of_the_real_network(name: str) -> None:
    assert_is_described(BACKBONES[name])


@pytest.mark.parametrize(("name", "alpha"), WIDTHS)
def test_the_table_of_each_width(name: str, alpha: float) -> None:
    assert_is_described(backbone_named(name, alpha))


@by_name
def test_blocks_cover_all_layers_once_and_in_order(backbone: Backbone) -> None:
    covered = [i for block in backbone.blocks for i in range(block.first, block.last + 1)]
    assert covered == list(range(len(backbone.layers)))
    names = [block.name for block in backbone.blocks]
    assert len(set(names)) == len(names)
    assert backbone.layers[0].type == "InputLayer"


@pytest.mark.parametrize("name", BUILT)
def test_blocks_tell_apart_more_and_more(name: str) -> None:
    met = [block.level for block in BACKBONES[name].blocks]
    assert [level for level, after in pairwise(met) if level != after] == [
        *(Level.EDGES, Level.TEXTURES, Level.PARTS)
    ]
    assert met[0] is Level.EDGES
    assert met[-1] is Level.WHOLES


@pytest.mark.parametrize(
    "name", [BUILT[0], *(pytest.param(name, marks=pytest.mark.exhaustive) for name in BUILT[1:])]
)
def test_parameters_are_those_of_a_plain_keras_classifier(name: str) -> None:
    backbone = BACKBONES[name]
    model = load.build(backbone)
    assert backbone.parameters == model.count_params()
    assert backbone.features == model.output_shape[-1]
    x = keras.layers.GlobalAveragePooling2D()(model.output)
    x = keras.layers.Dense(7, activation="relu")(x)
    plain = keras.Model(model.input, keras.layers.Dense(3, activation="softmax")(x))
    count = len(model.layers)
    for frozen in (0, count // 3, 2 * count // 3, count):
        for index, layer in enumerate(model.layers):
            layer.trainable = index >= frozen
        trainable = sum(math.prod(v.shape) for v in plain.trainable_variables)
        expected = (plain.count_params(), trainable)
        assert parameter_counts(backbone, frozen, (7,), 3, backbone.features) == expected


def test_parameters_without_dense_layers() -> None:
    lite = BACKBONES["efficientnet_lite0"]
    assert parameter_counts(lite, len(lite.layers), (), 5, 2096) == (
        lite.parameters + 2097 * 5,
        2097 * 5,
    )


# With the 1000 classes, batch-norm statistics included where Keras' documentation counts them.
PUBLISHED = {
    "vgg16": 138_357_544,
    "resnet50": 25_636_712,
    "mobilenet": 4_253_864,
    "mobilenet_v2": 3_538_984,
    "efficientnet_v2_b0": 7_200_312,
    "convnext_tiny": 28_589_128,
    "densenet121": 8_062_504,
    "inception_v3": 23_851_784,
    "xception": 22_910_480,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_with_the_1000_classes_are_the_published_ones(name: str) -> None:
    whole = BACKBONES[name].table.whole
    assert sum(layer.parameters for layer in whole) == PUBLISHED[name]


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"among efficientnet_lite0, .*mobilenet.*'resnet'"):
        backbone_named("resnet")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("vgg-16", "vgg16"), ("ResNet-50", "resnet50"), ("EfficientNet-Lite0", "efficientnet_lite0")],
)
def test_a_name_that_is_nearly_right_is_told_with_the_right_one(typed: str, meant: str) -> None:
    with pytest.raises(UserError, match=rf"Did you mean {meant}\?$"):
        backbone_named(typed)


def test_a_name_unlike_any_other_is_told_without_a_guess() -> None:
    with pytest.raises(UserError, match=r"received 'transformer'\.$"):
        backbone_named("transformer")


def test_rows_know_their_own_names() -> None:
    assert [backbone.name for backbone in ALL] == list(BACKBONES)
    assert len({backbone.title for backbone in ALL}) == len(ALL)
    for backbone in ALL:
        assert backbone.weights.origin
        # Nobody has published what the weights of 224 pixels reach at other sizes.
        assert (backbone.top1 is None) == (backbone.name in ("mobilenet_96", "mobilenet_128"))
        assert backbone.top1 is None or 0.5 < backbone.top1 < 1
        assert backbone.download_bytes() > 0
        assert backbone.head
        assert backbone.licence
        assert backbone.description.endswith(".")


def test_widths_are_networks_of_their_own() -> None:
    narrow = backbone_named("mobilenet", 0.25)
    assert narrow.title == "MobileNet 0.25"
    assert isinstance(narrow.weights, Download)
    assert narrow.weights.file == "mobilenet_2_5_224_tf_no_top.h5"
    assert narrow.features == 256
    assert narrow.of_width(1.0) == backbone_named("mobilenet")
    assert {layer.name for layer in narrow.layers} == {
        layer.name for layer in backbone_named("mobilenet").layers
    }
    sizes = [backbone_named("mobilenet_v2", w.alpha) for w in BACKBONES["mobilenet_v2"].widths]
    assert [b.parameters for b in sizes] == sorted({b.parameters for b in sizes})
    assert [b.top1 for b in sizes] == sorted({b.top1 for b in sizes if b.top1})
    with pytest.raises(UserError, match=r"width \(alpha\) of MobileNet among 0.25, 0.5, 0.75, 1"):
        backbone_named("mobilenet", 0.3)
    with pytest.raises(UserError, match=r"among 1 only, received 0\.5"):
        backbone_named("vgg16", 0.5)


def test_what_the_settings_of_a_run_cannot_be() -> None:
    for settings, message in (
        (TrainingSettings("vgg16", frozen_layers=20), "at most 19 frozen layers for VGG16"),
        (TrainingSettings("hub_mobilenet_v2", weights=RANDOM, frozen_layers=0), "one sealed block"),
        (TrainingSettings("hub_mobilenet_v2", weights="0" * 64), "one sealed block"),
        (TrainingSettings("mobilenet", alpha=2.0), r"width \(alpha\)"),
    ):
        with pytest.raises(UserError, match=message):
            backbone_of(settings)


def by_hand(x: np.ndarray) -> np.ndarray:
    return (x - 127) / 128


def as_it_is(x: np.ndarray) -> np.ndarray:
    return x


def unit(x: np.ndarray) -> np.ndarray:
    return x / 255


def torch(x: np.ndarray) -> np.ndarray:
    """As torchvision documents it."""
    return (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


applications = keras.applications
REFERENCES: dict[str, Any] = {
    "EfficientNet-Lite": by_hand,
    "MobileNet": applications.mobilenet.preprocess_input,
    "MobileNetV2": applications.mobilenet_v2.preprocess_input,
    "MobileNetV3": applications.mobilenet_v3.preprocess_input,
    "VGG": applications.vgg16.preprocess_input,
    "ResNet": applications.resnet50.preprocess_input,
    "ResNetV2": applications.resnet_v2.preprocess_input,
    "DenseNet": applications.densenet.preprocess_input,
    "Inception": applications.inception_v3.preprocess_input,
    "Xception": applications.xception.preprocess_input,
    "EfficientNetV2": applications.efficientnet_v2.preprocess_input,
    "ConvNeXt": applications.convnext.preprocess_input,
    "ResNet (PyTorch)": torch,
    "AlexNet": torch,
    "TensorFlow Hub": unit,
}


@by_name
def test_preprocessing_is_the_publishers_own(backbone: Backbone) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    pictures[0], pictures[1] = 0, 255
    images = keras.layers.Input((8, 8, 3), dtype="uint8")
    model = keras.Model(images, load.preprocess(backbone.preprocessing, images))
    ours = np.asarray(model(pictures))
    expected = REFERENCES[backbone.family](pictures.astype(np.float32))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5)
    assert ours.dtype == np.float32


def test_every_preprocessing_is_somebodys() -> None:
    assert {backbone.preprocessing for backbone in ALL} == set(Preprocessing)


def test_rows_can_be_told_apart_by_what_a_cache_keys_on() -> None:
    assert len({dataclasses.astuple(backbone) for backbone in ALL}) == len(ALL)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet"])
def test_as_many_frozen_layers_as_there_are_is_spelled_all(name: str) -> None:
    count = len(backbone_named(name).layers)
    everything, fewer = (TrainingSettings(name, frozen_layers=n) for n in (count, count - 1))
    assert one_spelling(everything) == TrainingSettings(name)
    assert one_spelling(fewer) == fewer
    assert one_spelling(TrainingSettings(name)) == TrainingSettings(name)
    assert not thaws(everything)
    assert thaws(fewer)


def test_a_module_that_is_gone_is_thawed_if_any_of_it_was() -> None:
    assert not thaws(TrainingSettings("hub_gone"))
    assert thaws(TrainingSettings("hub_gone", frozen_layers=0))
