"""A job that somebody waits for: how far it is, how long it still takes, and how to cancel it."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from core.storage.job import JobState
from pages.parts.shared import words
from pages.parts.shared.words import say

T = TypeVar("T")


def draw(
    current: JobState,
    text: str,
    key: str,
    stop: Callable[[T], None],
    of: T,
    hint: str | None = None,
) -> None:
    """A bar and, below it, a button.

    Args:
        current: How far the job is.
        text: What it is doing; Markdown.
        key: The button's.
        stop: Cancels it.
        of: What `stop` is called with.
        hint: What canceling leaves behind.
    """
    st.progress(current.share, text=text + words.left(current.seconds_left))
    st.button(say("Cancel"), icon=":material/close:", key=key, on_click=stop, args=(of,), help=hint)
