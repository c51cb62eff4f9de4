"""ONNX, for any number of pictures at once."""

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
    signature = [graph.pixels(model, batch=None)]
    function = tf.function(graph.answers(model), input_signature=signature)
    file = str(order.folder / "model.onnx")
    tf2onnx.convert.from_function(function, signature, opset=OPSET, output_path=file)
