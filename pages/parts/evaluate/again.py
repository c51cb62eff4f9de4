"""Training again on pictures that were changed since: one press, and the page waits for the end."""

import streamlit as st

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import queue
from core.results.overview import rows
from core.storage.job import RunStatus
from core.storage.runs import Run
from pages.parts.data import mend
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import later, say

_EVERY = 0.7  # seconds between two looks at a training
_KEY = "train-on-mended"


def draw(run: Run, dataset: Dataset | None) -> bool:
    """What was changed since a training, and the button that repeats it; or its progress.

    Args:
        run: The run.
        dataset: The data set that it learned from, as it is now; None where that is gone.

    Returns:
        Whether there is something to do here.
    """
    if dataset is None or run.dataset_id is None:
        return False
    newer = _follower(run)
    if newer is not None and not queue.status(newer).status.final:
        state.hear(_KEY, newer.id)
        st.fragment(_progress, run_every=_EVERY)(newer)
        return True
    if newer is not None and newer.id == state.heard(_KEY) and newer.results_path.is_file():
        state.hear(_KEY, "")
        state.choose_run(newer)  # which was waited for
        st.rerun()
    if run.version in (None, dataset.version):
        return False
    with st.container(border=True):
        mend.last_change(run.dataset_id, dataset)
        changed = _changed(run, dataset)
        told = say("The pictures have been changed since this training")
        told += f": {words.plain(changed)}\\. " if changed else ". "
        st.markdown(told + say("Train again to see the effect."))
        if newer is not None:
            _ended(newer)
        problem.draw(_KEY)
        if st.button(
            say("Train again on the changed pictures"),
            icon=":material/replay:",
            type="primary",
            key=_KEY,
            help=say(
                "With the same settings and the same split. What the frozen layers made of the "
                "pictures is remembered, so that this often takes seconds."
            ),
        ):
            try:
                queue.submit_training(run.dataset_folder, run.settings, after=run.id)
            except UserError as error:
                state.keep_notice(error, _KEY)
            st.rerun()
    return True


def _follower(run: Run) -> Run | None:
    """The newest run that repeats a run."""
    return next((row.run for row in rows.rows(state.space()) if row.after == run.id), None)


def _changed(run: Run, dataset: Dataset) -> str | None:
    """What became of the pictures since; None where that is not known, or names alone changed."""
    try:
        before = store.load(run.dataset_folder, run.version)
    except UserError:  # deleted for good
        return None
    return changes.since(before, dataset)


def _progress(newer: Run) -> None:
    current = queue.status(newer)
    if current.status.final:
        st.rerun()
    done, total = 0, 0
    if current.stage is not None and current.stage in current.stages:
        done, total, _ = current.stages[current.stage]
    waiting = current.status is RunStatus.QUEUED
    text = say("Waiting for its turn…") if waiting else say("Training on the changed pictures…")
    st.progress(done / total if total else 0.0, text=text)
    st.button(
        say("Cancel"),
        icon=":material/close:",
        key=state.key("cancel-again", newer.id),
        on_click=queue.stop,
        args=(newer,),
    )


def _ended(newer: Run) -> None:
    """What came of a training that repeated this one, perhaps on pictures changed since."""
    current = queue.status(newer)
    if newer.results_path.is_file():
        if st.button(
            say("See the training that came after this one"),
            icon=":material/arrow_forward:",
            type="tertiary",
            key=state.key("see-newer", newer.id),
        ):
            state.choose_run(newer)
            st.rerun()
    elif current.status in (RunStatus.FAILED, RunStatus.INTERRUPTED):
        message = current.message or later("This run ended without an error message.")
        st.error(words.plain(message), icon=":material/error:")
