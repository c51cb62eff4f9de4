"""The controls of the Train page: what to start from, how much to thaw, and the rest."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import all_backbones
from core.backbones.weights.weights import ready_offline
from core.datasets.dataset import Dataset
from core.settings import (
    ALL,
    BEST,
    DENSE_LAYERS,
    RANDOM,
    Sees,
    TrainingSettings,
    known,
)
from pages.parts.shared import state, words
from pages.parts.shared.words import say
from pages.parts.train import untouched
from pages.parts.train.choices import (
    augment_choice,
    freeze_choice,
    setting,
    square_choice,
    start_choice,
)

_UNITS = 128
_BUDGETS = (BEST, 5 * BEST)  # seconds
_LEARNING = (
    *("epochs", "batch_size", "learning_rate", "schedule", "optimizer", "patience"),
    *("weight_decay", "label_smoothing", "seed"),
)
_THAWED = ("thawed_rate", "warm_up_epochs", "batch_norm_learns")


def draw(dataset_id: str, dataset: Dataset) -> TrainingSettings:
    """All controls, remembered while the visit lasts.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: The data set.

    Raises:
        UserError: What was chosen does not make sense together.
    """
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.header(say("Start from"), anchor=False)
        backbone, weights = start_choice.draw()
        untouched_place = st.container()
    with right:
        st.header(say("How much of it to thaw"), anchor=False)
        frozen = freeze_choice.choose(backbone, from_scratch=weights == RANDOM)
        picture = st.container()
        variety_place = st.container()
        with st.expander(say("More settings"), icon=":material/tune:"):
            square = square_choice.draw(dataset_id, dataset)
            st.markdown(f"**{say('The new last layers (head)')}**")
            left, right = st.columns(2)
            with left:
                dense = _choose_head()
            dropout = setting.draw("dropout", right)
            thawed = frozen < len(backbone.layers)
            whole = {} if thawed else _choose_for_frozen(backbone)
            rest = _choose(say("How it learns"), _LEARNING, 3, thawed=thawed)
            rest["balanced"] = setting.draw("balanced")
            if thawed:
                rest |= _choose(say("How the thawed layers learn"), _THAWED, 2, thawed=True)
    with untouched_place:
        untouched.draw(backbone, dataset_id, dataset, square)
    with variety_place:
        variety = augment_choice.draw(dataset_id, dataset, square)
    with picture:
        stages = whole.get("head_sees") is Sees.STAGES
        freeze_choice.explain(backbone, frozen, dense, len(dataset.classes), sees_stages=stages)
    return TrainingSettings(
        backbone=backbone.name,
        alpha=backbone.alpha,
        weights=weights,
        frozen_layers=frozen if thawed else ALL,
        dense=dense,
        dropout=dropout,
        square=square,
        **variety,
        **rest,
        **whole,
    )


def budget() -> int:
    """Seconds to look for something better than these settings."""
    known_setting = known(TrainingSettings)["budget"]
    key = state.control("budget")
    names = {
        0: say("As set below"),
        **{each: say("Best: {time}", time=words.duration(each)) for each in _BUDGETS},
    }
    chosen = st.segmented_control(
        say(known_setting.label),
        list(names),
        default=state.default(key, 0),
        required=True,
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
        help=say(known_setting.help),
    )
    return int(chosen or 0)


def _choose_for_frozen(backbone: Backbone) -> dict[str, Any]:
    """What can be chosen for the head where nothing else learns."""
    left, right = st.columns(2, vertical_alignment="bottom")
    chosen = {"head_sees": setting.draw("head_sees", left), "refit": setting.draw("refit", right)}
    if not backbone.sealed and chosen["head_sees"] is Sees.STAGES:
        chosen["beside"] = _choose_second(backbone)
    return chosen


def _choose_second(backbone: Backbone) -> str:
    """A network to set beside this one, of those that are here."""
    beside = known(TrainingSettings)["beside"]
    key = state.control("beside")
    names = {"": say("None")} | {
        each.name: each.title
        for each in all_backbones().values()
        if each.name != backbone.name and not each.sealed and ready_offline(each)
    }
    if st.session_state.get(key) not in (None, *names):
        del st.session_state[key]
    chosen = st.selectbox(
        say(beside.label),
        list(names),
        index=state.default(key, 0, 0),
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
        help=say(beside.help),
    )
    return str(chosen or "")


def _choose_head() -> tuple[int, ...]:
    dense = known(TrainingSettings)["dense"]
    count = st.segmented_control(
        say(dense.label),
        range(DENSE_LAYERS + 1),
        default=state.default(state.control("dense"), len(TrainingSettings.dense)),
        required=True,
        key=state.control("dense"),
        persist_state="session",
    )
    units = [
        column.number_input(
            say("Units in layer {number}", number=place + 1),
            *dense.bounds,
            state.default(state.control("units", str(place)), _UNITS, "min"),
            key=state.control("units", str(place)),
            persist_state="session",
        )
        for place, column in zip(range(count or 0), st.columns(DENSE_LAYERS), strict=False)
    ]
    return tuple(int(value) for value in units)


def _choose(title: str, names: Sequence[str], columns: int, *, thawed: bool) -> dict[str, Any]:
    """The controls of some settings below a title."""
    st.markdown(f"**{title}**")
    grid = st.grid(columns, min_column_width=180)
    return {name: setting.draw(name, grid, thawed=thawed) for name in names}
