"""AlexNet in Keras, in the shape that torchvision publishes weights for.

Architecture: Krizhevsky 2014 (arXiv:1404.5997, "one weird trick"), the single-column variant of the
network of 2012. Weights: torchvision's state dict.
"""

import numpy as np

from core.backbones.frameworks import keras
from core.backbones.weights.torch_layers import fill

layers = keras.layers

# Filters, kernel, stride and padding of each convolution, and whether the maps are pooled after it.
_CONVOLUTIONS = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)
_IN_TORCH = {
    **dict(zip(("conv1", "conv2", "conv3", "conv4", "conv5"), (0, 3, 6, 8, 10), strict=True)),
    **dict(zip(("fc6", "fc7", "fc8"), (1, 4, 6), strict=True)),
}
_MAPS = (256, 6, 6)  # what the classifier was trained on: channels, height, width
_UNITS = 4096
_CLASSES = 1000


def alexnet(input_size: int = 224, top: bool = False) -> keras.Model:
    """AlexNet with random weights.

    Returns:
        A model from images [N, input_size, input_size, 3], scaled as torchvision does, to
        features [N, side, side, 256], 6 × 6 at 224 pixels, or with `top` (at 224 pixels) to
        probabilities [N, 1000].
    """
    inputs = layers.Input((input_size, input_size, 3), name="input")
    x = inputs
    for number, (filters, kernel, stride, padding, pooled) in enumerate(_CONVOLUTIONS, 1):
        x = layers.ZeroPadding2D(padding, name=f"conv{number}_pad")(x)
        x = layers.Conv2D(filters, kernel, stride, name=f"conv{number}")(x)
        x = layers.ReLU(name=f"conv{number}_relu")(x)
        if pooled:
            x = layers.MaxPooling2D(3, 2, name=f"conv{number}_pool")(x)
    if top:
        x = layers.Flatten(name="flatten")(x)
        for name in ("fc6", "fc7"):
            x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
            x = layers.Dense(_UNITS, activation="relu", name=name)(x)
        x = layers.Dense(_CLASSES, activation="softmax", name="fc8")(x)
    return keras.Model(inputs, x, name="alexnet")


def load_torch_weights(model: keras.Model, state: dict[str, np.ndarray]) -> None:
    """Fill the model from a torchvision state dict, checked shape by shape.

    Raises:
        KeyError, ValueError: The names or shapes are not those of this model.
    """
    layers_with_weights = [layer for layer in model.layers if layer.weights]
    if any(layer.name == "fc6" for layer in layers_with_weights):
        # PyTorch flattens channel by channel, Keras pixel by pixel.
        kernel = state["classifier.1.weight"].reshape(-1, *_MAPS).transpose(0, 2, 3, 1)
        state = state | {"classifier.1.weight": kernel.reshape(len(kernel), -1)}
    for layer in layers_with_weights:
        part = "features" if layer.name.startswith("conv") else "classifier"
        fill(layer, state, f"{part}.{_IN_TORCH[layer.name]}")
