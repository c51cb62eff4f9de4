"""A Keras network computes in bfloat16 for a while; its weights are and stay float32.

That is Keras' mixed precision, as it is on a GPU that has bfloat16. It is not set for good, since a
network that is kept has to name pictures in float32, on any machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.backbones.frameworks import keras
from core.network.engine import BFLOAT16

# Colours that are told apart by less than bfloat16's 8 binary digits, and a mean of many numbers.
_EXACT = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.GlobalAveragePooling2D)


@contextmanager
def computing_in(precision: str, model: Any) -> Iterator[None]:
    """What TensorFlow traces meanwhile computes in this precision, and goes on to.

    Args:
        precision: FLOAT32 changes nothing.
        model: Whose layers, also those inside others.
    """
    layers = []
    if precision == BFLOAT16:
        layers = [each for each in model._flatten_layers() if not isinstance(each, _EXACT)]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = "mixed_bfloat16"
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy
