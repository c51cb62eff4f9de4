"""Choosing how much of a network to thaw: the slider, the picture, and what lies under it."""

import streamlit as st

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import parameter_counts
from core.settings import TrainingSettings, known
from pages.parts.shared import state, words
from pages.parts.train.choices import network_picture

_FROZEN = known(TrainingSettings)["frozen_layers"]


def choose(backbone: Backbone, *, from_scratch: bool) -> int:
    """How many layers stay frozen.

    Args:
        backbone: Which network.
        from_scratch: Whether it knows nothing that is worth keeping.
    """
    total = len(backbone.layers)
    if backbone.sealed:
        return _sealed(backbone)
    if from_scratch:
        st.slider(_FROZEN.label, 0, total, 0, disabled=True, key="frozen-from-scratch")
        return 0
    key = state.control("frozen_layers", backbone.name)
    return int(
        st.slider(
            _FROZEN.label,
            0,
            total,
            state.default(key, total),
            key=key,
            persist_state="session",
            help=_FROZEN.help,
        )
    )


def _sealed(backbone: Backbone) -> int:
    """A module from TensorFlow Hub has no layers to count: it is frozen or thawed as a whole."""
    key = state.control("frozen_layers", backbone.name)
    total = len(backbone.layers)
    frozen = st.select_slider(
        f"{_FROZEN.label}: one sealed block",
        [0, total],
        total if not backbone.can_thaw else state.default(key, total, total),
        format_func=lambda chosen: "frozen whole" if chosen else "thawed whole",
        disabled=not backbone.can_thaw,
        key=key,
        persist_state="session",
        help="A TensorFlow Hub module hides its layers, so it can only be frozen or thawed whole.",
    )
    if not backbone.can_thaw:
        st.caption("This module was published without what training needs, so it stays frozen.")
    return int(frozen)


def explain(backbone: Backbone, frozen: int, dense: tuple[int, ...], classes: int) -> None:
    """What the slider's place means: picture, sentence, layers beside it, parameters."""
    total, trainable = parameter_counts(backbone, frozen, dense, classes)
    network_picture.draw(backbone, frozen, trainable / total)
    st.write(_sentence(backbone, frozen))
    if not backbone.sealed:
        st.caption(_beside(backbone, frozen))
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(
            f"{words.number(trainable)} parameters learn ({words.percent(trainable / total)})",
            icon=":material/local_fire_department:",
            color="orange",
        )
        if total > trainable:
            fixed = frozen or backbone.sealed
            kept = "stay frozen" if fixed else "are statistics of batch norm, never trained"
            st.badge(
                f"{words.number(total - trainable)} {kept}",
                icon=":material/ac_unit:",
                color="blue",
                help="Statistics of batch norm count here wherever they lie: they are measured, "
                "not learned.",
            )
        st.badge(f"{words.number(total)} in all", color="gray")


def _sentence(backbone: Backbone, frozen: int) -> str:
    total = len(backbone.layers)
    if backbone.sealed:
        if frozen:
            return "**Frozen whole:** only the new last layer learns. Fast."
        return "**Thawed whole:** the whole module learns too (fine-tuning). Slow."
    if frozen == total:
        return f"**All {total} layers frozen:** only the new last layer learns. Fast."
    if frozen == 0:
        return f"**All {total} layers thawed:** the whole network learns (fine-tuning). Slow."
    return (
        f"**{frozen} layers frozen, {total - frozen} thawed:** the later layers learn from "
        "your pictures too (fine-tuning). Slower."
    )


def _beside(backbone: Backbone, frozen: int) -> str:
    """The layers on both sides of the slider."""
    layers, told = backbone.layers, []
    if frozen:
        told.append(
            f"Last frozen: layer {frozen}, {words.plain(layers[frozen - 1].name)} "
            f"({layers[frozen - 1].type}, for {_level(backbone, frozen - 1)})"
        )
    learning = next((n for n in range(frozen, len(layers)) if layers[n].trainable), None)
    if learning is not None:
        layer = layers[learning]
        told.append(
            f"first to learn: layer {learning + 1}, {words.plain(layer.name)} ({layer.type}, for "
            f"{_level(backbone, learning)}, {words.number(layer.trainable)} parameters)"
        )
    elif frozen < len(layers):
        told.append("what is thawed has no parameters to learn")
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _level(backbone: Backbone, layer: int) -> str:
    """What a layer, counted from 0, tells apart."""
    return next(b.level.value for b in backbone.blocks if b.first <= layer <= b.last)
