"""The network, run by OpenVINO."""

from pathlib import Path

import numpy as np
import openvino


class Network:
    """Answers for one picture at a time; the file itself takes any number at once."""

    def __init__(self, folder: Path) -> None:
        # Some processors would compute in bfloat16 unasked, which changes the answers a little.
        hints = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        self._model = openvino.Core().compile_model(folder / "model.xml", "CPU", hints)

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of uint8 pixels [size, size, 3]."""
        found = self._model({"images": pixels[None]})
        return {port.get_any_name(): found[port][0] for port in self._model.outputs}
