"""Taking a data set along: the button behind which it can be downloaded."""

import streamlit as st

from core.datasets import packing
from core.datasets.dataset import Dataset
from core.web import downloads
from pages.parts.shared import words


def draw(chosen: str, dataset: Dataset) -> None:
    """The button, and what is chosen before.

    Args:
        chosen: The stored data set.
        dataset: It.
    """
    if not dataset.records:
        return
    with st.popover("Download", icon=":material/download:", type="tertiary"):
        st.write("A zip with a folder for each class, which Thaw and other tools can read again.")
        sides = st.checkbox(
            "Keep how they are divided",
            dataset.split_came_with_data,
            key="download-sides",
            help="Around the class folders there are then folders train, validation and test.",
        )
        name = words.shortened(packing.file_name(dataset), 40)
        st.link_button(
            f"Download {words.plain(name)}",
            downloads.address(chosen, sides=sides),
            icon=":material/download:",
            type="primary",
        )
        st.caption(f"{words.size(dataset.total_bytes)} in all.")
