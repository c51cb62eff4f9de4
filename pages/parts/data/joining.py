"""Adding all pictures of another data set, with a preview of the result."""

import streamlit as st

from core.datasets import changes
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import adding
from pages.parts.data import bring
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import say, several

_LONGEST = 600  # letters of the list of classes


def draw(chosen: str, dataset: Dataset) -> None:
    """The button that asks which one.

    Args:
        chosen: The stored data set that grows.
        dataset: The data set.
    """
    if st.button(
        say("Add another data set"),
        icon=":material/merge:",
        type="tertiary",
        key="join",
        disabled=state.adding() is not None,  # one order at a time is watched
    ):
        st.dialog(say("Add another data set"))(_ask)(chosen, dataset)
    problem.draw("join")


def _ask(chosen: str, dataset: Dataset) -> None:
    others = {key: other for key, other in bring.all_imported() if key != chosen}
    if not others:
        st.write(say("There is no other data set yet. Create one first with “Use other pictures”."))
        return
    titles = words.numbered(_called(other) for other in others.values())
    picked = st.selectbox(
        say("Data set"),
        list(others),
        format_func=dict(zip(others, titles, strict=True)).__getitem__,
        key="join-which",
    )
    try:
        other = bring.remembered(state.folder_of(picked))
    except UserError as error:  # deleted meanwhile
        st.error(words.plain(error.said), icon=":material/error:")
        return
    after = changes.add_all(dataset, other)
    st.write(
        say(
            "Classes with the same name are merged, the others are added: {changes}.",
            changes=words.plain(words.shortened(say(changes.gained(dataset, after)), _LONGEST)),
        )
    )
    come = len(after.records) - len(dataset.records)
    known = len(other.records) - come
    if known:
        st.write(
            several("{count} picture is already here.", "{count} pictures are already here.", known)
        )
    st.caption(say("The other data set stays as it is, and you can undo this."))
    if st.button(
        several("Add {count} picture", "Add {count} pictures", come),
        type="primary",
        key="join-now",
        disabled=after == dataset,
        on_click=_join,
        args=(picked, chosen),
    ):
        st.rerun()


def _join(other: str, chosen: str) -> None:
    try:
        order = adding.submit_dataset(state.folder_of(other), state.folder_of(chosen))
        state.choose_adding(order)
    except UserError as error:
        state.keep_notice(error, "join")


def _called(dataset: bring.Summary) -> str:
    pictures = several("{count} picture", "{count} pictures", dataset.images)
    return f"{words.bare(words.shortened(dataset.name, 40))} ({pictures})"
