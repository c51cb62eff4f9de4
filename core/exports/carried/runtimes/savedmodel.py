"""The network, run by TensorFlow. It takes pixels, or JPEG files as TensorFlow Serving does."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf


class Network:
    """Answers for one picture at a time."""

    def __init__(self, folder: Path) -> None:
        self._loaded = tf.saved_model.load(str(folder / "saved_model"))  # which owns what follows
        self._pixels = self._loaded.signatures["pixels"]
        self._jpeg = self._loaded.signatures["serving_default"]

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of uint8 pixels [size, size, 3]."""
        return self._first(self._pixels(images=tf.constant(pixels[None])))

    def jpeg(self, data: bytes) -> dict[str, np.ndarray]:
        """What it says of a JPEG file, which is decoded and made square within the graph."""
        return self._first(self._jpeg(jpeg=tf.constant([data])))

    @staticmethod
    def _first(found: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
        return {name: value.numpy()[0] for name, value in found.items() if name != "classes"}
