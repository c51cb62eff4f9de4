"""ONNX, for any number of pictures at once."""

from typing import Any

import numpy as np

from core.backbones.frameworks import bring_in, tf
from core.exports import graph
from core.exports.order import Order

OPSET = 18


def convert(order: Order) -> None:
    """Convert it with tf2onnx.

    Raises:
        UserError: The model is damaged.
    """
    tf2onnx = bring_in("tf2onnx")
    model = graph.load(order.model)
    graph.hold_constants(model)
    signature = [graph.pixels(model, batch=None)]
    function = tf.function(graph.answers(model), input_signature=signature)
    with graph.inlined():
        function.get_concrete_function()
    tf2onnx.convert.from_function(
        function,
        signature,
        opset=OPSET,
        custom_op_handlers={"Erfc": (_erfc, [])},
        output_path=str(order.folder / "model.onnx"),
    )


def _erfc(context: Any, node: Any, name: str, _: Any) -> None:
    """TensorFlow computes GELU by the complement of erf, which ONNX lacks."""
    one = context.make_const(f"{name}_one", np.array(1, np.float32))
    erf = context.make_node("Erf", node.input)
    context.remove_node(name)
    context.make_node("Sub", [one.output[0], erf.output[0]], outputs=node.output, name=name)
