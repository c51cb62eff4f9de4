"""Where the stages of a backbone end: successive blocks that work on grids of one shape."""

from collections.abc import Sequence
from typing import Any


def stage_outputs(model: Any, firsts: Sequence[int]) -> list[Any]:
    """The output of each stage of a Keras model.

    Args:
        model: A functional model with one output.
        firsts: Where in `model.layers` each of its blocks begins.

    Returns:
        Symbolic tensors [N, side, side, channels], from the input on; the model's output is last.
    """
    # What a block makes is what the next one takes in, also where raw operations join branches.
    taken_in = [model.layers[first].input for first in firsts[1:]]
    outputs = [each for each in taken_in if not isinstance(each, list)] + [model.outputs[0]]
    return [
        output
        for output, following in zip(outputs, [*outputs[1:], None], strict=True)
        if output.shape[1] < model.inputs[0].shape[1]  # not the image itself
        and (following is None or output.shape != following.shape)
    ]
