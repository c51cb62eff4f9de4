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
        name: The operation whose output is that tensor. Keras makes some names up, differently
            each time, so it says nothing beyond this process.
        position: That operation's place in `model.operations`, the same each time.
        tensor: The tensor (symbolic, [N, …]).
        size: Its numbers for one image.
    """

    name: str
    position: int
    tensor: Any
    size: int


def freeze(model: keras.Model, frozen_layers: int) -> None:
    """Mark the first layers frozen and the rest thawed.

    Args:
        model: The backbone, without its classes and without pooling.
        frozen_layers: How many of `model.layers`.

    Raises:
        UserError: The backbone has fewer layers.
    """
    count = len(model.layers)
    if frozen_layers > count:
        raise UserError(
            "Expected at most {count} frozen layers for {name}, received {frozen}.",
            count=count,
            name=model.name,
            frozen=frozen_layers,
        )
    for index, layer in enumerate(model.layers):
        layer.trainable = index >= frozen_layers


def cuts(model: keras.Model, frozen_layers: int) -> list[Cut]:
    """All cuts within the first frozen layers, from the input on.

    The first is the input itself: everything after it is computed again each epoch.

    Args:
        model: A functional model with one input and one output.
        frozen_layers: How many of `model.layers` are frozen.

    Returns:
        At least one cut, the deepest last.
    """
    graph = _Graph(model)
    found = [graph.cut(model.inputs[0])]
    for index in range(graph.first_of(model.layers[frozen_layers:])):
        crossing = graph.crossing(index)
        if len(crossing) == 1 and crossing[0] is not found[-1].tensor:
            found.append(graph.cut(crossing[0]))
    return found


def boundary(model: keras.Model, frozen_layers: int) -> list[Any]:
    """The tensors that pass from the frozen layers to the thawed ones; at least one.

    Args:
        model: A functional model with one input and one output.
        frozen_layers: How many of `model.layers` are frozen, not all.
    """
    graph = _Graph(model)
    return graph.crossing(max(graph.first_of(model.layers[frozen_layers:]) - 1, 0))


class _Graph:
    """Which tensor is made and last used where, in the order of `model.operations`."""

    def __init__(self, model: keras.Model) -> None:
        self._position = {id(operation): index for index, operation in enumerate(model.operations)}
        (output,) = model.outputs
        self._made: dict[int, tuple[int, Any]] = {}
        # The output is used after all operations.
        self._last_use = {id(output): len(self._position)}
        waiting = [output]
        while waiting:
            tensor = waiting.pop()
            if id(tensor) in self._made:
                continue
            operation, node, _ = tensor._keras_history
            here = self._position[id(operation)]
            self._made[id(tensor)] = (here, tensor)
            for needed in operation._inbound_nodes[node].input_tensors:
                self._last_use[id(needed)] = max(self._last_use.get(id(needed), -1), here)
                waiting.append(needed)

    def first_of(self, layers: list[Any]) -> int:
        """Position of the first of some layers; behind everything where there are none."""
        return min((self._position[id(layer)] for layer in layers), default=len(self._position))

    def cut(self, tensor: Any) -> Cut:
        """What there is to know of a place that only this tensor crosses."""
        made, _ = self._made[id(tensor)]
        name = tensor._keras_history.operation.name
        return Cut(name, made, tensor, math.prod(tensor.shape[1:]))

    def crossing(self, index: int) -> list[Any]:
        """The tensors made up to an operation that are used after it."""
        return [t for made, t in self._made.values() if made <= index < self._last_use[id(t)]]
