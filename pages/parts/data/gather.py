"""Filling a class with pictures: dropped, or taken with the camera; and those on their way."""

from collections.abc import Sequence

import streamlit as st

from core.datasets.additions import Added
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.intake import incoming
from core.jobs import adding, queue
from pages.components import camera, upload_zone
from pages.components.upload_zone import Brought
from pages.parts.data import gallery
from pages.parts.shared import (
    problem,
    state,
    words,
)

_EVERY = 0.5  # seconds between two looks at pictures on their way
_OPEN, _FILM = "gather", "film"
VIEWS, TITLE = "views", "The pictures"  # the tabs of the page, and the first, where this is


def film(chosen: str, dataset: Dataset, label: str) -> None:
    """The camera, for all classes of a data set.

    Args:
        chosen: The stored data set.
        dataset: It.
        label: The class that is looked at.
    """
    busy = state.adding() is not None
    _told_near(_FILM)
    widget = state.key("camera", chosen)
    heard = state.heard(widget)
    brought = camera.draw(widget, chosen, dataset, label, busy=busy, heard=heard)
    if brought is not None and brought.upload_id != heard and not busy:
        state.hear(widget, brought.upload_id)  # first, so that a rerun does not begin it again
        _take(brought, _FILM)


def draw(chosen: str, dataset: Dataset, label: str) -> None:
    """The place to drop pictures of one class; open where it has none yet.

    Args:
        chosen: The stored data set.
        dataset: It.
        label: The class.
    """
    if state.adding():
        return
    _told_near(_OPEN)
    name = words.plain(words.shortened(label, 40))
    state.granted(_OPEN, (True,))
    if not dataset.counts[label]:
        st.markdown(
            f"**“{name}” has no pictures yet.** Take them with the camera, or drop some here. A "
            "dozen is enough to begin with; many different ones teach more."
        )
    elif not st.toggle(f"Add pictures to “{name}”", key=_OPEN, persist_state="session"):
        return
    origin = dataset.origins[dataset.classes.index(label)]
    widget = state.key("dropped", origin)
    brought = upload_zone.draw_for_class(state.turn(widget), chosen, origin, label)
    if brought is not None:
        state.renew(widget)  # first, so that a rerun does not begin it again
        _take(brought, _OPEN)


def open_for(label: str) -> None:
    """Have the ways into a class shown when the page is drawn next; for a button's `on_click`."""
    gallery.open_class(label)
    state.wish(_OPEN, True)
    state.wish(VIEWS, TITLE)


def under_way(chosen: str, dataset: Dataset) -> None:
    """Pictures on their way into a data set, or what became of the last ones.

    Args:
        chosen: The stored data set that is looked at.
        dataset: It.
    """
    order = state.adding()
    if order:
        _progress(order)
        return
    added = state.outcome(chosen, dataset.version)
    if added is None:
        return
    if added.told != f"{dataset.told}.":  # which stands above, beside the way back
        st.success(words.plain(added.told), icon=":material/check_circle:")
    if not set(added.skipped) <= set(dataset.skipped):
        left_out(added)


def left_out(of: Dataset | Added) -> None:
    """What was not taken, by name and reason."""
    files = words.several(len(of.skipped), "file")
    with st.expander(f"{files} left out", icon=":material/warning:"):
        _list_left_out([(skipped.file, skipped.reason) for skipped in of.skipped])


def _list_left_out(skipped: Sequence[tuple[str, str]]) -> None:
    st.dataframe(
        {
            "file": [words.seen(file) for file, _ in skipped],
            "why": [words.seen(reason) for _, reason in skipped],
        },
        hide_index=True,
        alt=f"{words.several(len(skipped), 'file')} left out, each with the reason",
    )


def left_out_of_this(skipped: list[dict[str, str]]) -> None:
    """How many files an evaluation left out, with each behind a press."""
    with st.popover(
        f"{words.several(len(skipped), 'file')} left out",
        icon=":material/warning:",
        type="tertiary",
    ):
        _list_left_out([(each["file"], each["reason"]) for each in skipped])


def left_out_in_a_line(dataset: Dataset | None) -> None:
    """How many files of a data set were left out, and where each is listed."""
    if dataset is not None and dataset.skipped:
        files = words.several(len(dataset.skipped), "file")
        st.caption(f"{files} left out of this data set; the Data page lists each, with the reason.")


@st.fragment(run_every=_EVERY)
def _progress(order: str) -> None:
    if state.adding() != order:
        st.rerun()  # another tab has heard what became of it
    try:
        current = queue.import_state(order)
        became = adding.result(order)
    except UserError as error:
        state.keep_notice(error, state.adding_near())
        _over(order)
    if became is not None:
        state.keep_outcome(became)
        _over(order)
    share = current.done / current.total if current.total else 0.0
    told = words.left(current.seconds_left)
    st.progress(share, text=f"Reading pictures for “{words.plain(current.name)}”{told}")
    if st.button("Cancel", icon=":material/close:", key="cancel-adding"):
        queue.stop_import(order)


def _over(order: str) -> None:
    """Let go of an order whose end is about to be shown."""
    state.choose_adding(None)
    queue.give_up(order)
    st.rerun()


def _told_near(place: str) -> None:
    if st.session_state.get(VIEWS, TITLE) == TITLE:  # else the page says it at its top
        problem.draw(place)


def _take(brought: Brought, near: str) -> None:
    """Hand over what has come to the class that it was meant for, perhaps another than is shown."""
    try:
        whole = incoming.take(brought.upload_id, brought.secret)
        order = adding.submit_images(whole.path, brought.dataset, brought.origin)
    except UserError as error:
        state.keep_notice(error, near)
    else:
        state.choose_adding(order, near)
    st.rerun()
