"""Error messages, shown beside the control that they are about."""

from pathlib import Path

import streamlit as st

from core.storage import files
from pages.parts.shared import state, words
from pages.parts.shared.words import say


def draw(near: str | None = None) -> None:
    """The message that belongs here, if there is one; see `state.notice`."""
    message = state.notice(near)
    if message:
        st.error(words.plain(message), icon=":material/error:")


def of_job(folder: Path, why: str, key: str) -> None:
    """Why a job came to nothing, until somebody dismisses it.

    Args:
        folder: The job's, which goes then.
        why: The reason.
        key: What kind of job it is, for the button's key.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(words.plain(why), icon=":material/error:")
        st.button(
            say("Dismiss"),
            icon=":material/close:",
            type="tertiary",
            key=state.key(key, folder.name),
            on_click=files.remove,
            args=(folder,),
        )
