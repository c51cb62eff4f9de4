"""The prediction for one picture: the picture and its most probable classes."""

from collections.abc import Callable
from pathlib import PurePosixPath

import streamlit as st

from core.results.prediction import Prediction
from pages.parts.shared import thumbnails, words
from pages.parts.shared.words import later, say

STRANGER = later("Doesn't look like anything it was taught")
UNSURE = later("Not sure enough to say")
_SEEN = 72  # pixels of the square that it saw


def draw(said: Prediction, below: Callable[[], None] | None = None) -> None:
    """A card.

    Args:
        said: The prediction.
        below: Draws what can be done with it, at its end.
    """
    file = words.shortened(PurePosixPath(said.file).name, 30)
    with st.container(border=True, height="stretch"):
        if said.error:
            st.markdown(f":orange[:material/broken_image:] **{words.plain(file)}**")
            st.write(say("Thaw could not read it: {reason}.", reason=words.plain(said.error)))
            return
        if said.thumbnail:
            thumbnails.picture(said.thumbnail, f"{file}: {said.label}")
        if said.seen:
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                thumbnails.picture(said.seen, say("What the network sees of it"), width=_SEEN)
                st.caption(say("What the network sees"))
        _verdict(said)
        for label, confidence in said.top if len(said.top) > 1 else ():
            st.progress(
                confidence,
                text=f"{words.plain(words.shortened(label))} · {words.sure(confidence)}",
            )
        st.caption(words.plain(file))
        if below is not None:
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                below()


def _verdict(said: Prediction) -> None:
    """What the network takes the picture for, or why that should not count."""
    name, share = words.plain(words.shortened(said.label)), words.sure(said.confidence)
    if len(said.top) == 1:  # of a network with a single class, which is all that it can name
        st.markdown(f":orange[:material/help:] **{say(STRANGER)}**" if said.known is False
                    else f":green[:material/check_circle:] **{name}**")  # fmt: skip
    elif said.known is False:
        st.markdown(f":orange[:material/help:] **{say(STRANGER)}**")
        st.write(say("Of its classes, {name} comes nearest, {share} sure.", name=name, share=share))
    elif said.sure is False:
        st.markdown(f":orange[:material/help:] **{say(UNSURE)}**")
        st.write(say("Its best guess is {name}, {share} sure.", name=name, share=share))
    else:
        st.markdown(say("**{name}**, {share} sure", name=name, share=share))
