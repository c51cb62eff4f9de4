"""The network, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime


class Network:
    """Answers for one picture at a time; the file itself takes any number at once."""

    def __init__(self, folder: Path) -> None:
        self._session = onnxruntime.InferenceSession(
            folder / "model.onnx", providers=["CPUExecutionProvider"]
        )
        self._names = [output.name for output in self._session.get_outputs()]

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of uint8 pixels [size, size, 3]."""
        found = self._session.run(self._names, {"images": pixels[None]})
        return {name: value[0] for name, value in zip(self._names, found, strict=True)}
