"""Data sets in a list: each can be opened, renamed, or deleted once that is confirmed."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.datasets import image_files, store
from core.errors import UserError
from core.intake.pictures import images
from core.results.overview import rows
from core.storage import files, home, own_names
from pages.parts.data import bring
from pages.parts.data.bring import Summary
from pages.parts.shared import (
    deleting,
    state,
    thumbnails,
    words,
)
from pages.parts.shared.words import say, several

_WIDTH = 300
_SMALL = 64  # pixels of each picture of a card


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
    return Counter(row.dataset_id for row in rows.rows(state.space()))


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
            rename(state.folder_of(chosen), dataset.name)
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


def pictures_of(dataset: str | None) -> None:
    """Some pictures of a data set as it is now; nothing where it is gone."""
    with suppress(UserError):  # its page says what is wrong with it
        if dataset and (found := bring.summary(dataset)) is not None:
            _pictures(dataset, found)


def _pictures(chosen: str, dataset: Summary) -> None:
    """One picture of each of the first classes, by which people know a data set again."""
    folder = state.folder_of(chosen)
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


def rename(folder: Path, name: str) -> None:
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


def _forget_dataset(chosen: str) -> None:
    if state.address().get(state.DATA) == chosen:
        state.choose_dataset(None)
    store.delete(state.folder_of(chosen))
