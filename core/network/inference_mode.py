"""Thawed layers in the mode in which they were frozen, and as fast as that allows."""

import inspect
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from core.backbones.frameworks import keras, tf

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


@keras.saving.register_keras_serializable("thaw")
class InferenceMode(keras.layers.Layer):  # type: ignore[misc]
    """Layers in the mode in which they were frozen, also while the rest trains.

    In Keras 3 `training=False` given when a functional model is built is ignored in `fit`; a
    layer that calls the model itself decides. Dropout does not drop and batch norm keeps its
    statistics; gamma, beta and kernels of thawed layers still learn.

    Batch norm that keeps its statistics only scales and shifts. So where it follows a convolution
    its scale goes into the kernel: the same function with the same gradients, but for rounding,
    without one pass over all activations forwards and two backwards.
    """

    def __init__(self, body: Any, **options: Any) -> None:
        super().__init__(**options)
        self.body = body
        self._folded = _fold(body) if isinstance(body, keras.Model) else {}

    def call(self, x: Any) -> Any:
        if not self._folded:
            return self.body(x, training=False)
        # What `body(x, training=False)` does, with other operations in the place of some.
        return self.body._run_through_graph(x, operation_fn=self._in_place_of)

    def compute_output_shape(self, shape: Any) -> Any:
        return self.body.compute_output_shape(shape)

    def _in_place_of(self, operation: Any) -> Callable[..., Any]:
        return self._folded.get(id(operation), partial(_as_frozen, operation))


def _as_frozen(operation: Any, *inputs: Any, **options: Any) -> Any:
    if "training" in inspect.signature(operation.call).parameters:
        options["training"] = False
    return operation(*inputs, **options)


def _fold(body: Any) -> dict[int, Callable[..., Any]]:
    """What to do in the place of each convolution and the batch norm behind it, by `id`."""
    nodes = [node for level in body._nodes_by_depth.values() for node in level]
    uses = Counter(id(node.operation) for node in nodes)
    readers: dict[int, list[Any]] = {id(tensor): [None] for tensor in body.outputs}
    for node in nodes:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node.operation)
    folded: dict[int, Callable[..., Any]] = {}
    for node in nodes:
        convolution = node.operation
        if not _only_convolves(convolution) or uses[id(convolution)] != 1:
            continue
        (norm, *others) = readers[id(node.outputs[0])]
        if not others and _scales_channels(norm) and uses[id(norm)] == 1:
            folded[id(convolution)] = partial(_both, convolution, norm)
            folded[id(norm)] = _already_done
    return folded


def _only_convolves(layer: Any) -> bool:
    return (
        type(layer) in _CONVOLUTIONS
        and layer.activation is keras.activations.linear
        and layer.data_format == "channels_last"
    )


def _scales_channels(layer: Any) -> bool:
    return type(layer) is keras.layers.BatchNormalization and layer.axis in (-1, 3)


def _already_done(x: Any, **_: Any) -> Any:
    return x


def _both(layer: Any, norm: Any, x: Any, **_: Any) -> Any:
    """A convolution and the batch norm behind it."""
    scale = 1.0 / tf.sqrt(norm.moving_variance + norm.epsilon)
    if norm.scale:
        scale = scale * norm.gamma
    shift = -norm.moving_mean * scale
    if norm.center:
        shift = shift + norm.beta
    if layer.use_bias:
        shift = shift + layer.bias * scale
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    channels = layer.kernel.shape[2:] if depthwise else layer.kernel.shape[3:]
    convolve = keras.ops.depthwise_conv if depthwise else keras.ops.conv
    kernel = layer.kernel * tf.reshape(scale, channels)
    x, kernel, shift = (tf.cast(each, layer.compute_dtype) for each in (x, kernel, shift))
    x = convolve(x, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate)
    return tf.nn.bias_add(x, shift)
