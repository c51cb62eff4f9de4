"""A run's model as every converter wants it: one function with named outputs."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.backbones.frameworks import keras, tf
from core.errors import UserError

# Of a file of this computer; layers' names have slashes too, but none before the first.
_PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?(?:[/\\][^/\\\s:'\"]+){2,}[/\\]?")

INPUT = "images"
PROBABILITIES, FAMILIAR = "probabilities", "familiar"


def load(model: Path) -> Any:
    """The Keras model of a run.

    Raises:
        UserError: It is damaged.
    """
    from core.results.predictor import load_model

    return load_model(model)


def is_sealed(model: Any) -> bool:
    """Whether it holds a TensorFlow Hub module, which is no layer of Keras' own."""
    from core.backbones.hub.hub import SealedModule

    return any(isinstance(layer, SealedModule) for layer in _layers(model))


def _layers(model: Any) -> Iterator[Any]:
    yield from model._flatten_layers(include_self=False, recursive=True)


def hold_constants(model: Any) -> None:
    """Have a function that is made of the model hold what its layers subtract and divide by.

    Keras keeps these as tensors, and a tensor from outside becomes an input of the function.
    """
    for layer in _layers(model):
        if isinstance(layer, keras.layers.Normalization):
            layer.mean, layer.variance = np.array(layer.mean), np.array(layer.variance)


def answers(model: Any) -> Callable[[Any], dict[str, Any]]:
    """The model as a function from pixels [N, size, size, 3] to its named outputs.

    These are `probabilities` [N, classes], and `familiar` [N] where the model has a score for
    "none of these".
    """

    def answer(images: Any) -> dict[str, Any]:
        found = model(images, training=False)
        if not isinstance(found, Mapping):
            return {PROBABILITIES: found}
        (probabilities,) = (value for name, value in found.items() if name != FAMILIAR)
        named = {PROBABILITIES: probabilities}
        if FAMILIAR in found:
            named[FAMILIAR] = tf.reshape(found[FAMILIAR], [-1])
        return named

    return answer


def taking_floats(model: Any) -> Any:
    """The same model for float32 pixels from 0 to 255, as an int8 converter needs it.

    A model that takes uint8 makes uint8 of everything it is given, before its first layer.
    """
    floats = keras.Input(model.inputs[0].shape[1:], dtype="float32", name=model.inputs[0].name)
    # With the same layers: one that is made anew of its settings lacks what a sealed module holds.
    return keras.models.clone_model(model, input_tensors=floats, clone_function=lambda layer: layer)


def for_micro(model: Any) -> Any:
    """The same network as TensorFlow Lite Micro can run it, with a score that survives rounding.

    It cannot find the largest of many numbers by itself, so the largest is taken out again and
    again. The numbers are cosines of features that are not negative, so 0 takes its place; of
    several that are equal, all are taken out at once. Means and lengths are spelled out in
    operations that occur nowhere else, so that they can stay in float.
    """
    ops = keras.ops

    def called(operation: Any, *given: Any, **named: Any) -> Any:
        match type(operation).__name__:
            case "TopK":
                (rest,) = given
                found = []
                for _ in range(operation.k):
                    found.append(ops.max(rest, axis=-1, keepdims=True))
                    rest = ops.where(rest >= found[-1], ops.zeros_like(rest), rest)
                return ops.concatenate(found, axis=-1), rest
            case "Mean":
                (x,) = given
                return ops.matmul(x, np.full((x.shape[-1], 1), 1 / x.shape[-1], np.float32))
            case "UnitNormalization":
                (x,) = given
                squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
                return x / ops.sqrt(squares + 1e-12)
            case "ReLU" if operation.max_value == 1:
                (x,) = given
                return ops.minimum(ops.maximum(x, 0.0), 1.0)
        return operation(*given, **named)

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=called)


def pixels(model: Any, *, batch: int | None, dtype: Any = None) -> Any:
    """The signature of a function that takes pixels.

    Args:
        model: Says how large they are.
        batch: How many pictures at once; None for any number.
        dtype: uint8 where None.
    """
    shape = (batch, *model.inputs[0].shape[1:])
    return tf.TensorSpec(shape, dtype or tf.uint8, name=INPUT)


def write(
    model: Any, folder: Path, endpoints: Mapping[str, tuple[Callable[..., Any], Any]]
) -> None:
    """Write a SavedModel.

    Args:
        model: Whose variables it holds.
        folder: Where.
        endpoints: Its signatures: what each computes, and the TensorSpec of what it takes.
    """
    module = tf.Module()
    module.held = [variable.value for variable in model.variables]
    signatures = {
        name: tf.function(function, input_signature=[taken]).get_concrete_function()
        for name, (function, taken) in endpoints.items()
    }
    tf.saved_model.save(module, str(folder), signatures)


@contextlib.contextmanager
def inlined() -> Iterator[None]:
    """Functions that are called while another one is traced become part of it.

    Keras wraps grouped convolutions in a function that XLA compiles, which converters can't read.
    """
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@contextlib.contextmanager
def told(title: str) -> Iterator[None]:
    """Tells an error of a converter in words; each raises its own kinds.

    Raises:
        UserError: Of whatever is raised within.
    """
    try:
        yield
    except (UserError, MemoryError, OSError):  # a full disk is no fault of the network's
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        reason = _PATH.sub("…", reason)[:300]
        raise UserError(
            "This network cannot be converted to {title}: {reason}. Nothing was written. Export it "
            "to another format, such as Keras.",
            title=title,
            reason=reason.rstrip("."),
        ) from error
