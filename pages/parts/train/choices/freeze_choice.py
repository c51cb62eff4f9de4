"""Choosing how much of a network to thaw: the slider, a picture of the network, and its layers."""

import streamlit as st

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import parameter_counts
from core.settings import TrainingSettings, known
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several
from pages.parts.train.choices import network_picture

_FROZEN = known(TrainingSettings)["frozen_layers"]


def choose(backbone: Backbone, *, from_scratch: bool) -> int:
    """How many layers stay frozen.

    Args:
        backbone: Which network.
        from_scratch: Whether it starts from random weights.
    """
    total = len(backbone.layers)
    if backbone.sealed:
        return _sealed(backbone)
    if from_scratch:
        st.slider(say(_FROZEN.label), 0, total, 0, disabled=True, key="frozen-from-scratch")
        return 0
    key = state.control("frozen_layers", backbone.name)
    return int(
        st.slider(
            say(_FROZEN.label),
            0,
            total,
            state.default(key, total),
            key=key,
            persist_state="session",
            help=say(_FROZEN.help),
        )
    )


def _sealed(backbone: Backbone) -> int:
    """A module from TensorFlow Hub has no layers to count: it is frozen or thawed as a whole."""
    key = state.control("frozen_layers", backbone.name)
    total = len(backbone.layers)
    frozen = st.select_slider(
        say("Frozen layers: one sealed block"),
        [0, total],
        total if not backbone.can_thaw else state.default(key, total, total),
        format_func={0: say("all thawed"), total: say("all frozen")}.__getitem__,
        disabled=not backbone.can_thaw,
        key=key,
        persist_state="session",
        help=say(
            "A TensorFlow Hub module hides its layers, so you can only freeze or thaw all of them."
        ),
    )
    if not backbone.can_thaw:
        st.caption(say("This module was not published for fine-tuning, so it stays frozen."))
    return int(frozen)


def explain(
    backbone: Backbone, frozen: int, dense: tuple[int, ...], classes: int, *, sees_stages: bool
) -> None:
    """The effect of the slider: picture, sentence, neighbouring layers, parameters."""
    seen = sum(backbone.stages) if sees_stages else backbone.features
    total, trainable = parameter_counts(backbone, frozen, dense, classes, seen)
    taps = sees_stages and len(backbone.stages) > 1
    network_picture.draw(backbone, frozen, trainable / total, taps=taps)
    st.write(_sentence(backbone, frozen))
    if not backbone.sealed:
        st.caption(_beside(backbone, frozen))
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(
            say(
                "{count} parameters learn ({share})",
                count=words.number(trainable),
                share=words.percent(trainable / total),
            ),
            icon=":material/local_fire_department:",
            color="orange",
        )
        if total > trainable:
            fixed = frozen or backbone.sealed
            kept = words.number(total - trainable)
            st.badge(
                say("{count} stay frozen", count=kept)
                if fixed
                else say("{count} are batch norm statistics, which are never trained", count=kept),
                icon=":material/ac_unit:",
                color="blue",
                help=say(
                    "This includes the statistics of batch norm in all layers: they are measured, "
                    "not learned."
                ),
            )
        st.badge(say("{count} in total", count=words.number(total)), color="gray")


def _sentence(backbone: Backbone, frozen: int) -> str:
    total = len(backbone.layers)
    if backbone.sealed:
        if frozen:
            return say("**All frozen:** only the new last layer learns. Fast.")
        return say("**All thawed:** the whole module learns too (fine-tuning). Slow.")
    if frozen == total:
        return say(
            "**All {total} layers frozen:** only the new last layer learns. Fast.", total=total
        )
    if frozen == 0:
        return say(
            "**All {total} layers thawed:** the whole network learns (fine-tuning). Slow.",
            total=total,
        )
    return say(
        "**{frozen} layers frozen, {thawed} thawed:** the later layers learn from your pictures "
        "too (fine-tuning). Slower.",
        frozen=frozen,
        thawed=total - frozen,
    )


def _beside(backbone: Backbone, frozen: int) -> str:
    """The layers on both sides of the slider."""
    layers, sentences = backbone.layers, []
    if frozen:
        sentences.append(
            say(
                "Last frozen layer: {number}, {name} ({type}, recognises {level}).",
                number=frozen,
                name=words.plain(layers[frozen - 1].name),
                type=layers[frozen - 1].type,
                level=_level(backbone, frozen - 1),
            )
        )
    learning = next((n for n in range(frozen, len(layers)) if layers[n].trainable), None)
    if learning is not None:
        layer = layers[learning]
        sentences.append(
            several(
                "First layer that learns: {number}, {name} ({type}, recognises {level}, {count} "
                "parameter).",
                "First layer that learns: {number}, {name} ({type}, recognises {level}, {count} "
                "parameters).",
                layer.trainable,
                number=learning + 1,
                name=words.plain(layer.name),
                type=layer.type,
                level=_level(backbone, learning),
            )
        )
    elif frozen < len(layers):
        sentences.append(say("The thawed layers have no parameters to learn."))
    return " ".join(sentences)


def _level(backbone: Backbone, layer: int) -> str:
    """What a layer, counted from 0, recognises."""
    level = next(b.level for b in backbone.blocks if b.first <= layer <= b.last)
    return network_picture.name(level)
