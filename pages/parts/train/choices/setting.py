"""The control of a training setting, as the table of settings describes it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import streamlit as st

from core.settings import THAWED, Sees, Squaring, Strength, TrainingSettings, known, usual
from pages.parts.shared import state
from pages.parts.shared.words import later, say

_KNOWN = known(TrainingSettings)
_CALLED = {
    Strength.NONE: later("None"),
    Strength.LIGHT: later("Light"),
    Strength.MEDIUM: later("Medium"),
    Strength.STRONG: later("Strong"),
    Squaring.SQUASH: later("Squash"),
    Squaring.CROP: later("Crop"),
    Squaring.PAD: later("Pad"),
    Sees.LAST: later("The last features"),
    Sees.STAGES: later("Every stage"),
    "cosine": later("Cosine"),
    "plateau": later("Plateau"),
    "constant": later("Constant"),
}


def called(value: str) -> str:
    """The label of one of a setting's options; optimizers go by their own names."""
    return say(_CALLED[value]) if value in _CALLED else value


def draw(
    name: str,
    place: Any = st,
    *,
    thawed: bool = False,
    changed: Callable[[], None] | None = None,
) -> Any:
    """A toggle, buttons, a list or a number, set to the default; remembered while the visit lasts.

    Args:
        name: The setting.
        place: Where it goes.
        thawed: Whether layers are thawed, which some defaults depend on.
        changed: Called when a person changes it.
    """
    setting = _KNOWN[name]
    preset = usual(name, thawed=thawed)
    key = state.control(name)
    if name in THAWED:
        key = state.control(name, state.depth(thawed))
        elsewhere = usual(name, thawed=not thawed)
        before = st.session_state.get(state.control(name, state.depth(not thawed)), elsewhere)
        preset = preset if before == elsewhere else before  # what was chosen holds for any depth
    common = {
        "label": say(setting.label),
        "key": key,
        "persist_state": "session",
        "help": say(setting.help),
        "on_change": changed,
    }
    if isinstance(preset, bool):
        return place.toggle(value=state.default(key, preset), **common)
    if isinstance(preset, StrEnum):
        chosen = place.segmented_control(
            options=list(type(preset)),
            default=state.default(key, preset),
            required=True,
            format_func={each: called(each) for each in type(preset)}.__getitem__,
            **common,
        )
        return type(preset)(chosen or preset)
    if isinstance(preset, str):
        index = setting.options.index(state.default(key, preset, preset))
        names = {each: called(each) for each in setting.options}
        return place.selectbox(
            options=setting.options, index=index, format_func=names.__getitem__, **common
        )
    least, most = setting.bounds
    return place.number_input(
        min_value=least,
        max_value=most,
        value=state.default(key, preset, "min"),
        step=setting.step,
        format="%d" if isinstance(preset, int) else "%.7g",
        **common,
    )
