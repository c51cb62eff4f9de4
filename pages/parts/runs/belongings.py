"""Data sets and runs in lists: each can be opened again, renamed, or deleted when asked twice."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.backbones.catalogue.rows import summary
from core.datasets import image_files, store
from core.errors import UserError
from core.intake.pictures import images
from core.jobs import queue
from core.storage import files, home, own_names
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run, RunState, all_runs
from pages.parts.data import bring
from pages.parts.data.bring import Summary
from pages.parts.shared import (
    deleting,
    state,
    thumbnails,
    words,
)

_WIDTH = 300
_SMALL = 64  # pixels of each picture of a card
_STATUS = {
    RunStatus.QUEUED: ("waiting", ":material/hourglass_top:", "gray"),
    RunStatus.RUNNING: ("training", ":material/autorenew:", "orange"),
    RunStatus.FINISHED: ("done", ":material/check_circle:", "green"),
    RunStatus.STOPPED: ("stopped", ":material/stop_circle:", "gray"),
    RunStatus.INTERRUPTED: ("interrupted", ":material/power_off:", "yellow"),
    RunStatus.FAILED: ("failed", ":material/error:", "red"),
}


def runs() -> None:
    """All runs, newest first."""
    found = all_runs()
    if not found:
        st.write("Every training is kept here, so that you can come back to it. There is none yet.")
        if st.button("Train a network", type="primary", icon=":material/arrow_forward:"):
            state.go("train", **state.address())
        return
    thumbnails.paged(found, "runs", _run, width=_WIDTH)


def datasets() -> None:
    """All data sets, newest first."""
    found = bring.all_imported()
    if not found:
        st.write("The pictures that you bring are kept here. There are none yet.")
        if st.button("Bring pictures", type="primary", icon=":material/arrow_forward:"):
            state.go("data")
        return
    learned = _learned()
    thumbnails.paged(
        found, "datasets", lambda each: _dataset(*each, learned[each[0]]), width=_WIDTH
    )


def _learned() -> Counter[str | None]:
    """How many runs have learned from each data set."""
    counts: Counter[str | None] = Counter()
    for run in all_runs():
        with suppress(UserError):  # a damaged run: its own card says so
            counts[run.dataset_id] += 1
    return counts


def _run(run: Run) -> None:
    try:
        name, results, learned_from, dataset = (
            run.name,
            run.results(),
            run.data_name,
            run.dataset_id,
        )
    except UserError as error:
        with st.container(border=True, height="stretch", key=state.key("card", run.id)):
            st.caption(words.plain(str(error)))
            deleting.offer(run.id, "this run", lambda: None, lambda: _forget_run(run))
        return
    current = queue.status(run, None)
    title, icon, colour = _STATUS[current.status]
    with st.container(border=True, height="stretch", key=state.key("card", run.id)):
        data = _data_of(dataset)
        if dataset and data is not None:
            _pictures(dataset, data)
        st.markdown(f"**{words.plain(words.squeezed(name, 40))}**")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(title, icon=icon, color=colour)
            if results:
                right = f"{words.percent(results['accuracy'])} right"
                st.badge(f"{right} of {words.number(results['images'])}", color="violet")
        told = [words.when(run.created), _summary(run, current)]
        if results:
            told.insert(1, words.several(len(results["classes"]), "class", "classes"))
        if name != learned_from:
            told.insert(0, f"learned from {words.plain(words.squeezed(learned_from, 30))}")
        st.caption("  \n".join(told))
        if current.message:
            st.caption(words.plain(current.message))
        with st.container(horizontal=True):
            if st.button("Open", key=state.key("open", run.id)):
                state.choose_run(run)
                seen = results and current.status.final
                state.go("evaluate" if seen else "train", run=run.id)
            _rename(run.folder, name, "a run")
            deleting.offer(
                run.id,
                f"the run “{name}” and its trained network",
                lambda: (
                    None
                    if current.status.final
                    else "It is still at work. Open it and stop it first."
                ),
                lambda: _forget_run(run),
            )


def _summary(run: Run, current: RunState) -> str:
    try:
        settings = run.settings
    except UserError as error:
        return words.plain(str(error))
    told = words.plain(summary(settings, current.epochs))
    if current.status is RunStatus.RUNNING and current.stage is Stage.TRAINING:
        epochs = current.epochs or settings.epochs
        told += f"  \n**epoch {min(len(current.history) + 1, epochs)} of {epochs}**"
    return told


def _dataset(chosen: str, dataset: Summary, learned: int) -> None:
    lost = (
        f" What {words.several(learned, 'run')} learned from them stays, but the pictures of "
        "mistakes and “Train again” go with them."
    )
    with st.container(border=True, height="stretch", key=state.key("card", chosen)):
        _pictures(chosen, dataset)
        st.markdown(f"**{words.plain(words.squeezed(dataset.name, 40))}**")
        made, told = home.made_at(chosen), []
        if made is not None:
            told.append(words.when(made))
        told.append(
            f"{words.several(dataset.images, 'image')}, "
            f"{words.several(dataset.classes, 'class', 'classes')}, "
            f"{words.size(dataset.total_bytes)}"
        )
        st.caption("  \n".join(told))
        with st.container(horizontal=True):
            if st.button("Open", key=state.key("open", chosen)):
                state.choose_dataset(chosen)
                state.go("data", data=chosen)
            _rename(store.folder_of(chosen), dataset.name, "a data set")
            deleting.offer(
                chosen,
                f"the {words.several(dataset.images, 'image')} of {dataset.name}",
                lambda: deleting.learned_from(chosen),
                lambda: _forget_dataset(chosen),
                lost if learned else "",
            )


def _data_of(dataset: str | None) -> Summary | None:
    """The data set that a run has learned from, as it is now; None where it is gone."""
    try:
        return bring.summary(dataset) if dataset else None
    except UserError:  # its page says what is wrong with it
        return None


def _pictures(chosen: str, dataset: Summary) -> None:
    """One picture of each of the first classes, by which people know a data set again."""
    folder = store.folder_of(chosen)
    with st.container(horizontal=True, gap="xsmall", height=_SMALL, border=False):
        for label, digest in dataset.pictures:
            path = image_files.thumbnail(folder, digest)
            if path.is_file():
                small = _small(str(path), files.stamp(path))
                alt = words.bare(f"A picture of {words.shortened(label)}")
                st.image(thumbnails.inline(small), width=_SMALL, alt=alt)


@st.cache_data(max_entries=1000, show_spinner=False)
def _small(path: str, stamp: files.Stamp) -> bytes:
    image = images.decode(Path(path).read_bytes())
    return images.thumbnail_jpeg(image, 2 * _SMALL)  # which is sharp on fine screens, too


def _rename(folder: Path, name: str, whose: str) -> None:
    """Call a run or a data set something else.

    Args:
        folder: Where it lies.
        name: What it is called now.
        whose: What it is, as in "a run".
    """
    key = state.key("rename", folder.name)
    if st.button("Rename", icon=":material/edit:", type="tertiary", key=key):
        _ask_name(folder, name, whose)


@st.dialog("Rename")
def _ask_name(folder: Path, name: str, whose: str) -> None:
    with st.form("another-name", border=False):
        key = state.key("given-name", folder.name, name)
        given = st.text_input("Another name", name, max_chars=own_names.LONGEST, key=key)
        if st.form_submit_button("Rename", icon=":material/edit:", key="rename-really"):
            try:
                own_names.give(folder, given, whose)
            except UserError as error:
                st.error(words.plain(str(error)), icon=":material/error:")
            else:
                st.rerun()


def _forget_run(run: Run) -> None:
    if state.address().get(state.RUN) == run.id:
        state.choose_run(None)
    run.delete()


def _forget_dataset(chosen: str) -> None:
    if state.address().get(state.DATA) == chosen:
        state.choose_dataset(None)
    store.delete(chosen)
