"""Where a network may be cut so that its frozen part runs once an image.

N frozen layers are the first N of `model.layers`. A cut is a place in the order of
`model.operations` (not `model.layers`: some networks join with raw operations that `layers`
lacks) which a single tensor crosses, with nothing before it that training may change.
"""

import math
from dataclasses import dataclass
from typing import Any

from core.backbones.frameworks import keras
from core.errors import UserError


@dataclass(frozen=True)
class Cut:
    """A place where one tensor carries everything.

    Attributes:
        name: The operation whose output is that tensor.
        tensor: The tensor (symbolic, [N, …]).
        size: Its numbers for one image.
    """

    name: str
    tensor: Any
    size: int


def freeze(model: keras.Model, frozen_layers: int | None) -> int:
    """Mark the first layers frozen and the rest thawed.

    Args:
        model: The backbone, without its classes and without pooling.
        frozen_layers: How many of `model.layers`; None for all.

    Returns:
        How many are frozen.

    Raises:
        UserError: The backbone has fewer layers.
    """
    count = len(model.layers)
    frozen = count if frozen_layers is None else frozen_layers
    if frozen > count:
        raise UserError(
            f"Expected at most {count} frozen layers for {model.name}, received {frozen}."
        )
    for index, layer in enumerate(model.layers):
        layer.trainable = index >= frozen
    return frozen


def cuts(model: keras.Model, frozen_layers: int) -> list[Cut]:
    """All cuts within the first frozen layers, from the input on.

    The first is the input itself: everything after it is computed again each epoch.

    Args:
        model: A functional model with one input and one output.
        frozen_layers: How many of `model.layers` are frozen.

    Returns:
        At least one cut, the deepest last.
    """
    thawed = {id(layer) for layer in model.layers[frozen_layers:]}
    position = {id(operation): index for index, operation in enumerate(model.operations)}
    tensors, last_use = _tensors(model, position)
    found = [_cut(model.inputs[0])]
    for index, operation in enumerate(model.operations):
        if id(operation) in thawed:
            break
        crossing = [t for made, t in tensors if made <= index < last_use[id(t)]]
        if len(crossing) == 1 and crossing[0] is not found[-1].tensor:
            found.append(_cut(crossing[0]))
    return found


def _cut(tensor: Any) -> Cut:
    return Cut(tensor._keras_history.operation.name, tensor, math.prod(tensor.shape[1:]))


def _tensors(
    model: keras.Model, position: dict[int, int]
) -> tuple[list[tuple[int, Any]], dict[int, int]]:
    """The tensors of the graph, walked from its output back to its input.

    Returns:
        Each tensor with the position of the operation that makes it, and by tensor id the
        position of the last operation that uses it (the output is used after all of them).
    """
    (output,) = model.outputs
    tensors: dict[int, tuple[int, Any]] = {}
    last_use = {id(output): len(position)}
    waiting = [output]
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in tensors:
            continue
        operation, node, _ = tensor._keras_history
        here = position[id(operation)]
        tensors[id(tensor)] = (here, tensor)
        for needed in operation._inbound_nodes[node].input_tensors:
            last_use[id(needed)] = max(last_use.get(id(needed), -1), here)
            waiting.append(needed)
    return list(tensors.values()), last_use
