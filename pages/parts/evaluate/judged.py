"""Evaluations on other labelled pictures: the place to drop them, and the results."""

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
from pages.parts.shared import deleting, problem, state, waiting, words
from pages.parts.shared.words import later, say

_EVERY = 0.5  # seconds between two looks at an evaluation
_WIDGET = "judge"


@dataclass(frozen=True)
class Judged:
    """The evaluations of a run, the latest first in each list.

    Attributes:
        done: Folder and results of each that has finished.
        under_way: Folders of those that are still running.
        failed: Folder of each that failed, and why.
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
            judged.damaged.append((folder, error.said))
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
    """Why an evaluation has no results."""
    if ended.status is RunStatus.STOPPED:
        return later("You cancelled this evaluation, so nothing was kept.")
    return ended.message or later("These pictures could not be evaluated. Try again.")


def bring(run: Run, judged: Judged) -> None:
    """The place to drop labelled pictures, the progress of those that came, and errors."""
    message = state.notice(_WIDGET)
    title = say("Evaluate it on other labelled pictures")
    wrong = bool(message or judged.failed or judged.damaged)
    with st.expander(title, icon=":material/rule_folder:", expanded=wrong):
        st.write(
            say(
                "Add a zip or a folder with one folder of pictures per class, named after it. If "
                "there is a test folder, only that is used. The result is kept here with your "
                "pictures, up to {size} of them, until you delete it.",
                size=words.size(evaluations.ORIGINALS),
            )
        )
        if message:
            st.error(words.plain(message), icon=":material/error:")
        for folder, why in judged.failed:
            problem.of_job(folder, why, "dismiss-judged")
        for folder, why in judged.damaged:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.error(words.plain(why), icon=":material/error:")
                forget(folder, say("This deletes this evaluation for good."))
        brought = upload_zone.draw_for_run(state.turn(_WIDGET), run.id)
    if brought is not None:
        state.renew(_WIDGET)  # first, so that a rerun does not begin it again
        try:
            whole = incoming.take(state.space(), brought.upload_id, brought.secret)
            judging.submit(whole.path, whole.name, open_run(state.space(), brought.dataset))
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
        name = words.plain(words.shortened(current.name, 40))
        text = say("Evaluating on “{name}”", name=name)
        waiting.draw(current, text, state.key("cancel-judging", folder.name), judging.stop, folder)


def choose(
    held_back: dict[str, Any], others: list[tuple[Path, dict[str, Any]]]
) -> tuple[Path | None, dict[str, Any]]:
    """Which evaluation is shown in detail: its folder, None for the run's own, and its results."""
    if not others:
        return None, held_back
    every = [(None, held_back), *others]
    titles = words.numbered([say("Held-out pictures"), *(title(results) for _, results in others)])
    place = st.selectbox(
        say("Details of"),
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
        folder: Its folder.
        what: A sentence that says what will be deleted.
    """
    deleting.offer(folder.name, what, lambda: None, lambda: files.remove(folder))
