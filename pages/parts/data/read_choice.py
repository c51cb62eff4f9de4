"""How deep, many-banded and see-through pictures are read: told in a line, and open to change."""

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

_PAPERS = {
    Paper.WHITE: "White",
    Paper.BLACK: "Black",
    Paper.AVERAGE: "Grey, the average colour of photos",
}
_MAY_HAVE_BANDS = (".tif", ".tiff")


def draw(chosen: str, dataset: Dataset) -> None:
    """A line where pictures need more than decoding, and what to change about it.

    Args:
        chosen: The stored data set that is looked at.
        dataset: It.
    """
    current = dataset.preparation
    told = current.in_words()
    may_have_bands = any(
        PurePosixPath(record.file).suffix.lower() in _MAY_HAVE_BANDS for record in dataset.records
    )
    if not told and not may_have_bands:
        return
    problem.draw("how-read")
    with st.container(horizontal=True, vertical_alignment="center", key="how-read"):
        if told:
            st.caption(told, width="content")
        with (
            st.popover(
                "How they are read",
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
            "Files of more than 8 bits a colour hold numbers that no screen shows as they are. All "
            "pictures of this data set are made lighter or darker alike, those that you show the "
            "network later too."
        )
        left, right = st.columns(2)
        levels = (
            left.number_input(
                "Black (level)", value=current.levels[0], key=state.key("black-level", version)
            ),
            right.number_input(
                "White (level)", value=current.levels[1], key=state.key("white-level", version)
            ),
        )
    st.caption("Of pictures with more than three bands, these are shown:")
    places = st.columns(3)
    bands = [
        place.number_input(name, 1, MOST_BANDS, band + 1, key=state.key("band", name, version))
        for place, name, band in zip(places, ("Red", "Green", "Blue"), current.bands, strict=True)
    ]
    paper = st.selectbox(
        "Behind see-through parts (transparency)",
        list(Paper),
        list(Paper).index(current.paper),
        format_func=_PAPERS.__getitem__,
        key=state.key("paper", version),
    )
    if st.form_submit_button("Read them like this", key="read-like-this"):
        red, green, blue = (int(band) - 1 for band in bands)
        try:
            wanted = Preparation(levels, (red, green, blue), paper or USUAL.paper)
            state.choose_adding(adding.submit_preparation(chosen, wanted))
        except UserError as error:
            state.keep_notice(error, "how-read")
        state.renew("how-read")
        st.rerun()
