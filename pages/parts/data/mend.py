"""Editing a data set: pictures and classes are moved, renamed and deleted; all can be undone."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core import saying
from core.datasets import changes, store
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.storage import files
from pages.parts.data import alike, division, gallery, gather
from pages.parts.shared import (
    deleting,
    problem,
    state,
    words,
)
from pages.parts.shared.words import later, say, several

_FILLED_IN = ("new-class", "new-class-name", "rename", "merge", "delete-class")


def last_change(chosen: str, dataset: Dataset) -> None:
    """The last change, and a button to undo it."""
    if dataset.before is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="last-change"):
        change = words.plain(dataset.told).removesuffix(r"\.")
        st.markdown(f":material/history: {change}.", width="content")
        # A second click of a double click is meant for the version that was there.
        if st.button(say("Undo"), icon=":material/undo:", key=state.key("undo", dataset.version)):
            _attempt(lambda: store.undo(state.folder_of(chosen)), "undo")
            st.rerun()
    problem.draw("undo")


@st.fragment
def pictures(chosen: str, dataset: Dataset) -> None:
    """The pictures of one class, or those like one of them, and what can be done with them."""
    folder = state.folder_of(chosen)
    if not folder.is_dir():
        st.rerun()  # deleted meanwhile: the whole page says so, and shows the ways in
    picked = state.picked(chosen)
    picked &= {record.file for record in dataset.records}
    like = gallery.alike_to(chosen, dataset)
    if like is None:
        shown = _of_a_class(chosen, dataset, picked)
    else:
        shown = alike.draw(chosen, dataset, like, picked)
    if picked:  # below them and sticking to the window's lower edge, so that it moves none
        _with_picked(
            chosen,
            dataset,
            picked,
            shown,
            say("Select all of these") if like else say("Select all in this class"),
        )


def _of_a_class(chosen: str, dataset: Dataset, picked: set[str]) -> list[Record]:
    """The pictures of one class, and what can be done with it; these pictures."""
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
        st.write(say("There are no classes yet. Create one for each thing to tell apart."))
        return []
    gather.draw(chosen, dataset, label)
    records = [record for record in dataset.records if record.label == label]
    if records:
        st.caption(
            say("Click a picture to select it. Double-click it or press Enter to enlarge it.")
        )
        gallery.draw(
            state.key("pictures", chosen),
            state.key("gallery", chosen, label),
            chosen,
            dataset,
            records,
            picked,
        )
    return records


def divided_anew(chosen: str, dataset: Dataset) -> None:
    """Another split into training, validation and test pictures."""
    with st.container(horizontal=True, vertical_alignment="center"):
        settings = division.choose()
        button(
            say("Split again"),
            ":material/shuffle:",
            "divide",
            chosen,
            lambda: changes.divide(dataset, settings),
            later("All pictures split again"),
        )


def forget(chosen: str) -> None:
    """What was deleted stays until it is deleted for good."""
    folder = state.folder_of(chosen)
    left = _unused(str(folder), store.stamp(folder))
    if not left:
        return

    def delete() -> None:
        _attempt(lambda: store.forget(folder), "forgotten")

    st.caption(
        say(
            "The pictures that you deleted ({size}) are still on the disk, so that you can undo "
            "this and resume earlier runs.",
            size=words.size(left),
        )
    )
    deleting.offer(
        "forgotten",
        say("This deletes the pictures that you removed ({size}) for good.", size=words.size(left)),
        lambda: deleting.learned_from(chosen),
        delete,
        say("Earlier changes can then no longer be undone."),
        button=say("Delete them for good"),
    )
    problem.draw("forgotten")


@st.cache_data(max_entries=64, show_spinner=False)
def _unused(folder: str, stamp: files.Stamp) -> int:
    """Found out once a version: every image that lies there is looked at."""
    return store.unused(Path(folder))


def _new_class(chosen: str, dataset: Dataset) -> None:
    with (
        st.popover(say("New class"), icon=":material/add:", key=state.turn("new-class")),
        st.form("new-class", border=False),
    ):
        name = st.text_input(say("Name"), max_chars=80, key=state.turn("new-class-name"))
        button(
            say("Create"),
            ":material/add:",
            "make-class",
            chosen,
            # The second click of a double click finds the field empty.
            lambda: changes.add_class(dataset, name) if name.strip() else dataset,
            later("Class “{name}” created", name=name),
            then=" ".join(name.split()),
            press=st.form_submit_button,
        )


def _rename(chosen: str, dataset: Dataset, label: str) -> None:
    with (
        st.popover(say("Rename"), icon=":material/edit:", key=state.turn("rename")),
        st.form("rename", border=False),
    ):
        name = st.text_input(say("New name"), label, max_chars=80, key=state.key("rename", label))
        st.caption(say("Trained networks use the new name right away, without training again."))
        button(
            say("Rename"),
            ":material/edit:",
            "rename-class",
            chosen,
            lambda: changes.rename(dataset, label, name),
            later("“{old}” renamed to “{new}”", old=label, new=name),
            then=" ".join(name.split()),
            press=st.form_submit_button,
        )


def _merge(chosen: str, dataset: Dataset, label: str) -> None:
    others = [name for name in dataset.classes if name != label]
    if not others:
        return
    with st.popover(say("Merge"), icon=":material/merge:", key=state.turn("merge")):
        into = st.selectbox(
            say("Merge “{name}” into", name=words.plain(label)),
            others,
            format_func=words.distinct(others).__getitem__,
            key=state.key("merge-into", label),
        )
        button(
            say("Merge"),
            ":material/merge:",
            "merge-class",
            chosen,
            lambda: changes.merge(dataset, label, into),
            later("“{old}” merged into “{new}”", old=label, new=into),
            then=into,
        )


def _delete_class(chosen: str, dataset: Dataset, label: str) -> None:
    with st.popover(say("Delete class"), icon=":material/delete:", key=state.turn("delete-class")):
        st.write(
            several(
                "This deletes “{name}” and its {count} picture. You can undo this.",
                "This deletes “{name}” and its {count} pictures. You can undo this.",
                dataset.counts[label],
                name=words.plain(label),
            )
        )
        button(
            say("Delete class and pictures"),
            ":material/delete:",
            "delete-class-really",
            chosen,
            lambda: changes.delete_class(dataset, label),
            later("Class “{name}” deleted", name=label),
        )


def _with_picked(
    chosen: str, dataset: Dataset, picked: set[str], shown: Sequence[Record], select_all: str
) -> None:
    """What can be done with the selected pictures.

    Args:
        chosen: The data set's id.
        dataset: It.
        picked: Files of the pictures that are selected.
        shown: The pictures that are looked at.
        select_all: The title of the button that selects these.
    """
    count = len(picked)
    all_here = {record.file for record in shown}
    labels = {record.label for record in dataset.records if record.file in picked}
    others = [name for name in dataset.classes if {name} != labels]
    elsewhere = Counter(r.label for r in dataset.records if r.file in picked - all_here)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="with-picked"):
        st.markdown(
            several("**{count} picture selected**", "**{count} pictures selected**", count),
            width="content",
        )
        if elsewhere:
            parts = [
                say("{count} in “{name}”", count=number, name=name)
                for name, number in elsewhere.items()
            ]
            st.caption(
                words.plain(say("including {classes}", classes=words.comma(parts))), width="content"
            )
        alike.button(chosen, picked)
        move_or_delete(chosen, dataset, picked, others, state.key("move-from", *sorted(labels)))
        if st.button(select_all, type="tertiary", key="pick-all"):
            state.pick_none(chosen)
            state.pick(chosen, all_here)
            st.rerun()
        if st.button(say("Select none"), type="tertiary", key="pick-none"):
            state.pick_none(chosen)
            st.rerun()


def move_or_delete(
    chosen: str,
    dataset: Dataset,
    picked: set[str],
    others: Sequence[str],
    key: str,
    selection: str | None = None,
) -> None:
    """Move selected pictures to another class, or delete them.

    Args:
        chosen: The data set.
        dataset: As it is now.
        picked: The files.
        others: Classes to move them to; where there are none, they can only be deleted.
        key: Of the choice among these.
        selection: Which selection is cleared, as for `button`.
    """
    count = len(picked)
    if others:
        into = st.selectbox(
            say("Move to"),
            others,
            index=None,
            format_func=words.distinct(others).__getitem__,
            placeholder=say("Move to which class?"),
            label_visibility="collapsed",
            key=key,
            width=220,
        )
        button(
            say("Move"),
            ":material/drive_file_move:",
            "move",
            chosen,
            lambda: changes.move(dataset, picked, into or ""),
            saying.several(
                "{count} picture moved to “{name}”",
                "{count} pictures moved to “{name}”",
                count,
                name=into,
            ),
            possible=into is not None,
            selection=selection,
        )
    button(
        say("Delete"),
        ":material/delete:",
        "delete-picked",
        chosen,
        lambda: changes.remove(dataset, picked),
        saying.several("{count} picture deleted", "{count} pictures deleted", count),
        selection=selection,
    )


def button(
    title: str,
    icon: str,
    key: str,
    chosen: str,
    change: Callable[[], Dataset],
    told: str,
    then: str | None = None,
    press: Callable[..., bool] = st.button,
    *,
    possible: bool = True,
    selection: str | None = None,
) -> None:
    """A button that makes another version; it clears the forms and the selection.

    Args:
        title: The label.
        icon: The icon.
        key: The key.
        chosen: The data set.
        change: Makes the new version.
        told: The change as a sentence; it is stored, so a page translates it when it shows it.
        then: The class to look at afterwards, where it is another.
        press: Draws the button; that of a form is pressed by Enter as well.
        possible: Whether it can be pressed.
        selection: Which selection of pictures it clears; the data set's own where None.
    """
    problem.draw(key)  # above the button, since what opens may end below it
    if not press(title, icon=icon, key=key, disabled=not possible):
        return
    if _attempt(lambda: store.keep(state.folder_of(chosen), change(), told), key):
        state.pick_none(selection or chosen)
        for widget in _FILLED_IN:
            state.renew(widget)
        if then:
            gallery.open_class(then)
    st.rerun()


def _attempt(work: Callable[[], object], near: str) -> bool:
    """Do it; an error is shown beside that key when the page is drawn again."""
    try:
        work()
    except UserError as error:
        state.keep_notice(error, near)
        return False
    return True
