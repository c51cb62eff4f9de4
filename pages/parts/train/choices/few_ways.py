"""Choosing among the few values that a setting may have."""

from collections.abc import Callable
from enum import StrEnum

import streamlit as st

from core.settings import TrainingSettings
from pages.parts.shared import state


def choose(
    title: str, setting: str, told: str, changed: Callable[[], None] | None = None
) -> StrEnum:
    """A button for each of them, the default pressed; remembered while the visit lasts.

    Args:
        title: What is chosen.
        setting: Its name in `TrainingSettings`; an enumeration.
        told: What it does, for who asks.
        changed: Called when a person chooses another one.
    """
    preset = getattr(TrainingSettings(), setting)
    key = state.control(setting)
    chosen = st.segmented_control(
        title,
        list(type(preset)),
        default=state.default(key, preset),
        required=True,
        format_func=str.capitalize,
        key=key,
        persist_state="session",
        help=told,
        on_change=changed,
    )
    return type(preset)(chosen or preset)
