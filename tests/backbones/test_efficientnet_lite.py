"""EfficientNet-Lite0 in Keras against a forward pass written again, in NumPy, from the paper."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.backbones import efficientnet_lite, load, weights
from core.backbones.catalog import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.torch_weights import read_torch_weights
from core.data import images

LITE0 = BACKBONES["efficientnet_lite0"]
# EfficientNet-B0's stages (Tan & Le 2019, table 1): how many blocks, and the first one's stride.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))

Weights = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def state() -> Weights:
    file = weights.find(LITE0)
    assert file is not None
    return read_torch_weights(file)


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


def forward(state: Weights, x: np.ndarray) -> np.ndarray:
    """Features of preprocessed images [N, H, W, 3], in float64."""
    x = convolve(x.astype(np.float64).transpose(0, 3, 1, 2), state["_conv_stem.weight"], 2)
    x = relu6(normalise(x, state, "_bn0"))
    number = 0
    for blocks, first_stride in STAGES:
        for index in range(blocks):
            block, before = f"_blocks.{number}.", x
            stride = first_stride if index == 0 else 1
            if f"{block}_expand_conv.weight" in state:
                x = convolve(x, state[f"{block}_expand_conv.weight"])
                x = relu6(normalise(x, state, f"{block}_bn0"))
            x = convolve(x, state[f"{block}_depthwise_conv.weight"], stride)
            x = relu6(normalise(x, state, f"{block}_bn1"))
            x = normalise(convolve(x, state[f"{block}_project_conv.weight"]), state, f"{block}_bn2")
            if x.shape == before.shape:
                x = x + before
            number += 1
    x = relu6(normalise(convolve(x, state["_conv_head.weight"]), state, "_bn1"))
    return x.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("size", [64, 75])
def test_equals_the_forward_pass_of_the_paper(state: Weights, size: int) -> None:
    """75 pixels: odd sides on the way down, where SAME padding is lopsided."""
    model = efficientnet_lite.efficientnet_lite0(size)
    efficientnet_lite.load_torch_weights(model, state)
    pictures = np.random.default_rng(size).integers(0, 256, (2, size, size, 3))
    x = ((pictures - 127) / 128).astype(np.float32)
    ours = np.asarray(model(x, training=False))
    expected = forward(state, x)
    assert ours.shape == expected.shape
    scale = np.abs(expected).max()
    assert scale > 0.5
    assert np.abs(ours - expected).max() <= 1e-4 * scale


def test_weights_of_another_network_are_refused(state: Weights) -> None:
    model = efficientnet_lite.efficientnet_lite0(32)
    missing = {name: array for name, array in state.items() if not name.startswith("_blocks.3.")}
    with pytest.raises(ValueError, match="shape"):
        efficientnet_lite.load_torch_weights(model, missing)
    swollen = state | {"_conv_stem.weight": np.zeros((64, 3, 3, 3), np.float32)}
    with pytest.raises(ValueError, match="shape"):
        efficientnet_lite.load_torch_weights(model, swollen)


@pytest.mark.slow
def test_knows_a_daisy(state: Weights, material: Path) -> None:
    """With its 1000 classes put back, it names what is on real photographs."""
    listed = json.loads((material / "keras_home/models/imagenet_class_index.json").read_text())
    names = [listed[str(i)][1] for i in range(1000)]
    photos = sorted((material / "datasets/flowers5/daisy").iterdir())[::12]
    pixels = [images.to_square(images.decode(photo.read_bytes()), 224) for photo in photos]
    given = keras.layers.Input((224, 224, 3), dtype="uint8")
    body = load.load(LITE0, weights.find(LITE0))
    features = keras.layers.GlobalAveragePooling2D()(
        body(load.preprocess(LITE0.preprocessing, given))
    )
    pooled = np.asarray(keras.Model(given, features)(np.stack(pixels), training=False))
    logits = pooled @ state["_fc.weight"].T + state["_fc.bias"]
    top5 = [{names[i] for i in np.argsort(row)[-5:]} for row in logits]
    assert np.mean(["daisy" in five for five in top5]) >= 0.8
