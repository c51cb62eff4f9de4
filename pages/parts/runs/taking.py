"""All runs to take along: a table, and curves for TensorBoard."""

import io
from collections.abc import Sequence

import streamlit as st

from core.jobs import queue
from core.results.overview import event_files, sheet
from core.results.overview.rows import Row
from pages.parts.shared.words import say


def draw(found: Sequence[Row]) -> None:
    """Two buttons; what they give is made when they are pressed.

    Args:
        found: The runs that the table lists.
    """

    def curves() -> bytes:
        file = io.BytesIO()
        event_files.write(file, found, queue.standing)
        return file.getvalue()

    with st.container(horizontal=True):
        st.download_button(
            say("Table (CSV)"),
            lambda: sheet.csv_of(found, queue.standing),
            "thaw-runs.csv",
            "text/csv",
            icon=":material/table:",
            type="tertiary",
            on_click="ignore",
            key="runs-csv",
            help=say("The runs that are listed above, for a spreadsheet."),
        )
        st.download_button(
            say("Curves for TensorBoard"),
            curves,
            "thaw-tensorboard.zip",
            "application/zip",
            icon=":material/show_chart:",
            type="tertiary",
            on_click="ignore",
            key="runs-tensorboard",
            help=say("Unpack the zip, then: tensorboard --logdir FOLDER"),
        )
