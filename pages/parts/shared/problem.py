"""Error messages, shown beside the control that they are about."""

import streamlit as st

from pages.parts.shared import state, words


def draw(near: str | None = None) -> None:
    """The message that belongs here, if there is one; see `state.notice`."""
    message = state.notice(near)
    if message:
        st.error(words.plain(message), icon=":material/error:")
