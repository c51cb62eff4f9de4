"""The picture of a network: its blocks in a row, frozen ones ice blue, thawed ones ember orange."""

import math
from itertools import groupby

import streamlit as st

from core.backbones.catalogue.backbone import Backbone, Block, Level
from pages.parts.shared import words
from pages.parts.shared.figures import EMBER, ICE
from pages.parts.shared.words import later, say

_WIDTH, _HEIGHT, _GAP, _HEAD = 1000, 120, 6, 46
_TAPS = 20  # height of the lines below it that lead from the stages to the head
_BAR = 16  # height of the bar of parameters
_INK = 'fill="none" stroke="#ffffff" stroke-width="3.5" stroke-linecap="round"'
_NAMES = {
    Level.EDGES: later("edges"),
    Level.TEXTURES: later("textures"),
    Level.PARTS: later("parts"),
    Level.WHOLES: later("whole things"),
}
# What layers of each level find, drawn 40 by 40 around (0, 0).
_GLYPHS = {
    Level.EDGES: '<path d="M-16 12L-4 -16M-3 16L9 -12M8 17L17 -6"/>',
    Level.TEXTURES: '<path d="M-17 -17H17V17H-17ZM-17 -5H17M-17 7H17M-5 -17V17M7 -17V17"/>',
    Level.PARTS: '<path d="M-19 0Q0 -19 19 0Q0 19 -19 0Z"/><circle r="6" fill="#ffffff"/>',
    Level.WHOLES: '<path d="M-14 15V-6L-15 -18L-5 -11H5L15 -18L14 -6V15Q0 22 -14 15Z"/>'
    '<path d="M-6 0V1M6 0V1M-4 9Q0 12 4 9"/>',
}


def draw(backbone: Backbone, frozen: int, share: float, *, taps: bool) -> None:
    """The strip with what each part of it recognises, and a bar of the parameters that learn.

    Args:
        backbone: Which network.
        frozen: How many of its layers, from the input, stay as they are.
        share: Of all parameters, those that training changes.
        taps: Whether the new layers look at every stage.
    """
    alt = description(backbone, frozen, taps=taps)
    st.image(svg(backbone, frozen, taps=taps), width="stretch", alt=alt)
    with st.container(horizontal=True, gap="xxsmall"):
        for level, first, last in levels(backbone):
            _badge(level, first, last, frozen)
        st.badge(say("your classes"), icon=":material/local_fire_department:", color="orange")
    st.caption(say("All parameters: orange ones learn, blue ones do not"))
    alt = say("{share:.1%} of all parameters learn, the rest do not", share=share)
    st.image(_bar(share), width="stretch", alt=alt)


def levels(backbone: Backbone) -> list[tuple[Level, int, int]]:
    """What the layers recognise: each level with its first and last layer."""
    found = []
    for level, blocks in groupby(backbone.blocks, key=lambda block: block.level):
        members = list(blocks)
        found.append((level, members[0].first, members[-1].last))
    return found


def description(backbone: Backbone, frozen: int, *, taps: bool) -> str:
    """The picture in words, for people who cannot see it."""
    whole = [name(level) for level, _, last in levels(backbone) if last < frozen]
    part = [name(level) for level, first, last in levels(backbone) if first < frozen <= last]
    sentences = [
        say(
            "{network}: {frozen} of {total} layers frozen.",
            network=backbone.title,
            frozen=frozen,
            total=len(backbone.layers),
        )
    ]
    if whole:
        sentences.append(say("Frozen: the layers for {levels}.", levels=words.comma(whole)))
    if part:
        sentences.append(say("Partly frozen: the layers for {levels}.", levels=part[0]))
    sentences.append(
        say("All later layers learn, and so does the new last layer for your classes.")
    )
    if taps:
        sentences.append(say("The new last layer looks at the output of every stage."))
    return " ".join(sentences)


def name(level: Level) -> str:
    """What layers of a level recognise."""
    return say(_NAMES[level])


