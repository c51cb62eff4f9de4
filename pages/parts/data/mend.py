"""Mending a data set: pictures and classes are moved, renamed and deleted; all can be undone."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.storage import files, home
from pages.parts.data import division, gallery, gather
from pages.parts.shared import (
    deleting,
    problem,
    state,
    words,
)

_FILLED_IN = ("new-class", "new-class-name", "rename", "merge", "delete-class")


def last_change(chosen: str, dataset: Dataset) -> None:
    """What was changed last, and the way back."""
    if dataset.before is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="last-change"):
        st.markdown(f":material/history: {words.plain(dataset.told)}.", width="content")
        # A second click of a double click is meant for the version that was there.
        if st.button("Undo", icon=":material/undo:", key=state.key("undo", dataset.version)):
            _attempt(lambda: store.undo(home.datasets() / chosen), "undo")
            st.rerun()
    problem.draw("undo")


@st.fragment
def pictures(chosen: str, dataset: Dataset) -> None:
    """The pictures of one class at a time, and what can be done with them."""
    folder = home.datasets() / chosen
    if not folder.is_dir():
        st.rerun()  # deleted meanwhile: the whole page says so, and shows the ways in
    top = st.container()
    label = gallery.choose_class(dataset.classes, dataset.counts)
    if label is not None:
        with top:
            gather.film(chosen, dataset, label)
    with st.container(horizontal=True):
        if label is not None:
            _rename(chosen, dataset, label)
            _merge(chosen, dataset, label)
            _delete_class(chosen, dataset, label)
        _new_class(chosen, dataset)
    if label is None:
        st.write("There are no classes yet. Make one for each thing that is to be told apart.")
        return
    gather.draw(chosen, dataset, label)
    records = [record for record in dataset.records if record.label == label]
    picked = state.picked(chosen)
    picked &= {record.file for record in dataset.records}
    if records:
        st.caption("Click a picture to tick it. A double click, or Enter, opens it large.")
        gallery.draw(
            state.key("pictures", chosen),
            state.key("gallery", chosen, label),
            chosen,
            dataset,
            records,
            picked,
        )
    if picked:  # below them and sticking to the window's lower edge, so that it moves none
        _with_picked(chosen, dataset, label, picked, {record.file for record in records})


def divided_anew(chosen: str, dataset: Dataset) -> None:
    """Another division into what is learned from and what is kept back."""
    with st.container(horizontal=True, vertical_alignment="center"):
        settings = division.choose()
        _button(
            "Divide them anew",
            ":material/shuffle:",
            "divide",
            chosen,
            lambda: changes.divide(dataset, settings),
            "All pictures divided anew",
        )


def forget(chosen: str) -> None:
    """What was deleted stays until it is deleted for good."""
    folder = home.datasets() / chosen
    left = _unused(str(folder), store.stamp(folder))
    if not left:
        return
    st.caption(
        f"Pictures that you deleted ({words.size(left)}) are still here, so that you can undo it "
        "and earlier runs can go on."
    )
    deleting.offer(
        "forgotten",
        f"the pictures that you deleted ({words.size(left)})",
        lambda: deleting.learned_from(chosen),
        lambda: _attempt(lambda: store.forget(home.datasets() / chosen), "forgotten"),
        " What was changed before can then no longer be undone.",
        button="Delete them for good",
    )
    problem.draw("forgotten")


@st.cache_data(max_entries=64, show_spinner=False)
def _unused(folder: str, stamp: files.Stamp) -> int:
    """Found out once a version: every image that lies there is looked at."""
    return store.unused(Path(folder))


def _new_class(chosen: str, dataset: Dataset) -> None:
    with (
        st.popover("New class", icon=":material/add:", key=state.turn("new-class")),
        st.form("new-class", border=False),
    ):
        name = st.text_input("Its name", max_chars=80, key=state.turn("new-class-name"))
        _button(
            "Make it",
            ":material/add:",
            "make-class",
            chosen,
            # The second click of a double click finds the field empty.
            lambda: changes.add_class(dataset, name) if name.strip() else dataset,
            f"Class “{name}” made",
            then=" ".join(name.split()),
            button=st.form_submit_button,
        )


def _rename(chosen: str, dataset: Dataset, label: str) -> None:
    with (
        st.popover("Rename", icon=":material/edit:", key=state.turn("rename")),
        st.form("rename", border=False),
    ):
        name = st.text_input("Another name", label, max_chars=80, key=state.key("rename", label))
        st.caption("A trained network uses the new name at once: it need not learn again.")
        _button(
            "Rename",
            ":material/edit:",
            "rename-class",
            chosen,
            lambda: changes.rename(dataset, label, name),
            f"“{label}” renamed “{name}”",
            then=" ".join(name.split()),
            button=st.form_submit_button,
        )


def _merge(chosen: str, dataset: Dataset, label: str) -> None:
    others = [name for name in dataset.classes if name != label]
    if not others:
        return
    with st.popover("Merge", icon=":material/merge:", key=state.turn("merge")):
        into = st.selectbox(
            f"Into which class do the pictures of “{words.plain(label)}” go?",
            others,
            format_func=words.distinct(others).__getitem__,
            key=state.key("merge-into", label),
        )
        _button(
            "Merge",
            ":material/merge:",
            "merge-class",
            chosen,
            lambda: changes.merge(dataset, label, into),
            f"“{label}” merged into “{into}”",
            then=into,
        )


def _delete_class(chosen: str, dataset: Dataset, label: str) -> None:
    count = words.several(dataset.counts[label], "picture")
    with st.popover("Delete class", icon=":material/delete:", key=state.turn("delete-class")):
        st.write(f"“{words.plain(label)}” goes, and its {count} with it. You can undo this.")
        _button(
            "Delete class and pictures",
            ":material/delete:",
            "delete-class-really",
            chosen,
            lambda: changes.delete_class(dataset, label),
            f"Class “{label}” deleted",
        )


def _with_picked(
    chosen: str, dataset: Dataset, label: str, picked: set[str], all_here: set[str]
) -> None:
    """What can be done with the pictures that are ticked."""
    count = words.several(len(picked), "picture")
    others = [name for name in dataset.classes if name != label]
    elsewhere = Counter(r.label for r in dataset.records if r.file in picked - all_here)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="with-picked"):
        st.markdown(f"**{count} ticked**", width="content")
        if elsewhere:
            told = [f"{number} in “{name}”" for name, number in elsewhere.items()]
            st.caption(words.plain(f"of them {words.comma(told)}"), width="content")
        if others:
            into = st.selectbox(
                "Move to",
                others,
                index=None,
                format_func=words.distinct(others).__getitem__,
                placeholder="Move to which class?",
                label_visibility="collapsed",
                key=state.key("move-from", label),
                width=220,
            )
            _button(
                "Move",
                ":material/drive_file_move:",
                "move",
                chosen,
                lambda: changes.move(dataset, picked, into),
                f"{count} moved to “{into}”",
                possible=into is not None,
            )
        _button(
            "Delete",
            ":material/delete:",
            "delete-picked",
            chosen,
            lambda: changes.remove(dataset, picked),
            f"{count} deleted",
        )
        if st.button("Tick all of this class", type="tertiary", key="pick-all"):
            state.pick_none(chosen)
            state.pick(chosen, all_here)
            st.rerun()
        if st.button("Tick none", type="tertiary", key="pick-none"):
            state.pick_none(chosen)
            st.rerun()


def _button(
    title: str,
    icon: str,
    key: str,
    chosen: str,
    change: Callable[[], Dataset],
    told: str,
    then: str | None = None,
    button: Callable[..., bool] = st.button,
    *,
    possible: bool = True,
) -> None:
    """A button that makes another version; it empties what was filled in and ticked.

    Args:
        title: What it says.
        icon: Its icon.
        key: Its key.
        chosen: The data set.
        change: Makes it another one.
        told: What was changed, in words.
        then: The class to look at afterwards, where it is another.
        button: Draws it; that of a form is pressed by Enter as well.
        possible: Whether it can be pressed.
    """
    problem.draw(key)  # above the button, since what opens may end below it
    if not button(title, icon=icon, key=key, disabled=not possible):
        return
    if _attempt(lambda: store.keep(home.datasets() / chosen, change(), told), key):
        state.pick_none(chosen)
        for widget in _FILLED_IN:
            state.renew(widget)
        if then:
            gallery.open_class(then)
    st.rerun()


def _attempt(work: Callable[[], object], near: str) -> bool:
    """Do it; what goes wrong is told beside that key when the page is drawn again."""
    try:
        work()
    except UserError as error:
        state.keep_notice(error, near)
        return False
    return True
