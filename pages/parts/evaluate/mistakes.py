"""A mistake as a picture, with its true and its predicted class."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.shared import thumbnails, words
from pages.parts.shared.words import say


def draw(picture: Path | None, mistake: dict[str, Any]) -> None:
    """One mistake. Right and wrong differ by shape as well as by colour."""
    if picture is not None:
        thumbnails.picture(
            picture,
            say(
                "{file}: really {true}, mistaken for {predicted}",
                file=mistake["file"],
                true=mistake["label"],
                predicted=mistake["predicted"],
            ),
        )
    st.markdown(
        f":green[:material/check_circle:] {words.plain(words.shortened(mistake['label']))}  \n"
        ":red[:material/cancel:] "
        + say(
            "{name}, {share} sure",
            name=words.plain(words.shortened(mistake["predicted"])),
            share=words.sure(mistake["confidence"]),
        )
    )