def svg(backbone: Backbone, frozen: int, *, taps: bool) -> str:
    """The strip as a drawing: a block is as wide as it has layers, and lower the deeper it lies.

    Where the new layers look at every stage, a line leads from each block to them.

    Lower, because pictures shrink on their way through a network. Thawed parts are hatched as well
    as orange, for those who do not see the colours.
    """
    blocks = backbone.blocks
    room = _WIDTH - _HEAD - _GAP * len(blocks)
    total = sum(_weight(block) for block in blocks)
    shapes, left, ends = [], 0.0, []
    widest: dict[Level, tuple[float, float]] = {}  # of each level's blocks: width and middle
    for place, block in enumerate(blocks):
        width = room * _weight(block) / total
        height = _HEIGHT * (1 - 0.55 * place / max(len(blocks) - 1, 1))
        count = block.last - block.first + 1
        cold = width * min(max(frozen - block.first, 0), count) / count
        shapes += _shape(f"b{place}", left, width, height, cold)
        here = (width, left + width / 2)
        widest[block.level] = max(widest.get(block.level, here), here)
        left += width + _GAP
        ends.append((left - _GAP - min(width / 2, 12), (_HEIGHT + height) / 2))
    shapes += _shape("head", left, _HEAD, _HEIGHT * 0.45, 0)
    glyphs = [
        f'<g transform="translate({middle:.1f} {_HEIGHT / 2}) scale({min(1, width / 52):.2f})">'
        f"{_GLYPHS[level]}</g>"
        for level, (width, middle) in widest.items()
    ]
    lines = _lines(ends, left + _HEAD / 2) if taps else ""
    return (
        f"{_opening(_HEIGHT + (_TAPS if taps else 0))}<defs>"
        '<pattern id="heat" width="9" height="9" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="9" height="9" fill="{EMBER}"/>'
        '<rect width="3" height="9" fill="#ffffff" fill-opacity="0.28"/></pattern></defs>'
        f"{''.join(shapes)}{lines}<g {_INK}>{''.join(glyphs)}</g></svg>"
    )


def _lines(ends: list[tuple[float, float]], head: float) -> str:
    """Lines from below each block along the bottom up to the head."""
    bottom = _HEIGHT + _TAPS / 2
    down = "".join(f"M{x:.1f} {y + 3:.1f}V{bottom}" for x, y in ends[:-1])
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y + 3:.1f}" r="4"/>' for x, y in ends[:-1])
    along = f"M{ends[0][0]:.1f} {bottom}H{head:.1f}V{_HEIGHT * 0.725 + 3:.1f}"
    return (
        f'<path d="{down}{along}" fill="none" stroke="{EMBER}" stroke-width="3" '
        f'stroke-linejoin="round"/><g fill="{EMBER}">{dots}</g>'
    )


def _opening(height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}">'
    )


def _bar(share: float) -> str:
    cold = _WIDTH * (1 - share)
    return (
        f'{_opening(_BAR)}<clipPath id="bar"><rect width="{_WIDTH}" height="{_BAR}" rx="7"/>'
        f'</clipPath><g clip-path="url(#bar)"><rect width="{_WIDTH}" height="{_BAR}" '
        f'fill="{EMBER}"/><rect width="{cold:.1f}" height="{_BAR}" fill="{ICE}"/></g></svg>'
    )


def _weight(block: Block) -> float:
    """Layers count, but a small block is still to be seen."""
    return math.pow(block.last - block.first + 1, 0.6)


def _shape(name: str, left: float, width: float, height: float, cold: float) -> list[str]:
    top = (_HEIGHT - height) / 2
    box = f'y="{top:.1f}" height="{height:.1f}"'
    return [
        f'<clipPath id="{name}"><rect x="{left:.1f}" width="{width:.1f}" {box} rx="7"/></clipPath>',
        f'<g clip-path="url(#{name})">',
        f'<rect x="{left:.1f}" width="{width:.1f}" {box} fill="url(#heat)"/>',
        f'<rect x="{left:.1f}" width="{cold:.1f}" {box} fill="{ICE}"/></g>',
    ]


def _badge(level: Level, first: int, last: int, frozen: int) -> None:
    if last < frozen:
        st.badge(name(level), icon=":material/ac_unit:", color="blue")
    elif first < frozen:
        st.badge(
            say("{level}, in part", level=name(level)), icon=":material/ac_unit:", color="gray"
        )
    else:
        st.badge(name(level), icon=":material/local_fire_department:", color="orange")
