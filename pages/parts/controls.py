"""The controls of the Train page: what to start from, how much to thaw, and the rest."""

import streamlit as st

from core.backbones.catalog import BACKBONES, Backbone, backbone_named, parameter_counts
from core.backbones.weights import ready_offline
from core.settings import DENSE_LAYERS, OPTIMIZERS, TrainingSettings
from pages.parts import network_picture, state, words

_DEFAULTS = TrainingSettings()
_UNITS = 128


def draw(classes: int) -> TrainingSettings:
    """All controls, remembered while the visit lasts.

    Args:
        classes: How many classes there are to learn.

    Raises:
        UserError: What was chosen does not make sense together.
    """
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Start from", anchor=False)
        backbone = _choose_backbone()
    with right:
        st.subheader("How much of it to thaw", anchor=False)
        frozen = _choose_freeze(backbone)
        counts = st.container(horizontal=True, gap="xsmall")
        with st.expander("More settings", icon=":material/tune:"):
            dense, dropout = _choose_head()
            rest = _choose_training()
    with counts:
        _parameters(backbone, frozen, dense, classes)
    return TrainingSettings(
        backbone=backbone.name,
        frozen_layers=None if frozen == len(backbone.layers) else frozen,
        dense=dense,
        dropout=dropout,
        **rest,
    )


def _choose_backbone() -> Backbone:
    names = list(BACKBONES)
    backbone = backbone_named(
        st.radio(
            "A network that has seen a million photos (pretrained backbone)",
            names,
            index=names.index(_DEFAULTS.backbone),
            format_func=lambda name: BACKBONES[name].title,
            captions=[_facts(backbone) for backbone in BACKBONES.values()],
            key=state.control("backbone"),
            persist_state="session",
        )
    )
    st.write(backbone.description)
    return backbone


def _facts(backbone: Backbone) -> str:
    if ready_offline(backbone):
        ready = ":green[:material/offline_pin: ready]"
    else:
        ready = f":material/download: {backbone.download_mb:g} MB, once"
    top1 = f" · {words.percent(backbone.top1)} on ImageNet" if backbone.top1 else ""
    return (
        f"{backbone.parameters / 1e6:.1f} M parameters · {backbone.input_size} px{top1} · {ready}"
    )


def _choose_freeze(backbone: Backbone) -> int:
    total = len(backbone.layers)
    key = state.control("frozen_layers", backbone.name)
    frozen = st.slider(
        "Frozen layers",
        0,
        total,
        state.default(key, total),
        key=key,
        persist_state="session",
        help="Frozen layers keep what they know. Thawed layers learn from your pictures too: that "
        "takes longer and wants more pictures.",
    )
    network_picture.draw(backbone, frozen)
    if frozen == total:
        st.write(
            f"**All {total} layers frozen:** only the new last layer learns. Fast, and right for "
            "small data."
        )
    elif frozen == 0:
        st.write(
            f"**All {total} layers thawed:** the whole network learns (fine-tuning). Slow, and "
            "only right for thousands of pictures."
        )
    else:
        st.write(
            f"**{frozen} layers frozen, {total - frozen} thawed:** the later layers learn from "
            "your pictures too (fine-tuning). Slower, and better where your pictures are unlike "
            "photos."
        )
    return int(frozen)


def _choose_head() -> tuple[tuple[int, ...], float]:
    st.markdown("**The new last layers (head)**")
    columns = st.columns(2)
    count = columns[0].segmented_control(
        "Dense layers before the classes",
        range(DENSE_LAYERS + 1),
        default=state.default(state.control("dense"), len(_DEFAULTS.dense)),
        required=True,
        key=state.control("dense"),
        persist_state="session",
    )
    dropout = columns[1].slider(
        "Dropout",
        0.0,
        0.9,
        state.default(state.control("dropout"), _DEFAULTS.dropout),
        0.05,
        key=state.control("dropout"),
        persist_state="session",
        help="The share of units that rest in each step, so that none is relied upon too much.",
    )
    units = [
        column.number_input(
            f"Units of layer {place + 1}",
            1,
            8192,
            state.default(state.control("units", str(place)), _UNITS, "min"),
            key=state.control("units", str(place)),
            persist_state="session",
        )
        for place, column in zip(range(count or 0), st.columns(DENSE_LAYERS), strict=False)
    ]
    return tuple(int(value) for value in units), float(dropout)


def _choose_training() -> dict[str, int | float | str]:
    st.markdown("**How it learns**")
    grid = st.grid(3, min_column_width=180)
    return {
        "epochs": grid.number_input(
            "Epochs",
            1,
            1000,
            state.default(state.control("epochs"), _DEFAULTS.epochs, "min"),
            key=state.control("epochs"),
            persist_state="session",
            help="How often it goes through all the training pictures.",
        ),
        "batch_size": grid.number_input(
            "Batch size",
            1,
            4096,
            state.default(state.control("batch_size"), _DEFAULTS.batch_size, "min"),
            key=state.control("batch_size"),
            persist_state="session",
            help="How many pictures it looks at before it changes itself a little.",
        ),
        "learning_rate": grid.number_input(
            "Learning rate",
            1e-7,
            10.0,
            state.default(state.control("learning_rate"), _DEFAULTS.learning_rate, "min"),
            step=0.0005,
            format="%.5f",
            key=state.control("learning_rate"),
            persist_state="session",
            help="How much it changes itself in each step. Thawed layers take a tenth of it: they "
            "know something already.",
        ),
        "optimizer": grid.selectbox(
            "Optimizer",
            OPTIMIZERS,
            index=OPTIMIZERS.index(_DEFAULTS.optimizer),
            key=state.control("optimizer"),
            persist_state="session",
            help="The rule by which it changes itself.",
        ),
        "seed": grid.number_input(
            "Seed",
            0,
            2**31 - 1,
            state.default(state.control("seed"), _DEFAULTS.seed, "min"),
            key=state.control("seed"),
            persist_state="session",
            help="The same seed and the same pictures give the same result.",
        ),
    }


def _parameters(backbone: Backbone, frozen: int, dense: tuple[int, ...], classes: int) -> None:
    total, trainable = parameter_counts(backbone, frozen, dense, classes)
    st.badge(
        f"{words.number(trainable)} parameters learn",
        icon=":material/local_fire_department:",
        color="orange",
    )
    st.badge(
        f"{words.number(total - trainable)} stay frozen", icon=":material/ac_unit:", color="blue"
    )
    st.badge(f"{words.number(total)} in all", color="gray")


def download(settings: TrainingSettings) -> str | None:
    """What Train will have to fetch first, in a sentence; None where all is here."""
    backbone = backbone_named(settings.backbone)
    if ready_offline(backbone) or not backbone.download_mb:
        return None
    return (
        f"Train downloads {backbone.title} first ({backbone.download_mb:g} MB); that needs the "
        "internet."
    )


def summary(settings: TrainingSettings) -> str:
    """Settings in one line."""
    backbone = BACKBONES.get(settings.backbone)
    total = len(backbone.layers) if backbone else 0
    frozen = "all" if settings.frozen_layers is None else f"{settings.frozen_layers} of {total}"
    head = " + ".join(str(units) for units in settings.dense)
    return (
        f"{backbone.title if backbone else words.plain(settings.backbone)} · {frozen} layers "
        f"frozen{f' · dense {head}' if head else ''} · "
        f"{words.several(settings.epochs, 'epoch')} · {settings.optimizer}, "
        f"learning rate {settings.learning_rate:g}"
    )
