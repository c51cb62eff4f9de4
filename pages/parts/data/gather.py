"""Adding pictures to a class, dropped or taken with the camera, and the import while it runs."""

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
from pages.parts.shared.words import later, say, several

_EVERY = 0.5  # seconds between two looks at pictures on their way
_OPEN, _FILM = "gather", "film"
VIEWS, TITLE = "views", later("All pictures")  # the tabs of the page, and the first, where this is


def film(chosen: str, dataset: Dataset, label: str) -> None:
    """The camera, for all classes of a data set.

    Args:
        chosen: The stored data set.
        dataset: The data set.
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
        dataset: The data set.
        label: The class.
    """
    if state.adding():
        return
    _told_near(_OPEN)
    name = words.plain(words.shortened(label, 40))
    state.granted(_OPEN, (True,))
    if not dataset.counts[label]:
        st.markdown(
            say(
                "**“{name}” has no pictures yet.** Take some with the camera or drop some here. A "
                "dozen is enough to start with; many different ones are better.",
                name=name,
            )
        )
    elif not st.toggle(
        say("Add pictures to “{name}”", name=name), key=_OPEN, persist_state="session"
    ):
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
    state.wish(VIEWS, say(TITLE))


def under_way(chosen: str, dataset: Dataset) -> None:
    """Pictures on their way into a data set, or what became of the last ones.

    Args:
        chosen: The stored data set that is looked at.
        dataset: The data set.
    """
    order = state.adding()
    if order:
        _progress(order)
        return
    added = state.outcome(chosen, dataset.version)
    if added is None:
        return
    # What is shown above, beside Undo, is not said twice.
    if added.told.removesuffix(".") != dataset.told.removesuffix("."):
        st.success(words.plain(added.told), icon=":material/check_circle:")
    if not set(added.skipped) <= set(dataset.skipped):
        left_out(added)


def left_out(of: Dataset | Added) -> None:
    """The files that were left out, each with the reason."""
    with st.expander(_left_out(len(of.skipped)), icon=":material/warning:"):
        _list_left_out([(skipped.file, skipped.reason) for skipped in of.skipped])


def _list_left_out(skipped: Sequence[tuple[str, str]]) -> None:
    st.dataframe(
        {
            say("file"): [words.seen(file) for file, _ in skipped],
            say("reason"): [words.seen(reason) for _, reason in skipped],
        },
        hide_index=True,
        alt=_left_out(len(skipped)),
    )


def _left_out(files: int) -> str:
    return several("{count} file left out", "{count} files left out", files)


def left_out_of_this(skipped: list[dict[str, str]]) -> None:
    """How many files an evaluation left out, with a list of them in a popover."""
    with st.popover(
        _left_out(len(skipped)),
        icon=":material/warning:",
        type="tertiary",
    ):
        _list_left_out([(each["file"], each["reason"]) for each in skipped])


def left_out_in_a_line(dataset: Dataset | None) -> None:
    """How many files of a data set were left out, and where they are listed."""
    if dataset is not None and dataset.skipped:
        st.caption(
            several(
                "{count} file was left out of this data set; the Data page says why.",
                "{count} files were left out of this data set; the Data page says why.",
                len(dataset.skipped),
            )
        )


@st.fragment(run_every=_EVERY)
def _progress(order: str) -> None:
    if state.adding() != order:
        st.rerun()  # another tab has dealt with the outcome
    try:
        current = queue.import_state(state.folder_of(order))
        became = adding.result(state.folder_of(order))
    except UserError as error:
        state.keep_notice(error, state.adding_near())
        _over(order)
    if became is not None:
        state.keep_outcome(became)
        _over(order)
    text = say("Importing pictures for “{name}”", name=words.plain(current.name))
    st.progress(current.share, text=text + words.left(current.seconds_left))
    if st.button(say("Cancel"), icon=":material/close:", key="cancel-adding"):
        queue.stop_import(state.folder_of(order))


def _over(order: str) -> None:
    """Let go of an order whose end is about to be shown."""
    state.choose_adding(None)
    queue.give_up(state.folder_of(order))
    st.rerun()


def _told_near(place: str) -> None:
    if st.session_state.get(VIEWS, say(TITLE)) == say(TITLE):  # else it is at the page's top
        problem.draw(place)


def _take(brought: Brought, near: str) -> None:
    """Hand over what has come to the class that it was meant for, perhaps another than is shown."""
    try:
        folder = state.folder_of(brought.dataset)
        whole = incoming.take(state.space(), brought.upload_id, brought.secret)
        order = adding.submit_images(whole.path, folder, brought.origin)
    except UserError as error:
        state.keep_notice(error, near)
    else:
        state.choose_adding(order, near)
    st.rerun()
