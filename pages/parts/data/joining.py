"""Adding all pictures of another data set, with what will come of it said before."""

import streamlit as st

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import adding
from pages.parts.data import bring
from pages.parts.shared import problem, state, words

_LONGEST = 600  # letters of the list of classes


def draw(chosen: str, dataset: Dataset) -> None:
    """The button that asks which one.

    Args:
        chosen: The stored data set that grows.
        dataset: It.
    """
    if st.button(
        "Add another data set’s pictures",
        icon=":material/merge:",
        type="tertiary",
        key="join",
        disabled=state.adding() is not None,  # one order at a time is watched
    ):
        _ask(chosen, dataset)
    problem.draw("join")


@st.dialog("Add another data set’s pictures")
def _ask(chosen: str, dataset: Dataset) -> None:
    others = {key: other for key, other in bring.all_imported() if key != chosen}
    if not others:
        st.write("There is no other data set yet. Bring one first, with “Bring other pictures”.")
        return
    picked = st.selectbox(
        "Which one", list(others), format_func=lambda key: _called(others[key]), key="join-which"
    )
    try:
        other = bring.remembered(store.folder_of(picked))
    except UserError as error:  # deleted meanwhile
        st.error(words.plain(str(error)), icon=":material/error:")
        return
    after = changes.add_all(dataset, other)
    st.write(
        "Classes of the same name become one, the others come as new classes: "
        f"{words.plain(words.shortened(changes.gained(dataset, after), _LONGEST))}."
    )
    come = len(after.records) - len(dataset.records)
    known = len(other.records) - come
    if known:
        st.write(f"{words.several(known, 'image')} {'is' if known == 1 else 'are'} there already.")
    st.caption("The other data set stays as it is, and you can undo this.")
    if st.button(
        f"Add {words.several(come, 'image')}",
        type="primary",
        key="join-now",
        disabled=after == dataset,
        on_click=_join,
        args=(picked, chosen),
    ):
        st.rerun()


def _join(other: str, chosen: str) -> None:
    try:
        state.choose_adding(adding.submit_dataset(other, chosen))
    except UserError as error:
        state.keep_notice(error, "join")


def _called(dataset: bring.Summary) -> str:
    images = words.several(dataset.images, "image")
    return f"{words.bare(words.shortened(dataset.name, 40))} ({images})"
