"""The network, run by LiteRT (TensorFlow Lite): on phones, a Raspberry Pi or any computer."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class Network:
    """Answers for one picture at a time."""

    def __init__(self, folder: Path) -> None:
        # A microcontroller has the plain kernels, which round a little differently.
        micro = (folder / "thaw_sketch").is_dir()
        kernels = OpResolverType.BUILTIN_REF if micro else OpResolverType.AUTO
        self._interpreter = Interpreter(
            str(folder / "model.tflite"),
            num_threads=2,
            experimental_op_resolver_type=kernels,
        )
        self._run = self._interpreter.get_signature_runner("serve")
        self._input = self._run.get_input_details()["images"]
        self._outputs = self._run.get_output_details()

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of uint8 pixels [size, size, 3]."""
        found = self._run(images=self._quantized(pixels[None]))
        return {name: self._plain(name, value[0]) for name, value in found.items()}

    def _quantized(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels as an int8 network takes them; for the others nothing changes."""
        scale, zero = self._input["quantization"]
        if not scale:
            return pixels
        return np.clip(np.rint(pixels / scale) + zero, -128, 127).astype(self._input["dtype"])

    def _plain(self, name: str, value: np.ndarray) -> np.ndarray:
        """The numbers that an int8 network's answers stand for."""
        scale, zero = self._outputs[name]["quantization"]
        if scale:
            value = (value.astype(np.float32) - zero) * scale
        return value
