"""What a network said of one picture: the picture, and the classes it is most sure of."""

from pathlib import PurePosixPath

import streamlit as st

from core.results.prediction import Prediction
from pages.parts.shared import thumbnails, words

_SEEN = 72  # pixels of the square that it saw


def draw(said: Prediction) -> None:
    """A card."""
    file = words.shortened(PurePosixPath(said.file).name, 30)
    with st.container(border=True, height="stretch"):
        if said.error:
            st.markdown(f":orange[:material/broken_image:] **{words.plain(file)}**")
            st.write(f"It could not be looked at: {words.plain(said.error)}.")
            return
        if said.thumbnail:
            thumbnails.picture(said.thumbnail, f"{file}: {said.label}")
        if said.seen:
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                thumbnails.picture(said.seen, "What the network saw of it", width=_SEEN)
                st.caption("What it saw of it")
        st.markdown(
            f"**{words.plain(words.shortened(said.label))}**, {words.percent(said.confidence)} sure"
        )
        for label, confidence in said.top:
            st.progress(
                confidence,
                text=f"{words.plain(words.shortened(label))} · {words.percent(confidence)}",
            )
        st.caption(words.plain(file))
