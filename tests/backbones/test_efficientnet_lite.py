"""EfficientNet-Lite in Keras against a forward pass written again, in NumPy, from the paper."""

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.backbones import load
from core.backbones.builders import efficientnet_lite
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.weights import weights
from core.backbones.weights.torch_weights import read_torch_weights
from core.errors import UserError
from core.intake.pictures import images

LITE0 = BACKBONES["efficientnet_lite0"]
# EfficientNet-B0's stages (Tan & Le 2019, table 1): blocks, the first one's stride, channels.
STAGES = ((1, 1, 16), (2, 2, 24), (2, 2, 40), (3, 2, 80), (3, 1, 112), (4, 2, 192), (1, 1, 320))
# Factors of width and depth, as TensorFlow's efficientnet/lite has them.
FACTORS = {
    "efficientnet_lite0": ("1", "1"),
    "efficientnet_lite1": ("1", "1.1"),
    "efficientnet_lite2": ("1.1", "1.2"),
}

pytestmark = pytest.mark.slow

Weights = dict[str, np.ndarray]
each_lite = pytest.mark.parametrize(
    "name",
    [
        "efficientnet_lite0",
        pytest.param("efficientnet_lite1", marks=pytest.mark.exhaustive),
        pytest.param("efficientnet_lite2", marks=pytest.mark.exhaustive),
    ],
)


def file_of(name: str) -> Path:
    """Lite0 comes with Thaw; the others are there for whoever asked for them."""
    file = weights.find(BACKBONES[name])
    if file is None and name != LITE0.name:
        pytest.skip(f"needs the package of {name}")
    assert file is not None
    return file


@cache
def state_of(name: str) -> Weights:
    return read_torch_weights(file_of(name))


def eights(channels: Fraction) -> int:
    """The nearest multiple of 8, halves upwards, or the next if that loses over a tenth."""
    nearest = math.floor(channels / 8 + Fraction(1, 2)) * 8
    return nearest if nearest >= channels * Fraction(9, 10) else nearest + 8


def blocks_of(name: str) -> Iterator[tuple[int, int]]:
    """Stride and channels of each block; first and last stage are never repeated."""
    width, depth = map(Fraction, FACTORS[name])
    for stage, (blocks, first_stride, channels) in enumerate(STAGES):
        repeated = blocks if stage in (0, 6) else math.ceil(blocks * depth)
        for index in range(repeated):
            yield first_stride if index == 0 else 1, eights(channels * width)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """TensorFlow's SAME convolution of [N, C, H, W]; a kernel of one input channel is depthwise."""
    size = kernel.shape[-1]
    pads = []
    for side in x.shape[2:]:
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        pads.append((total // 2, total - total // 2))  # the odd pixel goes below and to the right
    x = np.pad(x, ((0, 0), (0, 0), *pads))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))
    windows = windows[:, :, ::stride, ::stride]
    if kernel.shape[1] == 1 and kernel.shape[0] == x.shape[1]:
        return np.einsum("nchwij,cij->nchw", windows, kernel[:, 0])
    return np.einsum("nchwij,ocij->nohw", windows, kernel, optimize=True)


def normalise(x: np.ndarray, state: Weights, name: str) -> np.ndarray:
    def channel(part: str) -> np.ndarray:
        return state[f"{name}.{part}"].astype(np.float64)[:, None, None]

    spread = np.sqrt(channel("running_var") + 1e-3)
    return (x - channel("running_mean")) / spread * channel("weight") + channel("bias")


def relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6)


