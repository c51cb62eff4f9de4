"""Writes the tables of layers: python -m core.backbones.catalogue.describe [NAME …]"""

import argparse
import json
import math
import re
import statistics
from itertools import groupby
from pathlib import Path
from typing import Any

from core.backbones import load
from core.backbones.catalogue.backbone import Backbone, Level
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.stages import stage_outputs

_TABLES = Path(__file__).with_name("layers")
# How a label that the layers' names give is told in words that fit the others.
_NAMES = {"expanded": "block_0", "expanded_conv": "block_0", "Conv_1": "top", "conv_1": "top",
          "post": "top"}  # fmt: skip
_NAMED_AT_ITS_END = {"inception_v3"}  # the layer that names a block is its last, not its first


def variants() -> list[Backbone]:
    """Every network of the catalogue that Keras builds, at every width."""
    return [
        backbone.of_width(width.alpha) if width else backbone
        for backbone in BACKBONES.values()
        if not backbone.sealed
        for width in (backbone.widths or (None,))
    ]


def table(backbone: Backbone) -> dict[str, Any]:
    """What the real Keras model looks like, as `Table.from_dict` reads it."""
    model = load.build(backbone)
    rows = [row(layer) for layer in model.layers]
    whole = load.build(backbone, top=True) if backbone.head else model
    shared = next((i for i, own in enumerate(rows) if _differs(own, whole.layers[i])), len(rows))
    blocks = _blocks(backbone, model)
    outputs = stage_outputs(model, [first for _, first, *_ in blocks])
    return {
        "features": model.output_shape[-1],
        "stages": [output.shape[-1] for output in outputs],
        "layers": rows,
        "blocks": blocks,
        "shared": shared,
        "head": [row(layer) for layer in whole.layers[shared:]],
    }


def row(layer: Any) -> list[Any]:
    """A layer as a table holds it."""
    shapes = [list(variable.shape) for variable in layer.weights]
    output = layer.output.shape
    # A kernel is applied at every place of the output; biases and batch norm are as good as free.
    kernels = sum(math.prod(shape) for shape in shapes if len(shape) > 1)
    return [
        layer.name,
        type(layer).__name__,
        shapes,
        sum(math.prod(variable.shape) for variable in layer.trainable_variables),
        kernels * math.prod(output[1:-1]),
        math.prod(output[1:]),
    ]


def _differs(own: list[Any], layer: Any) -> bool:
    """Whether another network has another layer in its place."""
    return own[1:3] != [type(layer).__name__, [list(v.shape) for v in layer.weights]]


def _blocks(backbone: Backbone, model: keras.Model) -> list[list[Any]]:
    names = [layer.name for layer in model.layers]
    backwards = backbone.name in _NAMED_AT_ITS_END
    labels, current = [], "top" if backwards else "stem"
    for name in reversed(names) if backwards else names:
        found = re.match(backbone.blocks_by, name)
        if found:
            label = next(group for group in found.groups() if group)
            label = _NAMES.get(label, label).replace("expanded_conv", "block")
            current = f"block_{label}" if label.isdigit() else label
        labels.append(current)
    if backwards:
        labels.reverse()
    labels[0] = labels[1]
    blocks: list[tuple[str, int, int]] = []
    first = 0
    for label, members in groupby(labels):
        last = first + len(list(members)) - 1
        blocks.append((label, first, last))
        first = last + 1
    levels = _levels([_side(model.layers[first : last + 1]) for _, first, last in blocks])
    return [[*block, level.value] for block, level in zip(blocks, levels, strict=True)]


def _side(layers: list[Any]) -> int:
    """Side of the grid that most layers of a block work on."""
    return int(statistics.median_low(layer.output.shape[1] for layer in layers))


def _levels(sides: list[int]) -> list[Level]:
    """What each block tells apart: whole things on the last grid, parts on the one before, …

    Where there are fewer grids than levels (AlexNet), levels are spread over the blocks.
    """
    every = list(Level)
    grids = sorted(set(sides))
    if len(grids) < len(every):
        steps = max(len(sides) - 1, 1)
        return [every[round(place * (len(every) - 1) / steps)] for place in range(len(sides))]
    return [every[max(0, len(every) - 1 - grids.index(side))] for side in sides]


def main() -> None:
    """Write the tables of all backbones, or of those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names
    for backbone in variants():
        if names and backbone.name not in names:
            continue
        keras.utils.clear_session()  # layers without a name are numbered from 0
        text = json.dumps(table(backbone)).replace('], ["', '],\n  ["')
        width = f"-{backbone.alpha:g}" if backbone.alpha != 1 else ""
        (_TABLES / f"{backbone.name}{width}.json").write_text(text + "\n")
        print(backbone.name, width)  # noqa: T201


if __name__ == "__main__":
    main()
