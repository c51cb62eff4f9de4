"""Writes the layer tables that the catalogue reads: python -m core.backbones.describe"""

import json
import math
import re
from itertools import groupby
from pathlib import Path
from typing import Any

from core.backbones import load
from core.backbones.catalog import BACKBONES, Backbone

# How each network's layer names tell their block; what matches nothing belongs to the block
# before it; the input belongs to the first block.
_BLOCKS = {
    "efficientnet_lite0": r"(stem|block\d|top)",
    "mobilenet": r"conv_(?:pad|dw|pw)_(\d+)",
    "mobilenet_v2": r"(expanded|block_\d+|Conv_1$)",
    "vgg16": r"(block\d)",
    "resnet50": r"(conv\d)_",
}
_NAMES = {"expanded": "block_0", "Conv_1": "top"}


def table(backbone: Backbone) -> dict[str, Any]:
    """The layers and blocks of the real Keras model, as `layers/<name>.json` holds them."""
    model = load.build(backbone)
    rows = [
        [
            layer.name,
            type(layer).__name__,
            layer.count_params(),
            sum(math.prod(v.shape) for v in layer.trainable_variables),
        ]
        for layer in model.layers
    ]
    return {"layers": rows, "blocks": _blocks(backbone, [str(row[0]) for row in rows])}


def _blocks(backbone: Backbone, names: list[str]) -> list[list[Any]]:
    labels, current = [], "stem"
    for name in names:
        found = re.match(_BLOCKS[backbone.name], name)
        if found:
            label = _NAMES.get(found[1], found[1])
            current = f"block_{label}" if label.isdigit() else label
        labels.append(current)
    labels[0] = labels[1]
    blocks, first = [], 0
    for label, members in groupby(labels):
        count = len(list(members))
        blocks.append([label, first, first + count - 1])
        first += count
    return blocks


def main() -> None:
    """Write the tables of all backbones."""
    for backbone in BACKBONES.values():
        rows = table(backbone)
        text = json.dumps(rows).replace("], [", "],\n  [")
        Path(__file__).with_name("layers").joinpath(f"{backbone.name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
