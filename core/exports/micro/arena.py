"""How much working memory TensorFlow Lite Micro needs for a network: the size of its arena.

It plans as TFLM's greedy planner does: the largest tensor first, of equal ones the last, each in
the lowest gap between those that are alive at the same time. On top comes what TFLM keeps for each
operation and tensor; on a computer with 64 bits it takes about as much as this, on a board less.
Where TFLM is installed, tests/exports/test_real_exports.py runs networks in an arena of this size.
"""

import math
from dataclasses import dataclass
from typing import Any

_ALIGNED = 16  # bytes
_PER_OPERATION = 128  # its registration, its parameters and where its tensors are
_PER_TENSOR = 24
_PER_CHANNEL = 8  # a multiplier and a shift for each output channel of a convolution
_FIXED = 2048  # the interpreter's own
_WIDTHS = {3: 1, 6: 1, 9: 1, 7: 2, 4: 8}  # bytes of uint8, bool, int8, int16, int64 in the schema
_SPARE = 1.05  # kernels that are faster than the plain ones need buffers of their own


@dataclass(frozen=True)
class _Alive:
    """A tensor in the arena: bytes, and the first and the last operation that needs it."""

    size: int
    first: int
    last: int


def size(model: Any) -> int:
    """Bytes of the arena that a network needs.

    Args:
        model: A flatbuffer's `ModelT`, as the schema of LiteRT unpacks it.
    """
    graph = model.subgraphs[0]
    channels = sum(
        len(graph.tensors[operator.inputs[1]].quantization.scale)
        for operator in graph.operators
        if len(operator.inputs) > 1 and _per_channel(graph.tensors[operator.inputs[1]])
    )
    kept = _FIXED + _PER_CHANNEL * channels
    kept += _PER_OPERATION * len(graph.operators) + _PER_TENSOR * len(graph.tensors)
    return _aligned(int(_SPARE * (_planned(_lives(model)) + kept)))


def _per_channel(tensor: Any) -> bool:
    scale = tensor.quantization.scale if tensor.quantization else None
    return scale is not None and len(scale) > 1


def _lives(model: Any) -> list[_Alive]:
    """The tensors that the network computes; its weights stay in flash."""
    graph = model.subgraphs[0]
    first = dict.fromkeys(map(int, graph.inputs), 0)
    last: dict[int, int] = {}
    for step, operator in enumerate(graph.operators):
        for place in map(int, operator.inputs):
            last[place] = step
        for place in map(int, operator.outputs):
            first.setdefault(place, step)
            last.setdefault(place, step)
    last |= dict.fromkeys(map(int, graph.outputs), len(graph.operators) - 1)
    return [
        _Alive(_aligned(_bytes(graph.tensors[place])), begin, last.get(place, begin))
        for place, begin in sorted(first.items(), reverse=True)
    ]


def _planned(tensors: list[_Alive]) -> int:
    """The end of the last tensor once all have their places."""
    placed: list[tuple[int, _Alive]] = []
    for tensor in sorted(tensors, key=lambda each: -each.size):
        at = 0
        for begin, other in sorted(placed, key=lambda each: each[0]):
            if other.first > tensor.last or other.last < tensor.first:
                continue  # they are never alive together
            if begin - at >= tensor.size:
                break
            at = max(at, begin + other.size)
        placed.append((at, tensor))
    return max((at + tensor.size for at, tensor in placed), default=0)


def _bytes(tensor: Any) -> int:
    shape = () if tensor.shape is None else tensor.shape
    return math.prod(map(int, shape)) * _WIDTHS.get(tensor.type, 4)


def _aligned(amount: int) -> int:
    return -(-amount // _ALIGNED) * _ALIGNED
