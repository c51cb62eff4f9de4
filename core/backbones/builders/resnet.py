"""ResNet-18 and ResNet-34 in Keras, which has only the deeper ones.

Architecture: He et al. 2015 (arXiv:1512.03385), table 1, as torchvision builds it: padding on both
sides before strided convolutions, batch norm after each. Weights: torchvision's state dicts;
layers here are called as there, with `_` for `.`.
"""

from typing import Any

import numpy as np

from core.backbones.frameworks import keras
from core.backbones.weights.torch_layers import fill

layers = keras.layers

_WIDTHS = (64, 128, 256, 512)
_BATCH_NORM_EPSILON = 1e-5
_CLASSES = 1000


def resnet18(input_size: int = 224, top: bool = False) -> keras.Model:
    """ResNet-18 with random weights; see `_resnet`."""
    return _resnet("resnet18", (2, 2, 2, 2), input_size, top)


def resnet34(input_size: int = 224, top: bool = False) -> keras.Model:
    """ResNet-34 with random weights; see `_resnet`."""
    return _resnet("resnet34", (3, 4, 6, 3), input_size, top)


def _resnet(name: str, blocks: tuple[int, ...], input_size: int, top: bool) -> keras.Model:
    """A ResNet of basic blocks.

    Returns:
        A model from images [N, input_size, input_size, 3], scaled as torchvision does, to
        features [N, input_size / 32, input_size / 32, 512], or with `top` to probabilities
        [N, 1000].
    """
    inputs = layers.Input((input_size, input_size, 3), name="input")
    x = _convolution(inputs, 64, 7, 2, "conv1", "bn1")
    x = layers.ReLU(name="relu")(x)
    # Zeros are as good as minus infinity here: after ReLU nothing is smaller.
    x = layers.ZeroPadding2D(1, name="maxpool_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="maxpool")(x)
    for stage, (width, count) in enumerate(zip(_WIDTHS, blocks, strict=True), 1):
        for index in range(count):
            stride = 2 if stage > 1 and index == 0 else 1
            x = _block(x, width, stride, f"layer{stage}_{index}_")
    if top:
        x = layers.GlobalAveragePooling2D(name="avgpool")(x)
        x = layers.Dense(_CLASSES, activation="softmax", name="fc")(x)
    return keras.Model(inputs, x, name=name)


def _block(inputs: Any, width: int, stride: int, name: str) -> Any:
    """Two convolutions and a short cut past them."""
    x = _convolution(inputs, width, 3, stride, f"{name}conv1", f"{name}bn1")
    x = layers.ReLU(name=f"{name}relu1")(x)
    x = _convolution(x, width, 3, 1, f"{name}conv2", f"{name}bn2")
    short = inputs
    if stride != 1 or inputs.shape[-1] != width:
        short = _convolution(inputs, width, 1, stride, f"{name}downsample_0", f"{name}downsample_1")
    x = layers.Add(name=f"{name}add")([short, x])
    return layers.ReLU(name=f"{name}relu2")(x)


def _convolution(x: Any, filters: int, kernel: int, stride: int, name: str, norm: str) -> Any:
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(filters, kernel, stride, use_bias=False, name=name)(x)
    return layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, momentum=0.9, name=norm)(x)


def load_torch_weights(model: keras.Model, state: dict[str, np.ndarray]) -> None:
    """Fill the model from a torchvision state dict, checked shape by shape.

    Raises:
        KeyError, ValueError: The names or shapes are not those of this model.
    """
    names = {layer.name.replace("_", "."): layer for layer in model.layers if layer.weights}
    more = {name.rpartition(".")[0] for name in state} - set(names) - {"fc"}
    if more:
        raise ValueError(f"layers that this network has not: {sorted(more)[:3]}")
    for name, layer in names.items():
        fill(layer, state, name)
