"""Puts arrays in PyTorch's layout into Keras layers."""

from typing import Any

import numpy as np

from core.backbones.frameworks import keras

layers = keras.layers
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def fill(layer: Any, state: dict[str, np.ndarray], name: str) -> None:
    """Fill one Keras layer from a PyTorch state dict.

    Args:
        layer: A convolution, depthwise convolution, dense layer or batch norm.
        state: Arrays by name, as `read_torch_weights` gives them.
        name: The layer's name in the state dict, such as `layer1.0.conv1`.

    Raises:
        KeyError: The state dict lacks it.
        ValueError: Its shapes are others.
    """
    if isinstance(layer, layers.BatchNormalization):
        layer.set_weights([state[f"{name}.{part}"] for part in _BATCH_NORM])
        return
    kernel = state[f"{name}.weight"]
    if isinstance(layer, layers.DepthwiseConv2D):
        kernel = kernel.transpose(2, 3, 0, 1)  # [channels, 1, h, w] to [h, w, channels, 1]
    elif isinstance(layer, layers.Conv2D):
        kernel = kernel.transpose(2, 3, 1, 0)  # [out, in, h, w] to [h, w, in, out]
    else:
        kernel = kernel.T  # [out, in] to [in, out]
    layer.set_weights([kernel, state[f"{name}.bias"]] if layer.use_bias else [kernel])
