"""Evaluations on labelled pictures that somebody brings: where they come in, and what came out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import UserError
from core.intake import incoming
from core.jobs import judging
from core.results import evaluations, names
from core.storage import files
from core.storage.job import JobState, RunStatus
from core.storage.runs import Run, open_run
from pages.components import upload_zone
from pages.parts.shared import deleting, state, words

_EVERY = 0.5  # seconds between two looks at an evaluation
_WIDGET = "judge"


@dataclass(frozen=True)
class Judged:
    """The evaluations of a run, the latest first in each list.

    Attributes:
        done: Folder and results of each that is done.
        under_way: Folders of those that are not done.
        failed: Folder of each that came to nothing, and why.
        damaged: Folder of each whose results can't be read, and why.
    """

    done: list[tuple[Path, dict[str, Any]]]
    under_way: list[Path]
    failed: list[tuple[Path, str]]
    damaged: list[tuple[Path, str]]


def every(run: Run) -> Judged:
    """All evaluations of a run on other pictures."""
    judged = Judged([], [], [], [])
    by_now = names.by_now(run)
    for folder in evaluations.folders(run):
        try:
            results, current = _results(folder), None
            if results is None:
                current = judging.state(folder)
                results = _results(folder)  # it may have ended meanwhile
        except UserError as error:
            judged.damaged.append((folder, str(error)))
            continue
        if results is not None:
            judged.done.append((folder, names.of_results(results, by_now)))
        elif current is not None and current.status.final:
            judged.failed.append((folder, _why(current)))
        else:
            judged.under_way.append(folder)
    return judged


def _results(folder: Path) -> dict[str, Any] | None:
    return _read(str(folder), evaluations.stamp(folder))


@st.cache_resource(max_entries=100, show_spinner=False)
def _read(folder: str, stamp: files.Stamp) -> dict[str, Any] | None:
    """Read each once, for a page is drawn at every click. Nobody may change what it gives."""
    return evaluations.results(Path(folder))


def _why(ended: JobState) -> str:
    """Why an evaluation came to nothing."""
    if ended.status is RunStatus.STOPPED:
        return "You cancelled this, so nothing of it is kept."
    return ended.message or "These pictures could not be looked at. Try again."


def bring(run: Run, judged: Judged) -> None:
    """The place to drop labelled pictures, how far those are that came, and what went wrong."""
    told = state.notice(_WIDGET)
    title = "Check it on other labelled pictures"
    wrong = bool(told or judged.failed or judged.damaged)
    with st.expander(title, icon=":material/rule_folder:", expanded=wrong):
        st.write(
            "Bring a zip or a folder in which the pictures of each class lie in a folder named "
            "after it. If it has a test side, that alone counts. The result is kept here, beside "
            "the one above; your pictures are not."
        )
        if told:
            st.error(words.plain(told), icon=":material/error:")
        for folder, why in judged.failed:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.error(words.plain(why), icon=":material/error:")
                st.button(
                    "Dismiss",
                    icon=":material/close:",
                    type="tertiary",
                    key=state.key("dismiss-judged", folder.name),
                    on_click=files.remove,
                    args=(folder,),
                )
        for folder, why in judged.damaged:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.error(words.plain(why), icon=":material/error:")
                forget(folder, "this evaluation")
        brought = upload_zone.draw_for_run(state.turn(_WIDGET), run.id)
    if brought is not None:
        state.renew(_WIDGET)  # first, so that a rerun does not begin it again
        try:
            whole = incoming.take(brought.upload_id, brought.secret)
            judging.submit(whole.path, whole.name, open_run(brought.dataset))
        except UserError as error:
            state.keep_notice(error, _WIDGET)
        st.rerun()
    if judged.under_way:
        st.fragment(_progress, run_every=_EVERY)(judged.under_way)


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


def forget(folder: Path, what: str) -> None:
    """A button that deletes an evaluation, once that is confirmed.

    Args:
        folder: Where it is.
        what: What will be gone, in words.
    """
    deleting.offer(folder.name, what, lambda: None, lambda: files.remove(folder))
