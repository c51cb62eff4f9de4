"""How familiar a picture has to look: the slider, and pictures on both sides of it."""

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from core.errors import UserError
from core.intake import room
from core.results import thresholds
from core.results.prediction import Prediction
from core.storage.runs import Run
from pages.parts.shared import problem, state, thumbnails, words
from pages.parts.shared.words import say, several

_MOST = 50  # percent of its own pictures that somebody may have it turn away
_SIDE = 4  # examples on each side of the threshold
_WIDTH = 72  # pixels of an example
_NEAR = "strictness"


def draw(run: Run, given: Sequence[Prediction]) -> None:
    """The slider, folded away; nothing where the network can't tell strangers.

    Args:
        run: It has a model.
        given: Its answers so far.
    """
    now = thresholds.of(run.folder).familiar
    problem.draw(_NEAR)
    if now is None:
        return
    key = state.key(_NEAR, run.id)
    st.session_state[key] = min(round(100 * now), _MOST)  # as another tab may have set it
    with st.expander(say("How strict it is with unfamiliar pictures")):
        percent = st.slider(
            say(
                "Turn away what looks less familiar than this share of its own pictures (threshold)"
            ),
            0,
            _MOST,
            format=words.percent_format(),
            key=key,
            on_change=_set,
            args=(run, key),
        )
        st.caption(
            say(
                "The further right, the more strangers it turns away, and the more of your own "
                "pictures: about {percent} of 100.",
                percent=percent,
            )
        )
        _both_sides(given)


def _set(run: Run, key: str) -> None:
    try:
        with room.in_words():
            thresholds.keep_familiar(run.folder, st.session_state[key] / 100)
    except UserError as error:
        state.keep_notice(error, _NEAR)


def _both_sides(given: Sequence[Prediction]) -> None:
    """The pictures that are nearest to the threshold."""
    told = [each for each in given if each.familiar is not None and each.thumbnail is not None]
    away = sorted((e for e in told if e.known is False), key=lambda e: -(e.familiar or 0))
    taken = sorted((e for e in told if e.known), key=lambda e: e.familiar or 0)
    for heading, side in (
        (several("Turned away: {count} picture", "Turned away: {count} pictures", len(away)), away),
        (several("Accepted: {count} picture", "Accepted: {count} pictures", len(taken)), taken),
    ):
        st.markdown(f"**{heading}**")
        if side:
            with st.container(horizontal=True, gap="small"):
                for each in islice(side, _SIDE):
                    assert each.thumbnail is not None
                    thumbnails.picture(each.thumbnail, words.shortened(each.label), width=_WIDTH)
