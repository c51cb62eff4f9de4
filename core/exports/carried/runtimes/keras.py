"""The network, run by Keras. Nothing of Thaw's is needed: model.keras holds only Keras' layers."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


class Network:
    """Answers for one picture at a time."""

    def __init__(self, folder: Path) -> None:
        self._model = keras.saving.load_model(folder / "model.keras", compile=False)

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of uint8 pixels [size, size, 3]."""
        found = self._model.predict_on_batch(pixels[None])
        if not isinstance(found, dict):
            return {"probabilities": found[0]}
        named = {n if n == "familiar" else "probabilities": v for n, v in found.items()}
        return {n: np.squeeze(v) if n == "familiar" else v[0] for n, v in named.items()}
