"""Evaluations on labelled pictures that somebody brings: where they come in, and what came out."""

from pathlib import Path
from typing import Any

import streamlit as st

from core import home
from core.data import incoming
from core.errors import UserError
from core.jobs import judging
from core.jobs.job import ImportState
from core.results import evaluations
from core.runs import Run, RunStatus, open_run
from pages.parts import state, upload_zone, words

_EVERY = 0.5  # seconds between two looks at an evaluation
_WIDGET = "judge"


def every(run: Run) -> tuple[list[tuple[Path, dict[str, Any]]], list[Path]]:
    """Those that are done and those under way, the latest first.

    One that came to nothing is told of, and goes.

    Returns:
        Folder and results of each that is done; folders of the others.
    """
    found, under_way = [], []
    for folder in evaluations.folders(run):
        current = judging.state(folder)  # first: it may end meanwhile
        try:
            results = evaluations.results(run, folder)
        except UserError as error:
            state.keep_notice(error, _WIDGET)
            continue
        if results is not None:
            found.append((folder, results))
        elif current.status.final:
            home.remove(folder)
            state.keep_notice(UserError(_why(current)), _WIDGET)
        else:
            under_way.append(folder)
    return found, under_way


def _why(ended: ImportState) -> str:
    """Why an evaluation came to nothing."""
    if ended.status is RunStatus.STOPPED:
        return "You stopped looking at these pictures, so nothing of it is kept."
    return ended.message or "These pictures could not be looked at. Try again."


def bring(run: Run, under_way: list[Path]) -> None:
    """The place to drop labelled pictures, and how far those are that came.

    Args:
        run: The run.
        under_way: Folders of its evaluations that are not done.
    """
    told = state.notice(_WIDGET)
    title = "Check it on other labelled pictures"
    with st.expander(title, icon=":material/rule_folder:", expanded=told is not None):
        st.write(
            "Bring a zip or a folder in which the pictures of each class lie in a folder named "
            "after it. If it has a test side, that alone counts. The result is kept here, beside "
            "the one above; your pictures are not."
        )
        if told:
            st.error(words.plain(told), icon=":material/error:")
        brought = upload_zone.draw_for_run(state.turn(_WIDGET), run.id)
    if brought is not None:
        state.renew(_WIDGET)  # first, so that a rerun does not begin it again
        try:
            whole = incoming.take(brought.upload_id, brought.secret)
            judging.submit(whole.path, whole.name, open_run(brought.dataset))
        except UserError as error:
            state.keep_notice(error, _WIDGET)
        st.rerun()
    if under_way:
        st.fragment(_progress, run_every=_EVERY)(under_way)


def _progress(under_way: list[Path]) -> None:
    for folder in under_way:
        current = judging.state(folder)
        if current.status.final or not folder.is_dir():
            st.rerun()
        share = current.done / current.total if current.total else 0.0
        name = words.plain(words.shortened(current.name, 40))
        st.progress(share, text=f"Looking at “{name}”{words.left(current.seconds_left)}")
        st.button(
            "Cancel",
            icon=":material/close:",
            key=state.key("cancel-judging", folder.name),
            on_click=judging.stop,
            args=(folder,),
        )


def choose(
    held_back: dict[str, Any], others: list[tuple[Path, dict[str, Any]]]
) -> tuple[Path | None, dict[str, Any]]:
    """Which evaluation is shown in detail: its folder, None for the run's own, and its results."""
    if not others:
        return None, held_back
    every = [(None, held_back), *others]
    titles = ["Pictures kept back", *(title(results) for _, results in others)]
    place = st.selectbox(
        "Details of",
        range(len(every)),
        format_func=titles.__getitem__,
        key=state.key("details-of", *(folder for folder, _ in every)),
    )
    return every[place or 0]


def title(results: dict[str, Any]) -> str:
    """What an evaluation is called; plain text."""
    return words.bare(words.shortened(results["name"], 40))


def forget(folder: Path) -> None:
    """A button that deletes an evaluation."""
    st.button(
        "Delete",
        icon=":material/delete:",
        type="tertiary",
        key=state.key("forget-judged", folder.name),
        on_click=home.remove,
        args=(folder,),
    )
