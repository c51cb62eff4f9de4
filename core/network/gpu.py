"""A GPU, where TensorFlow has one: it computes features there and trains thawed layers there.

It does both in bfloat16 where the GPU has units for that. Trained networks name pictures on the
CPU, with OpenVINO, as they do on every machine: one picture at a time is no work for a GPU, and the
program that does it needs no TensorFlow.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.network.engine import BFLOAT16, FLOAT32, Answer

_BATCH = 64
_WITH_BFLOAT16 = (8, 0)  # NVIDIA's compute capability, since 2020


def is_here() -> bool:
    """Whether TensorFlow has a GPU. Asks TensorFlow only where there may be one."""
    if not any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg")):
        return False
    from core.backbones.frameworks import tf

    return bool(tf.config.list_physical_devices("GPU"))


def precision() -> str:
    """What TensorFlow computes with here: bfloat16 on a GPU that has units for it."""
    if not is_here():
        return FLOAT32
    from core.backbones.frameworks import tf

    (first, *_) = tf.config.list_physical_devices("GPU")
    capability = tf.config.experimental.get_device_details(first).get("compute_capability")
    return BFLOAT16 if capability and capability >= _WITH_BFLOAT16 else FLOAT32


@contextmanager
def computing_in(precision: str, model: Any) -> Iterator[None]:
    """What TensorFlow traces meanwhile computes in this precision, and keeps doing so.

    The network's weights are and stay float32. That is Keras' mixed precision. It is not set for
    good, since a network that is kept has to name pictures in float32, on any machine.

    Args:
        precision: FLOAT32 changes nothing.
        model: Whose layers, also those inside others.
    """
    from core.backbones.frameworks import keras

    # Colours that differ by less than bfloat16's 8 binary digits, and a mean of many.
    exact = (
        keras.layers.Rescaling,
        keras.layers.Normalization,
        keras.layers.GlobalAveragePooling2D,
    )
    layers = []
    if precision == BFLOAT16:
        layers = [each for each in model._flatten_layers() if not isinstance(each, exact)]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = "mixed_bfloat16"
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


class TensorFlowEngine:
    """Runs a network that no longer changes as TensorFlow does, many images at once."""

    def __init__(self, build: Callable[[], Any], answer: Answer, precision: str) -> None:
        """As `engine.compile_model`."""
        from core.backbones.frameworks import tf

        model = build()
        shape = (None, *model.inputs[0].shape[1:])
        run = tf.function(lambda images: tf.cast(model(images, training=False), tf.float32))
        with computing_in(precision, model):  # traced once for all batch sizes
            self._run = run.get_concrete_function(tf.TensorSpec(shape, tf.uint8))
        self._tensor = tf.constant
        self._answer = answer
        self._waiting: list[tuple[str, np.ndarray]] = []

    def submit(self, key: str, pixels: np.ndarray) -> None:
        """Take one image, uint8 [size, size, 3]; waits while a batch is computed."""
        self._waiting.append((key, pixels))
        if len(self._waiting) == _BATCH:
            self.wait()

    def wait(self) -> None:
        """Return when every submitted image has been answered."""
        batch, self._waiting = self._waiting, []
        if batch:
            pictures = self._tensor(np.stack([pixels for _, pixels in batch]))
            features = self._run(pictures).numpy()
            for (key, _), row in zip(batch, features, strict=True):
                self._answer(key, row)
