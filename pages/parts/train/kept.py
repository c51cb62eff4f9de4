"""Settings that a person chooses on the Train page are kept with the data set.

What Thaw has set itself is not kept. It is worked out again, for other pictures may have come.
"""

from dataclasses import replace

import streamlit as st

from core.backbones.catalogue.rows import backbone_of
from core.datasets import choice
from core.errors import UserError
from core.intake import room
from core.settings import TrainingSettings
from pages.parts.shared import state, words
from pages.parts.shared.words import later


def bring_back(dataset_id: str) -> None:
    """Set the controls to what was chosen for a data set, before they are drawn.

    Nothing happens where they show that already.
    """
    before, _ = state.settings_of()
    if before == dataset_id:
        return
    chosen = _usable(dataset_id)
    if chosen is not None:
        state.use_settings(chosen)
    elif before is not None:  # what was chosen for another data set
        state.use_preset(TrainingSettings())
    state.set_for(dataset_id, touched=chosen is not None)


def _usable(dataset_id: str) -> TrainingSettings | None:
    chosen = choice.kept(state.folder_of(dataset_id))
    try:
        if chosen is not None:
            backbone_of(chosen)
    except UserError:  # a module that is no longer in the catalogue
        return None
    return chosen


def keep(dataset_id: str, settings: TrainingSettings) -> None:
    """Keep what the controls say.

    Where that is what Thaw has set, what was kept in this visit is forgotten. What another tab has
    kept meanwhile stays.
    """
    _, before = state.settings_of()
    touched = settings != state.preset()
    if touched or before:
        try:
            choice.keep(state.folder_of(dataset_id), settings if touched else None)
        except OSError as error:
            message = room.told(error) or later("Your settings could not be saved.")
            st.caption(words.plain(message))
    state.set_for(dataset_id, touched=touched)


def amend(dataset_id: str, name: str) -> None:
    """Keep a single setting that a person has just changed on another page.

    The others stay as they were kept, perhaps by another tab.
    """
    settings = _usable(dataset_id) or state.preset() or TrainingSettings()
    kind = type(getattr(settings, name))
    keep(dataset_id, replace(settings, **{name: kind(st.session_state[state.control(name)])}))
