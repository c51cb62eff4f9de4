"""What went wrong, told beside what was pressed or filled in."""

import streamlit as st

from pages.parts.shared import state, words


def draw(near: str | None = None) -> None:
    """The message that belongs here, if there is one; see `state.notice`."""
    told = state.notice(near)
    if told:
        st.error(words.plain(told), icon=":material/error:")
