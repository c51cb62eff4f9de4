"""The controls of the Train page: what to start from, how much to thaw, and the rest."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.backbones.catalogue.rows import backbone_of
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.settings import (
    DENSE_LAYERS,
    EPOCHS,
    IMAGENET,
    OPTIMIZERS,
    RANDOM,
    SCHEDULES,
    THAWED_EPOCHS,
    Squaring,
    Strength,
    TrainingSettings,
)
from pages.parts.shared import state, words
from pages.parts.train import untouched
from pages.parts.train.choices import (
    augment_choice,
    freeze_choice,
    square_choice,
    start_choice,
)

_DEFAULTS = TrainingSettings()
_UNITS = 128
_SQUARED = {Squaring.CROP: "pictures cropped", Squaring.PAD: "pictures padded"}
_SCHEDULES = {name: name.capitalize() for name in SCHEDULES}


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
        st.header("Start from", anchor=False)
        backbone, weights = start_choice.draw()
        untouched_place = st.container()
    with right:
        st.header("How much of it to thaw", anchor=False)
        frozen = freeze_choice.choose(backbone, from_scratch=weights == RANDOM)
        picture = st.container()
        variety_place = st.container()
        with st.expander("More settings", icon=":material/tune:"):
            square = square_choice.draw(dataset_id, dataset)
            dense, dropout = _choose_head()
            thaws = frozen < len(backbone.layers)
            rest = _choose_training(thaws)
            thawing = _choose_thawing() if thaws else {}
    with untouched_place:
        untouched.draw(backbone, dataset_id, dataset, square)
    with variety_place:
        variety = augment_choice.draw(dataset_id, dataset, square)
    with picture:
        freeze_choice.explain(backbone, frozen, dense, len(dataset.classes))
    return TrainingSettings(
        backbone=backbone.name,
        alpha=backbone.alpha,
        weights=weights,
        frozen_layers=frozen if thaws else None,
        dense=dense,
        dropout=dropout,
        square=square,
        **variety,
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


def _choose_training(thawing: bool) -> dict[str, Any]:
    st.markdown("**How it learns**")
    grid = st.grid(3, min_column_width=180)
    epochs = state.control("epochs", state.depth(thawing))
    usual, elsewhere = (THAWED_EPOCHS, EPOCHS) if thawing else (EPOCHS, THAWED_EPOCHS)
    before = st.session_state.get(state.control("epochs", state.depth(not thawing)), elsewhere)
    usual = usual if before == elsewhere else before  # what was chosen holds for any depth
    return {
        "epochs": grid.number_input(
            "Epochs",
            1,
            1000,
            state.default(epochs, usual, "min"),
            key=epochs,
            persist_state="session",
            help="How often it goes through all the training pictures. The best epoch is kept.",
        ),
        "batch_size": _number(
            grid,
            "Batch size",
            "batch_size",
            (1, 4096, 1),
            "How many pictures it looks at before it changes itself a little.",
        ),
        "learning_rate": _number(
            grid,
            "Learning rate",
            "learning_rate",
            (1e-7, 10.0, 0.0005),
            "How much it changes itself in each step.",
            "%.5f",
        ),
        "schedule": _one_of(
            grid,
            "Schedule",
            "schedule",
            _SCHEDULES,
            "How the learning rate goes on. Cosine: large steps first, ever smaller ones towards "
            "the end. Plateau: half as large whenever it stops getting better. Constant: the same "
            "throughout.",
        ),
        "optimizer": _one_of(
            grid,
            "Optimizer",
            "optimizer",
            {name: name for name in OPTIMIZERS},
            "The rule by which it changes itself.",
        ),
        "patience": _number(
            grid,
            "Stop early after",
            "patience",
            (0, 1000, 1),
            "Early stopping: the training ends when so many epochs in a row were no better "
            "(patience). 0 trains all epochs; the best is kept either way.",
        ),
        "weight_decay": _number(
            grid,
            "Weight decay",
            "weight_decay",
            (0.0, 1.0, 0.001),
            "Pulls the numbers that the new layers learn towards zero, which keeps it from relying "
            "on single details. With sgd a hundredth of what adam takes is plenty.",
            "%.4f",
        ),
        "label_smoothing": _number(
            grid,
            "Label smoothing",
            "label_smoothing",
            (0.0, 0.9, 0.05),
            "Teaches it never to be quite sure. Helps where some labels may be wrong.",
            "%.2f",
        ),
        "seed": _number(
            grid,
            "Seed",
            "seed",
            (0, 2**31 - 1, 1),
            "The same seed and the same pictures give the same result.",
        ),
        "balanced": choose_balanced(),
    }


def choose_balanced(changed: Callable[[], None] | None = None) -> bool:
    """Whether rare classes count as much as common ones; the check-up shows the same control.

    Args:
        changed: Called when a person changes it.
    """
    return _switch(
        st,
        "Rare classes count as much as common ones (class weights)",
        "balanced",
        "Where one class has far more pictures than another, it would otherwise do well by "
        "guessing the large one.",
        changed,
    )


def _choose_thawing() -> dict[str, Any]:
    st.markdown("**How thawed layers learn**")
    grid = st.grid(2, min_column_width=180)
    return {
        "thawed_rate": _number(
            grid,
            "Share of the learning rate",
            "thawed_rate",
            (0.0001, 1.0, 0.05),
            "Thawed layers know something already, so they take smaller steps than the new last "
            "layers.",
            "%.4f",
        ),
        "warm_up_epochs": _number(
            grid,
            "Warm-up epochs",
            "warm_up_epochs",
            (0, 1000, 1),
            "Epochs at the start in which the new last layers learn alone, so that their random "
            "numbers do not shake the thawed ones.",
        ),
        "batch_norm_learns": _switch(
            grid,
            "Batch norm adapts too",
            "batch_norm_learns",
            "Batch norm scales what flows through the network by what it met in training. "
            "Off: it keeps what it met in a million photos, which is steadier with few pictures.",
        ),
    }


def _switch(
    place: Any, label: str, name: str, told: str, changed: Callable[[], None] | None = None
) -> bool:
    """A setting that is on or off."""
    key = state.control(name)
    default = state.default(key, getattr(_DEFAULTS, name))
    return place.toggle(
        label, default, key=key, persist_state="session", help=told, on_change=changed
    )


def _number(
    place: Any,
    label: str,
    name: str,
    reach: tuple[float, float, float],
    told: str,
    digits: str | None = None,
) -> Any:
    """A number of the settings; `reach` is its least, its largest and the step of its buttons."""
    key = state.control(name)
    least, most, step = reach
    return place.number_input(
        label,
        least,
        most,
        state.default(key, getattr(_DEFAULTS, name), "min"),
        step=step,
        format=digits,
        key=key,
        persist_state="session",
        help=told,
    )


def _one_of(place: Any, label: str, name: str, names: dict[str, str], told: str) -> Any:
    """One of a few names of the settings, each with how it is shown."""
    key = state.control(name)
    default = state.default(key, getattr(_DEFAULTS, name), getattr(_DEFAULTS, name))
    return place.selectbox(
        label,
        list(names),
        index=list(names).index(default),
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
        help=told,
    )


def summary(settings: TrainingSettings, epochs: int | None = None) -> str:
    """Settings in one line.

    Args:
        settings: They.
        epochs: How many there are to be, where that has changed since.
    """
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
        f"{words.several(epochs or settings.epochs, 'epoch')} · {settings.optimizer}, "
        f"learning rate {settings.learning_rate:g}{_varied(settings)}"
    )


def _varied(settings: TrainingSettings) -> str:
    """What else was chosen that is not there by default, in one line."""
    told = []
    if settings.square in _SQUARED:
        told.append(_SQUARED[settings.square])
    if settings.augment is not Strength.NONE:
        told.append(f"{settings.augment} augmentation")
    if settings.balanced:
        told.append("classes balanced")
    return "".join(f" · {each}" for each in told)
