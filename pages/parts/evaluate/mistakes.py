"""A mistake as a picture: what it really is, and what it was taken for."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.storage import home
from core.storage.runs import Run
from pages.parts.shared import thumbnails, words


def folder(run: Run) -> Path | None:
    """Where the run's data set lies, if it is still there."""
    path = home.datasets() / (run.dataset_id or "none")
    return path if run.dataset_id and path.is_dir() else None


def draw(picture: Path | None, mistake: dict[str, Any]) -> None:
    """One mistake. Right and wrong differ by shape as well as by colour."""
    if picture is not None:
        thumbnails.picture(
            picture,
            f"{mistake['file']}: really {mistake['label']}, taken for {mistake['predicted']}",
        )
    st.markdown(
        f":green[:material/check_circle:] {words.plain(words.shortened(mistake['label']))}  \n"
        f":red[:material/cancel:] {words.plain(words.shortened(mistake['predicted']))}, "
        f"{words.percent(mistake['confidence'])} sure"
    )
