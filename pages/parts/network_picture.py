"""The picture of a network: its blocks in a row, frozen ones ice blue, thawed ones ember orange."""

import streamlit as st

from core.backbones.catalog import Backbone, Block
from pages.parts import words
from pages.parts.figures import EMBER, ICE

_WIDTH, _HEIGHT, _GAP, _HEAD = 1000, 120, 6, 46


def draw(backbone: Backbone, frozen: int) -> None:
    """The strip, and below it each block by name.

    Args:
        backbone: Which network.
        frozen: How many of its layers, from the input, stay as they are.
    """
    st.image(svg(backbone, frozen), width="stretch", alt=description(backbone, frozen))
    with st.container(horizontal=True, gap="xxsmall"):
        for block in backbone.blocks:
            _badge(block, frozen)
        st.badge("your classes", icon=":material/add_circle:", color="orange")


def description(backbone: Backbone, frozen: int) -> str:
    """The picture in words, for those who cannot see it."""
    names = [block.name for block in backbone.blocks if block.last < frozen]
    part = [block.name for block in backbone.blocks if block.first < frozen <= block.last]
    total = len(backbone.layers)
    told = f"{backbone.title}: {frozen} of {total} layers frozen"
    if names:
        told += f", from {names[0]} to {names[-1]}"
    if part:
        told += f"; {part[0]} is frozen in part"
    return told + ". What follows learns, and so does the new last layer for your classes."


def svg(backbone: Backbone, frozen: int) -> str:
    """The strip as a drawing: a block is as wide as it has layers, and lower the deeper it lies.

    Lower, because pictures shrink on their way through a network. Thawed parts are hatched as well
    as orange, for those who do not see the colours.
    """
    blocks = backbone.blocks
    room = _WIDTH - _HEAD - _GAP * len(blocks)
    total = sum(_weight(block) for block in blocks)
    shapes, left = [], 0.0
    for place, block in enumerate(blocks):
        width = room * _weight(block) / total
        height = _HEIGHT * (1 - 0.55 * place / max(len(blocks) - 1, 1))
        count = block.last - block.first + 1
        cold = width * min(max(frozen - block.first, 0), count) / count
        shapes += _shape(f"b{place}", left, width, height, cold)
        left += width + _GAP
    shapes += _shape("head", left, _HEAD, _HEIGHT * 0.45, 0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}"><defs>'
        '<pattern id="heat" width="9" height="9" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="9" height="9" fill="{EMBER}"/>'
        '<rect width="3" height="9" fill="#ffffff" fill-opacity="0.28"/></pattern></defs>'
        + "".join(shapes)
        + "</svg>"
    )


def _weight(block: Block) -> float:
    """Layers count, but a small block is still to be seen."""
    return float(block.last - block.first + 1) ** 0.6


def _shape(name: str, left: float, width: float, height: float, cold: float) -> list[str]:
    top = (_HEIGHT - height) / 2
    box = f'y="{top:.1f}" height="{height:.1f}"'
    return [
        f'<clipPath id="{name}"><rect x="{left:.1f}" width="{width:.1f}" {box} rx="7"/></clipPath>',
        f'<g clip-path="url(#{name})">',
        f'<rect x="{left:.1f}" width="{width:.1f}" {box} fill="url(#heat)"/>',
        f'<rect x="{left:.1f}" width="{cold:.1f}" {box} fill="{ICE}"/></g>',
    ]


def _badge(block: Block, frozen: int) -> None:
    name = words.plain(block.name.replace("_", " "))
    if block.last < frozen:
        st.badge(name, icon=":material/ac_unit:", color="blue")
    elif block.first < frozen:
        st.badge(f"{name}, in part", icon=":material/ac_unit:", color="gray")
    else:
        st.badge(name, icon=":material/local_fire_department:", color="orange")
