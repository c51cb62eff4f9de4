"""Downloading a data set."""

import streamlit as st

from core.datasets import packing
from core.datasets.dataset import Dataset
from core.web import downloads
from pages.parts.shared import words
from pages.parts.shared.words import say


def draw(chosen: str, dataset: Dataset) -> None:
    """The button, and what is chosen before.

    Args:
        chosen: The stored data set.
        dataset: The data set.
    """
    if not dataset.records:
        return
    with st.popover(say("Download"), icon=":material/download:", type="tertiary"):
        st.write(say("A zip with one folder per class, which Thaw and other tools can read."))
        sides = st.checkbox(
            say("Keep the split"),
            dataset.split_came_with_data,
            key="download-sides",
            help=say(
                "The zip then has the folders train, validation and test, with the class "
                "folders in each."
            ),
        )
        name = words.shortened(packing.file_name(dataset), 40)
        st.link_button(
            say("Download {file}", file=words.plain(name)),
            downloads.address(chosen, sides=sides),
            icon=":material/download:",
            type="primary",
        )
        st.caption(say("{size} in total.", size=words.size(dataset.total_bytes)))
