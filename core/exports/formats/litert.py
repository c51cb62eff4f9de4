"""LiteRT, the former TensorFlow Lite: float32, float16, or int8."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.backbones.frameworks import bring_in, keras, tf
from core.errors import UserError
from core.exports import graph, table
from core.exports.order import Order
from core.exports.table import Precision

SIGNATURE = "serve"
_ENOUGH = 0.97  # of the calibration pictures that int8 names as float32 does
# What follows the last convolution. Its numbers may vary by less than a 256th of their range.
_HEAD = [
    *("MEAN", "CONCATENATION", "FULLY_CONNECTED", "SOFTMAX", "LOGISTIC"),
    # of the score for "none of these"
    *("L2_NORMALIZATION", "SQUARE", "SUM", "SQRT", "RSQRT", "MAXIMUM", "MINIMUM", "DIV", "TOPK_V2"),
]


def convert(order: Order) -> None:
    """Convert by way of a SavedModel, which keeps the names of input and outputs.

    Raises:
        UserError: The network needs operations that LiteRT itself lacks; or int8 is wanted without
            pictures to calibrate it on.
    """
    model = graph.load(order.model)
    precision = table.find(order.format).precision
    if precision is Precision.INT8:
        made = whole_numbers(graph.taking_floats(model), order.calibration)
    else:
        made = _converted(model, tf.uint8, lambda converter: _floats(converter, precision))
    (order.folder / "model.tflite").write_bytes(made)


def _converted(
    model: Any, taken: Any, convert: Callable[[Any], bytes], *, rounded: bool = False
) -> bytes:
    answers = graph.answers(model)

    def apart(images: Any) -> dict[str, Any]:
        """An output that the score for "none of these" needs too would stay in float."""
        found = answers(images)
        return found | {graph.PROBABILITIES: tf.nn.relu(found[graph.PROBABILITIES])}

    with tempfile.TemporaryDirectory() as there:
        signature = graph.pixels(model, batch=1, dtype=taken)
        graph.write(model, Path(there), {SIGNATURE: (apart if rounded else answers, signature)})
        return convert(tf.lite.TFLiteConverter.from_saved_model(there, signature_keys=[SIGNATURE]))


def _floats(converter: Any, precision: Precision) -> bytes:
    if precision is Precision.FLOAT16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def whole_numbers(model: Any, calibration: Path | None, floats: Sequence[str] = ()) -> bytes:
    """Whole numbers throughout; where that costs much, everywhere but in the head.

    A head that looks at every stage may rest on numbers that hardly vary, as those of the early
    stages do on line drawings. Rounded to 256 steps they are all the same.

    Args:
        model: It takes floats; it may be changed.
        calibration: As in an order.
        floats: Operations that stay in float all the same, by their names in the schema.

    Returns:
        A flatbuffer whose input and outputs are int8.

    Raises:
        UserError: There are no pictures to calibrate it on.
    """
    if calibration is None:
        raise UserError(
            "An int8 network is calibrated on pictures that it was trained on, and these are not "
            "here. Name them with --pictures, or import them again and train once more."
        )
    pictures = np.load(calibration)

    def whole(converter: Any) -> bytes:
        if floats:
            return but_for(converter, floats)
        _set(converter, pictures)
        return bytes(converter.convert())

    def but_for_the_head(converter: Any, *, ends: bool = True) -> bytes:
        return but_for(converter, [*_HEAD, *floats], ends=ends)

    def but_for(converter: Any, operations: Sequence[str], *, ends: bool = True) -> bytes:
        _set(converter, pictures)
        options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_ops=list(operations), fully_quantize=ends
        )
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=converter.representative_dataset,
            debug_options=options,
        )
        return bytes(debugger.get_nondebug_quantized_model())

    expected = _answers(_converted(model, tf.float32, _plain), pictures)

    def agreement(answers: np.ndarray) -> float:
        return float((answers.argmax(axis=1) == expected.argmax(axis=1)).mean())

    made = _converted(model, tf.float32, whole, rounded=True)
    reached = agreement(_answers(made, pictures))
    if reached >= _ENOUGH:
        return made
    _level(model, pictures, partial(but_for_the_head, ends=False))
    other = _converted(model, tf.float32, but_for_the_head, rounded=True)
    return other if agreement(_answers(other, pictures)) > reached else made


def _plain(converter: Any) -> bytes:
    return bytes(converter.convert())


def _level(model: Any, pictures: np.ndarray, convert: Callable[[Any], bytes]) -> None:
    """Take out of the class layer what rounding shifts its numbers by on average, if there is one.

    Args:
        model: Changed in place.
        pictures: To measure it on.
        convert: Rounds what is before the head.
    """
    layer = next((each for each in model.layers if each.name == "classes"), model.layers[-1])
    if not (
        isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.softmax
    ):
        return
    layer.activation = keras.activations.linear  # a softmax makes 0 of most
    expected = _answers(_converted(model, tf.float32, _plain), pictures)
    rounded = _answers(_converted(model, tf.float32, convert), pictures)
    layer.activation = keras.activations.softmax
    layer.bias.assign(layer.bias + (expected - rounded).mean(axis=0))


def _answers(made: bytes, pictures: np.ndarray) -> np.ndarray:
    """What a converted network says of pictures, [pictures, classes]."""
    interpreter = bring_in("ai_edge_litert.interpreter").Interpreter(model_content=made)
    run = interpreter.get_signature_runner(SIGNATURE)
    scale, zero = run.get_output_details()[graph.PROBABILITIES]["quantization"]
    whole = run.get_input_details()[graph.INPUT]["dtype"] is np.int8
    found = []
    for each in pictures:
        taken = (each.astype(np.int16) - 128).astype(np.int8) if whole else each.astype(np.float32)
        found.append(run(images=taken[None])[graph.PROBABILITIES][0])
    answers = np.stack(found).astype(np.float32)
    return (answers - zero) * scale if scale else answers


def _set(converter: Any, pictures: np.ndarray) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _examples(pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def _examples(pictures: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """Pictures by which the converter finds the range of every number."""
    for place, pixels in enumerate(pictures):
        images = pixels[None].astype(np.float32)
        if not place:
            images[0, 0, :2, 0] = 0, 255  # then int8 holds each pixel as it is, less 128
        yield {graph.INPUT: images}
