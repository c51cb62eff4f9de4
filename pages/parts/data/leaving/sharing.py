"""Sharing a project: a link with a QR code, for an hour, a day or a week."""

from functools import partial
from pathlib import Path

import streamlit as st

from core import sharing as links
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import exporting
from core.projects import saving, sharing
from core.storage.job import JobState, RunStatus, Stage
from core.storage.runs import Run, open_run
from core.web.shares import projects as shares
from pages.parts.data.leaving import which_runs
from pages.parts.export import link
from pages.parts.shared import problem, state, waiting, words
from pages.parts.shared.words import later, say, several

_POPOVER = "share-project"
_EVERY = 0.5  # seconds between two looks at one that is under way
_STAGES = {
    Stage.CONVERTING: later("Making a page to try the network on"),
    Stage.PROVING: later("Trying that page on pictures"),
    Stage.READING: later("Taking places and serial numbers out of the pictures"),
    Stage.WRITING: later("Writing the project"),
}


def offer(chosen: str, dataset: Dataset) -> None:
    """The button, and what is chosen before.

    Args:
        chosen: The stored data set.
        dataset: It.
    """
    with st.popover(
        say("Share"),
        icon=":material/qr_code_2:",
        type="tertiary",
        key=state.turn(_POPOVER),
        on_change="rerun",  # the runs are looked through only where somebody asks
    ) as opened:
        if opened.open:
            _choose(chosen, dataset)


def _choose(chosen: str, dataset: Dataset) -> None:
    st.write(
        say(
            "Others scan a QR code or open a link, see what the project holds, try the most "
            "accurate network in their browser, and download it all to their own Thaw."
        )
    )
    runs = which_runs.choose(chosen, "share")
    pictures = st.checkbox(
        several("The picture too", "The {count} pictures too", len(dataset.records)),
        key=state.key("share-pictures", chosen),
        help=say(
            "Ask the people who are in them or took them first. Pictures leave without places, "
            "times and serial numbers. Without this tick others get the classes and the trained "
            "networks, and no picture."
        ),
    )
    link.durations(
        chosen, partial(_share, chosen, runs, pictures), disabled=runs == [] and not pictures
    )


def _share(chosen: str, runs: list[str] | None, pictures: bool, seconds: float) -> None:
    state.renew(_POPOVER)  # it closes, so that one sees how far it is
    try:
        along = saving.runs_of(state.folder_of(chosen)) if runs is None else _opened(runs)
        exporting.share_project(state.folder_of(chosen), along, pictures=pictures, seconds=seconds)
    except UserError as error:
        state.keep_notice(error, _near(chosen))


def _opened(runs: list[str]) -> list[Run]:
    return [open_run(state.space(), each) for each in runs]


def draw(chosen: str) -> None:
    """The projects that are shared, those that are being written, and those that failed."""
    problem.draw(_near(chosen))
    under_way = []
    for folder in sharing.folders(state.folder_of(chosen)):
        try:
            current, share = exporting.state(folder), links.at(folder)
        except UserError as error:
            problem.of_job(folder, error.said, "dismiss-share")
            continue
        if share is not None:
            _shared(folder, share)
        elif not current.status.final:
            under_way.append(folder)
        elif current.status is RunStatus.STOPPED:
            sharing.stop(folder)  # of which nothing but its log is left
        else:
            problem.of_job(folder, _why(current), "dismiss-share")
    if under_way:
        st.fragment(_progress, run_every=_EVERY)(under_way)


def _why(ended: JobState) -> str:
    return ended.message or later("This project could not be written. Share it again.")


def _progress(under_way: list[Path]) -> None:
    for folder in under_way:
        current = exporting.state(folder)
        if current.status.final or not folder.is_dir():
            st.rerun()
        stage = _STAGES.get(current.stage) if current.stage else None
        text = say(stage) if stage else say("Waiting in the queue")
        waiting.draw(current, text, state.key("cancel-share", folder.name), exporting.stop, folder)


def _shared(folder: Path, share: links.Share) -> None:
    try:
        shared = sharing.shared(folder)
    except UserError as error:
        problem.of_job(folder, error.said, "dismiss-share")
        return
    if shared is None:
        return
    with st.container(border=True):
        held = [
            several("{count} picture", "{count} pictures", shared.pictures)
            if shared.pictures
            else say("no pictures"),
            several("{count} trained run", "{count} trained runs", len(shared.runs)),
        ]
        if not shared.runs:
            held.pop()
        st.markdown(
            say(
                "Shared: {contents} ({size})",
                contents=words.comma(held),
                size=words.size(shared.bytes),
            )
        )
        path = shares.address(folder, share)
        link.draw(share, path, folder.name, partial(sharing.stop, folder))


def _near(chosen: str) -> str:
    return f"share-{chosen}"
