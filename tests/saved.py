"""What a kept model says, for tests: some answer with how familiar a picture is as well."""

from typing import Any

import numpy as np


def probabilities(model: Any, pixels: np.ndarray) -> np.ndarray:
    """Class probabilities [pictures, classes] of uint8 pictures."""
    said = model(pixels, training=False)
    return np.asarray(said["probabilities"] if isinstance(said, dict) else said)


def familiar(model: Any, pixels: np.ndarray) -> np.ndarray:
    """How familiar pictures are, [pictures]."""
    return np.asarray(model(pixels, training=False)["familiar"])[:, 0]
