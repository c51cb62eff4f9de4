"""Deleting for good: confirmed in a dialog, and refused while something needs it."""

from collections.abc import Callable

import streamlit as st

from core.jobs import queue
from core.results.overview import rows
from core.storage.runs import Run
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say


def offer(
    key: str,
    what: str,
    in_the_way: Callable[[], str | None],
    delete: Callable[[], None],
    lost: str = "",
    button: str | None = None,
) -> None:
    """A button that deletes something once that is confirmed in a dialog.

    A dialog, since it closes when it is done: a popover would stay open over the next item.

    Args:
        key: Differs from that of other such buttons on the page.
        what: A sentence that says what will be deleted.
        in_the_way: Returns why it cannot be deleted now, if so; called when the button is pressed.
        delete: Deletes it.
        lost: A sentence that says what is lost with it.
        button: The button's label; "Delete" by default.
    """
    label = button or say("Delete")
    if st.button(label, icon=":material/delete:", type="tertiary", key=state.key("ask", key)):
        st.dialog(say("Delete"))(_ask)(key, what, in_the_way(), delete, lost)


def _ask(
    key: str, what: str, in_the_way: str | None, delete: Callable[[], None], lost: str
) -> None:
    if in_the_way:
        st.write(say(in_the_way))
        return
    st.write(f"{words.plain(what)} {lost}")
    if st.button(
        say("Delete for good"),
        icon=":material/delete_forever:",
        key=state.key("delete", key),
        on_click=delete,
    ):
        st.rerun()


def runs_on(dataset_id: str) -> list[Run]:
    """The runs on a data set; one whose settings are damaged is on none."""
    return [row.run for row in rows.rows(state.space()) if row.dataset_id == dataset_id]


def learned_from(dataset_id: str) -> str | None:
    """Why a data set's pictures cannot be deleted now: a run still learns from them."""
    for run in runs_on(dataset_id):
        if not run.state().status.final:
            return later("A run is still training on it. Stop that run first.")
        if queue.is_busy(run):
            return later("A stopped run is still finishing in the background. Try again soon.")
    return None
