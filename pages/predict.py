"""The Predict page: show it new pictures and see what it thinks."""

import streamlit as st

from core.storage.runs import Run
from pages.components import live
from pages.parts.data import bring, gather
from pages.parts.predict import naming
from pages.parts.shared import choose_run
from pages.parts.shared.words import later, say

_WAITING = later(
    "Here you show pictures to a trained network and see what it thinks they are and how sure it "
    "is."
)


def main() -> None:
    st.title(say("Predict"), anchor=False)
    run = choose_run.draw(say(_WAITING))
    if run is not None:
        show(run)


def show(run: Run) -> None:
    live.draw("live", run)
    naming.drop(run)
    gather.left_out_in_a_line(bring.learned_by(run))
    naming.examples(run)
    naming.answers(run)


main()
