"""Deleting for good: asked twice, and not while somebody needs it."""

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from core.errors import UserError
from core.jobs import queue
from core.storage.runs import Run, all_runs
from pages.parts.shared import state, words


def offer(
    key: str,
    what: str,
    in_the_way: Callable[[], str | None],
    delete: Callable[[], None],
    lost: str = "",
    button: str = "Delete",
) -> None:
    """Delete only when asked a second time, and say what will be gone.

    A dialog, since it closes when it is done: a popover would stay open over the next item.

    Args:
        key: Tells it from others on the page.
        what: What will be gone, in words.
        in_the_way: Finds out why it cannot be deleted now, if so; called when somebody asks.
        delete: Deletes it.
        lost: What goes with it: sentences, with a space before them.
        button: What asks.
    """
    if st.button(button, icon=":material/delete:", type="tertiary", key=state.key("ask", key)):
        _ask(key, what, in_the_way(), delete, lost)


@st.dialog("Delete")
def _ask(
    key: str, what: str, in_the_way: str | None, delete: Callable[[], None], lost: str
) -> None:
    if in_the_way:
        st.write(in_the_way)
        return
    st.write(f"This deletes {words.plain(what)} for good.{lost}")
    if st.button(
        "Delete for good",
        icon=":material/delete_forever:",
        key=state.key("delete", key),
        on_click=delete,
    ):
        st.rerun()


def runs_on(dataset_id: str) -> list[Run]:
    """The runs on a data set; one whose settings are damaged is on none."""
    found = []
    for run in all_runs():
        with suppress(UserError):
            if run.dataset_id == dataset_id:
                found.append(run)
    return found


def learned_from(dataset_id: str) -> str | None:
    """Why a data set's pictures cannot be deleted now: a run still learns from them."""
    for run in runs_on(dataset_id):
        if not run.state().status.final:
            return "A run is still learning from it. Stop that run first."
        if queue.is_busy(run):
            return "A run that was stopped is still finishing in the background. Try again soon."
    return None