def softmax(x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def forward(name: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features and probabilities of preprocessed images [N, H, W, 3], in float64."""
    state = state_of(name)
    x = convolve(x.astype(np.float64).transpose(0, 3, 1, 2), state["_conv_stem.weight"], 2)
    x = relu6(normalise(x, state, "_bn0"))
    for number, (stride, channels) in enumerate(blocks_of(name)):
        block, before = f"_blocks.{number}.", x
        if number > 0:  # the first does not widen
            x = convolve(x, state[f"{block}_expand_conv.weight"])
            x = relu6(normalise(x, state, f"{block}_bn0"))
        x = convolve(x, state[f"{block}_depthwise_conv.weight"], stride)
        x = relu6(normalise(x, state, f"{block}_bn1"))
        x = normalise(convolve(x, state[f"{block}_project_conv.weight"]), state, f"{block}_bn2")
        assert x.shape[1] == channels
        if stride == 1 and before.shape[1] == channels:
            x = x + before
    x = relu6(normalise(convolve(x, state["_conv_head.weight"]), state, "_bn1"))
    logits = x.mean((2, 3)) @ state["_fc.weight"].T + state["_fc.bias"]
    return x.transpose(0, 2, 3, 1), softmax(logits)


def random_pictures(size: int) -> np.ndarray:
    pictures = np.random.default_rng(size).integers(0, 256, (2, size, size, 3))
    return ((pictures - 127) / 128).astype(np.float32)


def assert_equal(ours: np.ndarray, expected: np.ndarray) -> None:
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() <= 1e-4 * np.abs(expected).max()


@each_lite
def test_features_are_those_of_the_paper(name: str) -> None:
    x = random_pictures(64)
    expected, _ = forward(name, x)
    model = load.build(BACKBONES[name], input_size=64)
    efficientnet_lite.load_torch_weights(model, state_of(name))
    assert_equal(np.asarray(model(x, training=False)), expected)
    assert expected.max() > 0.5


@each_lite
def test_the_classes_are_those_of_the_paper(name: str) -> None:
    """75 pixels: odd sides on the way down, where SAME padding is lopsided."""
    x = random_pictures(75)
    features, probabilities = forward(name, x)
    model = load.build(BACKBONES[name], input_size=75, top=True)
    efficientnet_lite.load_torch_weights(model, state_of(name))
    both = keras.Model(model.input, [model.get_layer("top_relu").output, model.output])
    for ours, expected in zip(both(x, training=False), (features, probabilities), strict=True):
        assert_equal(np.asarray(ours), expected)
    assert probabilities.max() > 10 / 1000  # it has an opinion


@each_lite
def test_is_as_wide_and_deep_as_the_paper_says(name: str) -> None:
    """Also where its weights are not installed."""
    layers = load.build(BACKBONES[name], input_size=32, top=True).layers
    strides = [layer.strides[0] for layer in layers if layer.name.endswith("depthwise_conv")]
    channels = [layer.filters for layer in layers if layer.name.endswith("project_conv")]
    assert list(zip(strides, channels, strict=True)) == list(blocks_of(name))
    kernels = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert (kernels[0].filters, kernels[-1].filters) == (32, 1280)  # whatever the width


def test_the_rule_gives_the_channels_that_were_published() -> None:
    """Of Lite2, in its weights; Lite1 has those of Lite0."""
    widths = [channels for _, channels in blocks_of("efficientnet_lite2")]
    assert list(dict.fromkeys(widths)) == [16, 24, 48, 88, 120, 208, 352]
    assert [widths.count(each) for each in dict.fromkeys(widths)] == [1, 3, 3, 4, 4, 5, 1]


def test_weights_of_another_network_are_refused() -> None:
    state = state_of(LITE0.name)
    model = efficientnet_lite.efficientnet_lite0(32)
    missing = {name: array for name, array in state.items() if not name.startswith("_blocks.3.")}
    with pytest.raises(ValueError, match="shape"):
        efficientnet_lite.load_torch_weights(model, missing)
    swollen = state | {"_conv_stem.weight": np.zeros((64, 3, 3, 3), np.float32)}
    with pytest.raises(ValueError, match="shape"):
        efficientnet_lite.load_torch_weights(model, swollen)


def test_weights_without_its_classes_are_refused() -> None:
    state = state_of(LITE0.name)
    model = efficientnet_lite.efficientnet_lite0(32, top=True)
    headless = {name: array for name, array in state.items() if not name.startswith("_fc")}
    with pytest.raises(KeyError, match=r"_fc\.weight"):
        efficientnet_lite.load_torch_weights(model, headless)
    of_ten = state | {"_fc.weight": np.zeros((10, 1280), np.float32)}
    with pytest.raises(ValueError, match="shape"):
        efficientnet_lite.load_torch_weights(model, of_ten)


@each_lite
def test_the_weights_of_another_lite_are_refused(name: str) -> None:
    """Lite1 is deeper than Lite0, and Lite2 is as deep as Lite1 but wider."""
    file = file_of("efficientnet_lite2" if name == "efficientnet_lite1" else "efficientnet_lite1")
    title = BACKBONES[name].title
    with pytest.raises(UserError, match=rf"weights of {title}, but .* another network"):
        load.load(BACKBONES[name], file)


def test_knows_a_daisy(material: Path) -> None:
    """With its 1000 classes, it names what is on real photographs."""
    listed = json.loads((material / "keras_home/models/imagenet_class_index.json").read_text())
    names = [listed[str(i)][1] for i in range(1000)]
    photos = sorted((material / "datasets/flowers5/daisy").iterdir())[::12]
    pixels = [images.to_square(images.decode(photo.read_bytes()), 224) for photo in photos]
    given = keras.layers.Input((224, 224, 3), dtype="uint8")
    network = load.load(LITE0, file_of(LITE0.name), top=True)
    classes = network(load.preprocess(LITE0.preprocessing, given))
    probabilities = np.asarray(keras.Model(given, classes)(np.stack(pixels), training=False))
    top5 = [{names[i] for i in np.argsort(row)[-5:]} for row in probabilities]
    assert np.mean(["daisy" in five for five in top5]) >= 0.8
