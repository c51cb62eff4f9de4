"""How deep, many-banded and transparent pictures are read: shown in a line, and changeable."""

from pathlib import PurePosixPath

import streamlit as st

from core.datasets.dataset import Dataset
from core.errors import UserError
from core.intake.pictures.preparation import (
    MOST_BANDS,
    USUAL,
    Paper,
    Preparation,
)
from core.jobs import adding
from pages.parts.shared import problem, state
from pages.parts.shared.words import later, say

_PAPERS = {
    Paper.WHITE: later("White"),
    Paper.BLACK: later("Black"),
    Paper.AVERAGE: later("Grey, the average colour of photos"),
}
_COLOURS = (later("Red"), later("Green"), later("Blue"))
_MAY_HAVE_BANDS = (".tif", ".tiff")


def draw(chosen: str, dataset: Dataset) -> None:
    """A line where pictures need more than decoding, and a form to change how.

    Args:
        chosen: The stored data set that is looked at.
        dataset: The data set.
    """
    current = dataset.preparation
    described = current.in_words()
    may_have_bands = any(
        PurePosixPath(record.file).suffix.lower() in _MAY_HAVE_BANDS for record in dataset.records
    )
    if not described and not may_have_bands:
        return
    problem.draw("how-read")
    with st.container(horizontal=True, vertical_alignment="center", key="how-read"):
        if described:
            st.caption(say(described), width="content")
        with (
            st.popover(
                say("How pictures are read"),
                icon=":material/tonality:",
                type="tertiary",
                key=state.turn("how-read"),
            ),
            st.form("how-read", border=False),
        ):
            _choose(chosen, dataset)


def _choose(chosen: str, dataset: Dataset) -> None:
    current, version = dataset.preparation, dataset.version
    levels = None
    if current.levels:
        st.write(
            say(
                "Files with more than 8 bits per colour hold values that no screen can show "
                "directly. Thaw brightens or darkens all pictures of this data set in the same "
                "way, and so it does with pictures that you show the network later."
            )
        )
        left, right = st.columns(2)
        levels = (
            left.number_input(
                say("Black level"), value=current.levels[0], key=state.key("black-level", version)
            ),
            right.number_input(
                say("White level"), value=current.levels[1], key=state.key("white-level", version)
            ),
        )
    st.caption(say("Of pictures with more than three bands, use these:"))
    places = st.columns(3)
    bands = [
        place.number_input(say(name), 1, MOST_BANDS, band + 1, key=state.key("band", name, version))
        for place, name, band in zip(places, _COLOURS, current.bands, strict=True)
    ]
    paper = st.selectbox(
        say("Behind transparent parts"),
        list(Paper),
        list(Paper).index(current.paper),
        format_func={paper: say(name) for paper, name in _PAPERS.items()}.__getitem__,
        key=state.key("paper", version),
    )
    if st.form_submit_button(say("Apply"), key="read-like-this"):
        red, green, blue = (int(band) - 1 for band in bands)
        try:
            wanted = Preparation(levels, (red, green, blue), paper or USUAL.paper)
            state.choose_adding(adding.submit_preparation(state.folder_of(chosen), wanted))
        except UserError as error:
            state.keep_notice(error, "how-read")
        state.renew("how-read")
        st.rerun()
