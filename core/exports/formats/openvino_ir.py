"""OpenVINO's own format, read from ONNX: so it has names, and takes any number of pictures."""

import tempfile
from dataclasses import replace
from pathlib import Path

import openvino as ov

from core.exports.formats import onnx_file
from core.exports.order import Order


def convert(order: Order) -> None:
    """Convert it, in full precision.

    Raises:
        UserError: The model is damaged.
    """
    with tempfile.TemporaryDirectory() as there:
        onnx_file.convert(replace(order, folder=Path(there)))
        graph = ov.Core().read_model(Path(there) / "model.onnx")
        ov.save_model(graph, order.folder / "model.xml", compress_to_fp16=False)
