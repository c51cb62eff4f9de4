"""The controls of the Train page: what to start from, how much to thaw, and the rest."""

from typing import Any

import streamlit as st

from core.backbones.catalog import backbone_of
from core.data.dataset import Dataset
from core.errors import UserError
from core.settings import DENSE_LAYERS, IMAGENET, OPTIMIZERS, RANDOM, TrainingSettings
from pages.parts import freeze_choice, start_choice, state, untouched, words

_DEFAULTS = TrainingSettings()
_UNITS = 128


def draw(dataset_id: str, dataset: Dataset) -> TrainingSettings:
    """All controls, remembered while the visit lasts.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: It.

    Raises:
        UserError: What was chosen does not make sense together.
    """
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Start from", anchor=False)
        backbone, weights = start_choice.draw()
        untouched.draw(backbone, dataset_id, dataset)
    with right:
        st.subheader("How much of it to thaw", anchor=False)
        frozen = freeze_choice.choose(backbone, from_scratch=weights == RANDOM)
        picture = st.container()
        with st.expander("More settings", icon=":material/tune:"):
            dense, dropout = _choose_head()
            rest = _choose_training()
            thawing = _choose_thawing() if frozen < len(backbone.layers) else {}
    with picture:
        freeze_choice.explain(backbone, frozen, dense, len(dataset.classes))
    return TrainingSettings(
        backbone=backbone.name,
        alpha=backbone.alpha,
        weights=weights,
        frozen_layers=None if frozen == len(backbone.layers) else frozen,
        dense=dense,
        dropout=dropout,
        **rest,
        **thawing,
    )


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
            help="How much it changes itself in each step.",
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


def _choose_thawing() -> dict[str, Any]:
    st.markdown("**How thawed layers learn**")
    grid = st.grid(2, min_column_width=180)
    return {
        "thawed_rate": grid.number_input(
            "Share of the learning rate",
            0.0001,
            1.0,
            state.default(state.control("thawed_rate"), _DEFAULTS.thawed_rate, "min"),
            step=0.05,
            format="%.4f",
            key=state.control("thawed_rate"),
            persist_state="session",
            help="Thawed layers know something already, so they take smaller steps than the new "
            "last layers.",
        ),
        "warm_up_epochs": grid.number_input(
            "Warm-up epochs",
            0,
            1000,
            state.default(state.control("warm_up_epochs"), _DEFAULTS.warm_up_epochs, "min"),
            key=state.control("warm_up_epochs"),
            persist_state="session",
            help="Epochs at the start in which the new last layers learn alone, so that their "
            "random numbers do not shake the thawed ones.",
        ),
        "batch_norm_learns": grid.toggle(
            "Batch norm adapts too",
            state.default(state.control("batch_norm_learns"), _DEFAULTS.batch_norm_learns),
            key=state.control("batch_norm_learns"),
            persist_state="session",
            help="Batch norm scales what flows through the network by what it met in training. "
            "Off: it keeps what it met in a million photos, which is steadier with few pictures.",
        ),
    }


def summary(settings: TrainingSettings) -> str:
    """Settings in one line."""
    try:
        backbone = backbone_of(settings)
        title, total = backbone.title, f" of {len(backbone.layers)}"
    except UserError:  # a module that is no longer in the catalogue
        title, total = settings.backbone, ""
    frozen = "all" if settings.frozen_layers is None else f"{settings.frozen_layers}{total}"
    head = " + ".join(str(units) for units in settings.dense)
    start = {IMAGENET: "", RANDOM: " from scratch"}.get(settings.weights, " from a file")
    return (
        f"{words.plain(title)}{start} · {frozen} layers "
        f"frozen{f' · dense {head}' if head else ''} · "
        f"{words.several(settings.epochs, 'epoch')} · {settings.optimizer}, "
        f"learning rate {settings.learning_rate:g}"
    )
