"""Where networks may be cut: wherever one tensor carries everything, and nowhere else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.backbones.catalogue.backbone import Backbone
from core.backbones.frameworks import keras
from core.errors import UserError
from core.network import freeze

Tiny = tuple[Backbone, Any]
Small = Callable[[str], Tiny]


def index(model: Any, name: str) -> int:
    return [layer.name for layer in model.layers].index(name)


def names(model: Any, frozen: int) -> list[str]:
    return [cut.name for cut in freeze.cuts(model, frozen)]


def test_freezing_counts_layers_from_the_input(tiny: Tiny) -> None:
    model = tiny[1]
    freeze.freeze(model, 3)
    assert [layer.trainable for layer in model.layers] == [False] * 3 + [True] * 8
    freeze.freeze(model, 11)
    assert not any(layer.trainable for layer in model.layers)
    freeze.freeze(model, 0)
    assert all(layer.trainable for layer in model.layers)


def test_more_frozen_layers_than_there_are(tiny: Tiny) -> None:
    freeze.freeze(tiny[1], 11)
    with pytest.raises(UserError, match="at most 11 frozen layers for tiny, received 12"):
        freeze.freeze(tiny[1], 12)


def test_cuts_of_a_network_with_a_short_cut(tiny: Tiny) -> None:
    """Between relu1 and add two tensors are under way."""
    model = tiny[1]
    every = ["input", "conv1", "bn1", "relu1", "add", "conv3", "bn3", "relu3"]
    assert names(model, 11) == every
    assert names(model, index(model, "add") + 1) == every[:5]
    assert names(model, index(model, "add")) == every[:4]
    assert names(model, index(model, "relu1") + 1) == every[:4]
    assert names(model, index(model, "relu1")) == every[:3]
    assert names(model, 1) == names(model, 0) == ["input"]


def test_a_cut_knows_its_size(tiny: Tiny) -> None:
    sizes = {cut.name: cut.size for cut in freeze.cuts(tiny[1], 11)}
    assert sizes["input"] == 16 * 16 * 3
    assert sizes["add"] == 8 * 8 * 8
    assert sizes["relu3"] == 4 * 4 * 8


@pytest.mark.slow
def test_residual_blocks_are_cut_between_not_inside(small: Small) -> None:
    model = small("efficientnet_lite0")[1]
    add = index(model, "block3b_add")
    assert names(model, add + 1)[-1] == "block3b_add"
    assert names(model, add)[-1] == "block3a_project_bn"
    model = small("resnet50")[1]
    out = index(model, "conv3_block2_out")
    assert names(model, out + 1)[-1] == "conv3_block2_out"
    assert names(model, out)[-1] == "conv3_block2_add"
    assert names(model, out - 1)[-1] == "conv3_block1_out"


def assert_cuts_hold(model: Any, images: np.ndarray) -> None:
    """Each cut in turn: both parts together are the whole, and nothing thawed lies before it."""
    expected = np.asarray(model(images, training=False))
    scale = np.abs(expected).max()
    assert scale > 1e-3
    count = len(model.layers)
    for frozen in (count // 3, count // 2, 2 * count // 3, count - 1):
        cut = freeze.cuts(model, frozen)[-1]
        before = keras.Model(model.inputs[0], cut.tensor)
        after = keras.Model(cut.tensor, model.outputs[0])
        kept = {id(layer) for layer in model.layers[:frozen]}
        assert all(id(layer) in kept for layer in before.layers if layer.weights)
        got = np.asarray(after(before(images, training=False), training=False))
        assert np.abs(got - expected).max() <= 1e-5 * scale
    assert freeze.cuts(model, 0)[-1].tensor is model.inputs[0]
    assert freeze.cuts(model, count)[-1].tensor is model.outputs[0]


def test_a_raw_operation_on_the_way(liven: Callable[[Any], Any]) -> None:
    """x + short as Keras operation, not as a layer: it crosses layers and has no freezing."""
    inputs = keras.layers.Input((16, 16, 3), name="input")
    short = keras.layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", name="second")(short)
    x = keras.ops.relu(x + short)
    x = keras.layers.Conv2D(4, 3, padding="same", name="third")(x)
    model = liven(keras.Model(inputs, x))
    assert_cuts_hold(model, np.random.default_rng(0).normal(size=(2, 16, 16, 3)))
    assert names(model, 2)[-1] == "first"
    assert names(model, 3)[:2] == ["input", "first"]
    assert len(names(model, 3)) == 4  # and the sum, and its relu


def test_the_boundary_is_all_that_passes_from_frozen_to_thawed(tiny: Tiny) -> None:
    model = tiny[1]

    def passing(frozen: int) -> list[str]:
        return sorted(t._keras_history.operation.name for t in freeze.boundary(model, frozen))

    assert passing(0) == passing(1) == ["input"]
    assert passing(4) == ["relu1"]
    assert passing(5) == ["conv2", "relu1"]  # and the short cut past it
    assert passing(7) == ["bn2", "relu1"]
    assert passing(8) == ["add"]
    assert passing(10) == ["bn3"]
