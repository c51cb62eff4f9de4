"""“Find pictures like this one”: the most similar pictures of a data set, whatever their class."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.datasets import store
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.jobs.bulk import alike
from core.storage import files
from core.storage.job import RunStatus
from pages.components import picture_grid
from pages.parts.data import gallery
from pages.parts.shared import problem, state, waiting, words
from pages.parts.shared.words import later, say, several

_EVERY = 0.5  # seconds between two looks at the work
_COUNT = 47  # pictures, which with the one they are like fill a page of the gallery
_FIRST = 12  # of the most alike, whose classes are counted
_WIDTH = 130  # pixels of a picture, at least
_NAME = 16  # letters of a class's name below one
_AGAIN = "look-again"
_OTHER = "≠"  # stands before another class


def button(chosen: str, picked: set[str]) -> None:
    """The button that asks for pictures like the one that is selected; none where several are."""
    if len(picked) != 1:
        return
    if st.button(
        say("Find pictures like this one"), icon=":material/image_search:", key="find-alike"
    ):
        (file,) = picked
        state.pick_none(chosen)
        gallery.open_alike(chosen, file)
        st.rerun()


def draw(chosen: str, dataset: Dataset, like: Record, picked: set[str]) -> list[Record]:
    """The way back, and the pictures most like one of them, that one first.

    Args:
        chosen: The data set's id.
        dataset: It.
        like: That picture.
        picked: Files of the pictures that are selected.

    Returns:
        What is shown.
    """
    label = words.plain(words.shortened(like.label))
    if st.button(
        say("Back to “{name}”", name=label), icon=":material/arrow_back:", key="leave-alike"
    ):
        gallery.open_class(like.label)
        st.rerun()
    st.subheader(say("Pictures like this one"), anchor=False)
    folder = state.folder_of(chosen)
    try:
        with st.spinner(say("Comparing the pictures…")):
            found = _found(str(folder), store.stamp(folder), like.digest)
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        return []
    if found is None:
        _looking(chosen, dataset, like)
        return []
    shown = _records(dataset, like, found)
    short = words.apart(dataset.classes, _NAME)
    captions = [_caption(like, record, likeness, short) for record, likeness in shown]
    _told(shown, like)
    picture_grid.draw(
        state.key("alike", chosen),
        chosen,
        dataset,
        [record for record, _ in shown],
        picked,
        captions,
        _WIDTH,
        [
            f"{caption} · {words.bare(Path(record.file).name)}"
            for caption, (record, _) in zip(captions, shown, strict=True)
        ],
    )
    return [record for record, _ in shown]


def _found(folder: str, stamp: files.Stamp, digest: str) -> list[tuple[str, float]] | None:
    """As `alike.nearest`; what is known is asked for once, for a page is drawn at every click."""
    try:
        return _known(folder, stamp, digest)
    except _NotYet:
        return None


class _NotYet(Exception):
    """Not all pictures were looked at: this is asked again."""


@st.cache_data(max_entries=64, show_spinner=False)
def _known(folder: str, stamp: files.Stamp, digest: str) -> list[tuple[str, float]]:
    found = alike.nearest(Path(folder), digest, _COUNT)
    if found is None:
        raise _NotYet
    return found


def _looking(chosen: str, dataset: Dataset, like: Record) -> None:
    """The look at all pictures that must come first: begun at once, then its progress."""
    begun = state.key("looked-for-alike", chosen, dataset.version, like.file)
    current = alike.state(state.folder_of(chosen))
    if current.submitted and not current.status.final:
        state.hear(begun, "begun")
        st.fragment(_progress, run_every=_EVERY)(chosen)
        return
    if state.heard(begun):
        message = current.message or later("That did not work. Try again.")
        if current.status is RunStatus.STOPPED:
            st.caption(say("You stopped this. It will continue where it left off."))
        else:
            st.error(words.plain(message), icon=":material/error:")
        problem.draw(_AGAIN)
        if not st.button(say("Try again"), icon=":material/refresh:", key=_AGAIN):
            return
    state.hear(begun, "begun")
    try:
        alike.begin(state.folder_of(chosen))
    except UserError as error:
        state.keep_notice(error, _AGAIN)
    st.rerun()


def _progress(chosen: str) -> None:
    current = alike.state(state.folder_of(chosen))
    if current.status.final or not current.submitted:  # or the data set is gone
        st.rerun()
    told = say("Looking at every picture") if current.stage else say("Waiting in the queue")
    waiting.draw(current, f"{told}…", "cancel-alike", alike.stop, state.folder_of(chosen))
    st.caption(say("This is needed once; pictures that were trained on are already known."))


def _records(
    dataset: Dataset, like: Record, found: list[tuple[str, float]]
) -> list[tuple[Record, float]]:
    """The pictures to show and how alike each is: it, its exact copies, then the others."""
    likeness = {like.digest: 1.0} | dict(found)
    there = [each for each in dataset.records if each.digest in likeness]
    there.sort(key=lambda each: (each.file != like.file, -likeness[each.digest]))
    return [(each, likeness[each.digest]) for each in there]


def _told(shown: list[tuple[Record, float]], like: Record) -> None:
    """What the percentages mean, and how many of the most alike are in another class."""
    first = [record for record, _ in shown[1 : _FIRST + 1]]
    others = sum(record.label != like.label for record in first)
    if not first:
        st.write(say("There are no other pictures."))
        return
    if others:
        told = several(
            "Of the {all} most alike, **{count} is in another class** than “{name}”.",
            "Of the {all} most alike, **{count} are in another class** than “{name}”.",
            others,
            all=len(first),
            name=words.plain(words.shortened(like.label)),
        )
        st.write(told)
    st.caption(
        say(
            "The most alike come first. The percentage is how alike two pictures look to the "
            "pretrained network (cosine of its features); a copy stands well above the rest. "
            "{other} means another class. Click pictures to select them; then move or delete them.",
            other=_OTHER,
        )
    )


def _caption(like: Record, record: Record, likeness: float, short: Mapping[str, str]) -> str:
    name = short[record.label]
    if record.file == like.file:
        return say("this one: {name}", name=name)
    sign = "" if record.label == like.label else f"{_OTHER} "
    return f"{words.percent(likeness)} {sign}{name}"
