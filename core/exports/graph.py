"""A run's model as every converter wants it: one function with named outputs."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.backbones.frameworks import tf
from core.errors import UserError

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

    layers = model._flatten_layers(include_self=False, recursive=True)
    return any(isinstance(layer, SealedModule) for layer in layers)


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
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["dtype"] = "float32"
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


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
def told(title: str) -> Iterator[None]:
    """Tells an error of a converter in words; each raises its own kinds.

    Raises:
        UserError: Of whatever is raised within.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise UserError(
            "This network cannot be converted to {title}: {reason}. Nothing was written. Export it "
            "to another format, such as Keras.",
            title=title,
            reason=reason.rstrip("."),
        ) from error
