"""Data sets and runs in lists: each can be opened, renamed, or deleted once that is confirmed."""

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
from pages.parts.shared.words import later, say, several

_WIDTH = 300
_SMALL = 64  # pixels of each picture of a card
_STATUS = {
    RunStatus.QUEUED: (later("waiting"), ":material/hourglass_top:", "gray"),
    RunStatus.RUNNING: (later("running"), ":material/autorenew:", "orange"),
    RunStatus.FINISHED: (later("done"), ":material/check_circle:", "green"),
    RunStatus.STOPPED: (later("stopped"), ":material/stop_circle:", "gray"),
    RunStatus.INTERRUPTED: (later("interrupted"), ":material/power_off:", "yellow"),
    RunStatus.FAILED: (later("failed"), ":material/error:", "red"),
}


def runs() -> None:
    """All runs, newest first."""
    found = all_runs()
    if not found:
        st.write(say("Every training run is kept here. There are none yet."))
        if st.button(
            say("Train a network"),
            type="primary",
            icon=":material/arrow_forward:",
            key="train-network",
        ):
            state.go("train", **state.address())
        return
    thumbnails.paged(found, "runs", _run, width=_WIDTH)


def datasets() -> None:
    """All data sets, newest first."""
    found = bring.all_imported()
    if not found:
        st.write(say("Every data set is kept here. There are none yet."))
        if st.button(
            say("Add pictures"), type="primary", icon=":material/arrow_forward:", key="bring"
        ):
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
            st.caption(words.plain(error.said))
            what = say("This deletes this run for good.")
            deleting.offer(run.id, what, lambda: None, lambda: _forget_run(run))
        return
    current = queue.status(run, None)
    title, icon, colour = _STATUS[current.status]
    with st.container(border=True, height="stretch", key=state.key("card", run.id)):
        pictures = _data_of(dataset)
        if dataset and pictures is not None:
            _pictures(dataset, pictures)
        st.markdown(f"**{words.plain(words.squeezed(name, 40))}**")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(say(title), icon=icon, color=colour)
            if results:
                right = say(
                    "{share} of {count} right",
                    share=words.percent(results["accuracy"]),
                    count=results["images"],
                )
                st.badge(right, color="violet")
        lines = [words.when(run.created), _summary(run, current)]
        if results:
            lines.insert(1, several("{count} class", "{count} classes", len(results["classes"])))
        if name != learned_from:
            data = words.plain(words.squeezed(learned_from, 30))
            lines.insert(0, say("trained on {name}", name=data))
        st.caption("  \n".join(lines))
        if current.message:
            st.caption(words.plain(current.message))
        with st.container(horizontal=True):
            if st.button(say("Open"), key=state.key("open", run.id)):
                state.choose_run(run)
                seen = results and current.status.final
                state.go("evaluate" if seen else "train", run=run.id)
            _rename(run.folder, name)
            deleting.offer(
                run.id,
                say("This deletes the run “{name}” and its trained network for good.", name=name),
                lambda: (
                    None
                    if current.status.final
                    else later("It is still running. Open it and stop it first.")
                ),
                lambda: _forget_run(run),
            )


def _summary(run: Run, current: RunState) -> str:
    try:
        settings = run.settings
    except UserError as error:
        return words.plain(error.said)
    told = words.plain(say(summary(settings, current.epochs)))
    if current.status is RunStatus.RUNNING and current.stage is Stage.TRAINING:
        epochs = current.epochs or settings.epochs
        epoch = min(len(current.history) + 1, epochs)
        told += f"  \n**{say('epoch {number} of {total}', number=epoch, total=epochs)}**"
    return told


def _dataset(chosen: str, dataset: Summary, learned: int) -> None:
    lost = several(
        "The network of {count} run is kept, but the pictures of its mistakes and “Train again” "
        "are lost.",
        "The networks of {count} runs are kept, but the pictures of their mistakes and “Train "
        "again” are lost.",
        learned,
    )
    with st.container(border=True, height="stretch", key=state.key("card", chosen)):
        _pictures(chosen, dataset)
        st.markdown(f"**{words.plain(words.squeezed(dataset.name, 40))}**")
        made, lines = home.made_at(chosen), []
        if made is not None:
            lines.append(words.when(made))
        facts = [
            several("{count} picture", "{count} pictures", dataset.images),
            several("{count} class", "{count} classes", dataset.classes),
            words.size(dataset.total_bytes),
        ]
        lines.append(", ".join(facts))
        st.caption("  \n".join(lines))
        with st.container(horizontal=True):
            if st.button(say("Open"), key=state.key("open", chosen)):
                state.choose_dataset(chosen)
                state.go("data", data=chosen)
            _rename(store.folder_of(chosen), dataset.name)
            deleting.offer(
                chosen,
                several(
                    "This deletes the {count} picture of {name} for good.",
                    "This deletes the {count} pictures of {name} for good.",
                    dataset.images,
                    name=dataset.name,
                ),
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
                alt = say("A picture of class {name}", name=words.bare(words.shortened(label)))
                st.image(thumbnails.inline(small), width=_SMALL, alt=alt)


@st.cache_data(max_entries=1000, show_spinner=False)
def _small(path: str, stamp: files.Stamp) -> bytes:
    image = images.decode(Path(path).read_bytes())
    return images.thumbnail_jpeg(image, 2 * _SMALL)  # which is sharp on fine screens, too


def _rename(folder: Path, name: str) -> None:
    """Rename a run or a data set.

    Args:
        folder: Its folder.
        name: Its present name.
    """
    key = state.key("rename", folder.name)
    if st.button(say("Rename"), icon=":material/edit:", type="tertiary", key=key):
        st.dialog(say("Rename"))(_ask_name)(folder, name)


def _ask_name(folder: Path, name: str) -> None:
    with st.form("another-name", border=False):
        key = state.key("given-name", folder.name, name)
        given = st.text_input(say("New name"), name, max_chars=own_names.LONGEST, key=key)
        if st.form_submit_button(say("Rename"), icon=":material/edit:", key="rename-really"):
            try:
                own_names.give(folder, given)
            except UserError as error:
                st.error(words.plain(error.said), icon=":material/error:")
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
