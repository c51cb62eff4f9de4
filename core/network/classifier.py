"""A backbone and a head, cut so that what is frozen runs once and the rest can be trained."""

import math
from typing import Any

from core.backbones import load
from core.backbones.catalog import Backbone
from core.backbones.frameworks import keras
from core.network import freeze
from core.network.prefix import PIXELS, POOLED, prefix_at

# A cut is worth caching where reading it back beats computing it again: at one gigabyte a second,
# 2 MiB take two milliseconds, less than the cheapest frozen part that makes so much.
_CUT_BYTES = 2 << 20


@keras.saving.register_keras_serializable("thaw")
class InferenceMode(keras.layers.Layer):  # type: ignore[misc]
    """Layers in the mode in which they were frozen, also while the rest trains.

    In Keras 3 `training=False` given when a functional model is built is ignored in `fit`; a
    layer that calls the model itself decides. Dropout does not drop and batch norm keeps its
    statistics; gamma, beta and kernels of thawed layers still learn.
    """

    def __init__(self, body: Any, **options: Any) -> None:
        super().__init__(**options)
        self.body = body

    def call(self, x: Any) -> Any:
        return self.body(x, training=False)

    def compute_output_shape(self, shape: Any) -> Any:
        return self.body.compute_output_shape(shape)


class Network:
    """A backbone that has been frozen to a depth and cut.

    Attributes:
        backbone: Its row of the catalogue.
        body: The Keras model, without classes and pooling.
        frozen: How many of its layers are frozen.
        prefix: What runs once an image.
    """

    def __init__(
        self,
        backbone: Backbone,
        body: Any,
        weights: str,
        *,
        frozen_layers: int | None,
        budget: int,
        images: int,
    ) -> None:
        """Freeze and cut.

        Args:
            backbone: Its row of the catalogue.
            body: The Keras model, with its weights.
            weights: Digest of these weights.
            frozen_layers: How many layers to freeze, None for all.
            budget: Bytes that the features of all images may take on disk.
            images: How many images there are.

        Raises:
            UserError: The backbone has fewer layers than that.
        """
        self.backbone = backbone
        self.body = body
        # Keras remembers on a model everything that was built upon it. A body that is used again
        # would keep the heads of all earlier runs in memory.
        body._inbound_nodes.clear()
        body._outbound_nodes.clear()
        self.frozen = freeze.freeze(body, frozen_layers)
        self._cut: freeze.Cut | None = None
        if self.frozen == len(body.layers):
            self.prefix = prefix_at(POOLED, backbone, weights, (backbone.features,))
            return
        deepest = freeze.cuts(body, self.frozen)
        size = min(_CUT_BYTES, budget // max(images, 1))
        affordable = [cut for cut in deepest[1:] if 4 * cut.size <= size]
        if affordable:
            self._cut = affordable[-1]
            shape = tuple(self._cut.tensor.shape[1:])
            self.prefix = prefix_at(self._cut.name, backbone, weights, shape)
        else:
            side = backbone.input_size
            self.prefix = prefix_at(PIXELS, backbone, weights, (side, side, 3))

    def prefix_model(self) -> Any:
        """What is frozen up to the cut: uint8 images [N, size, size, 3] to features."""
        images, x = self._preprocessed()
        if self.prefix.cut == POOLED:
            x = keras.layers.GlobalAveragePooling2D()(self.body(x))
        elif self._cut is not None:
            x = keras.Model(self.body.inputs[0], self._cut.tensor)(x)
        return keras.Model(images, x)

    def trainee(self, head: list[Any]) -> Any:
        """What is trained: features at the cut to class probabilities."""
        if self.prefix.cut == POOLED:
            features = x = keras.layers.Input(self.prefix.shape, name="features")
        elif self._cut is not None:
            features = keras.layers.Input(self.prefix.shape, name="features")
            rest = keras.Model(self._cut.tensor, self.body.outputs[0])
            x = keras.layers.GlobalAveragePooling2D()(InferenceMode(rest)(features))
        else:
            features, x = self._preprocessed()
            x = keras.layers.GlobalAveragePooling2D()(InferenceMode(self.body)(x))
        for layer in head:
            x = layer(x)
        return keras.Model(features, x)

    def whole(self, head: list[Any]) -> Any:
        """The model that is kept: uint8 images [N, size, size, 3] to class probabilities.

        It holds only Keras' own layers, preprocessing included, so Keras alone can load it.
        """
        images, x = self._preprocessed()
        x = keras.layers.GlobalAveragePooling2D(name=POOLED)(self.body(x))
        for layer in head:
            x = layer(x)
        return keras.Model(images, x, name="classifier")

    def parameters(self, head: list[Any]) -> dict[str, int]:
        """Parameters of body and head: all of them, and those that training changes."""
        layers = [self.body, *head]
        return {
            "total": sum(layer.count_params() for layer in layers),
            "trainable": sum(
                math.prod(v.shape) for layer in layers for v in layer.trainable_variables
            ),
        }

    def _preprocessed(self) -> tuple[Any, Any]:
        size = self.backbone.input_size
        images = keras.layers.Input((size, size, 3), dtype="uint8", name="images")
        return images, load.preprocess(self.backbone.preprocessing, images)


def head_layers(dense: tuple[int, ...], dropout: float, classes: int, seed: int) -> list[Any]:
    """The layers from pooled features to class probabilities.

    Args:
        dense: Units of each hidden dense layer.
        dropout: Share of units dropped before the class layer and after each dense layer.
        classes: How many classes.
        seed: Seeds the initial weights and the dropout.
    """
    layers = []
    for number, units in enumerate(dense):
        start = keras.initializers.GlorotUniform(seed=seed + number)
        layers.append(
            keras.layers.Dense(
                units, activation="relu", kernel_initializer=start, name=f"dense_{number + 1}"
            )
        )
        if dropout:
            layers.append(
                keras.layers.Dropout(dropout, seed=seed + number, name=f"dropout_{number + 1}")
            )
    if dropout and not dense:
        layers.append(keras.layers.Dropout(dropout, seed=seed, name="dropout"))
    start = keras.initializers.GlorotUniform(seed=seed + len(dense))
    layers.append(
        keras.layers.Dense(classes, activation="softmax", kernel_initializer=start, name="classes")
    )
    return layers
