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
    return [*(layer.input for layer in next_stages(model, firsts)), model.outputs[0]]


def next_stages(model: Any, firsts: Sequence[int]) -> list[Any]:
    """The layers that take in what each stage but the last makes; see `stage_outputs`."""
    # What a block makes is what the next one takes in, also where raw operations join branches.
    begins = [model.layers[first] for first in firsts[1:]]
    layers = [layer for layer in begins if not isinstance(layer.input, list)]
    made = [*(layer.input for layer in layers), model.outputs[0]]
    return [
        layer
        for layer, output, following in zip(layers, made, made[1:], strict=False)
        if output.shape[1] < model.inputs[0].shape[1]  # not the image itself
        and output.shape != following.shape
    ]
