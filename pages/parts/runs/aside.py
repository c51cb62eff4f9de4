"""Runs are deleted at one press, and brought back by another."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.jobs import queue
from core.results.overview.rows import Row
from core.storage import runs
from core.storage.runs import Run
from pages.parts.shared import state
from pages.parts.shared.words import later, say, several

_KEPT_BACK = "kept-back"


def offer(chosen: Sequence[Row]) -> None:
    """A button that deletes runs; those that are at work stay."""
    st.button(
        say("Delete"),
        icon=":material/delete:",
        type="tertiary",
        key=state.key("delete-runs", *(row.run.id for row in chosen)),
        on_click=_delete,
        args=([row.run for row in chosen],),
        help=say("“Bring back” undoes this."),
    )


def _delete(chosen: Sequence[Run]) -> None:
    for run in chosen:
        if not queue.standing(run).status.final or queue.is_busy(run):
            state.hear(_KEPT_BACK, run.id)
            continue
        if state.address().get(state.RUN) == run.id:
            state.choose_run(None)
        run.put_aside()


def draw() -> None:
    """What was deleted, to bring back or to delete for good."""
    if state.heard(_KEPT_BACK):
        state.hear(_KEPT_BACK, "")
        st.warning(
            say("What is still running was not deleted. Open it and stop it first."),
            icon=":material/autorenew:",
        )
    deleted = runs.aside(state.space())
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            several(
                "{count} run is deleted. It can be brought back for an hour, often longer.",
                "{count} runs are deleted. They can be brought back for an hour, often longer.",
                len(deleted),
            )
        )
        for key, title, icon, action in _ACTIONS:
            st.button(
                say(title),
                icon=icon,
                type="tertiary",
                key=key,
                on_click=_each,
                args=(action, deleted),
            )


def _each(action: Callable[[Run], None], deleted: list[Run]) -> None:
    for run in deleted:
        action(run)


_ACTIONS = (
    ("bring-back", later("Bring back"), ":material/undo:", runs.bring_back),
    ("delete-for-good", later("Delete for good"), ":material/delete_forever:", Run.delete),
)
