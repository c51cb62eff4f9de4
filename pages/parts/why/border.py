"""How much of the accuracy rests on the border of the pictures, at one press."""

from pathlib import Path

import streamlit as st

from core.datasets import store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import queue, tasks
from core.results.explaining.edges import Border
from core.storage import files, home
from core.storage.runs import Run
from pages.parts.shared import state, words
from pages.parts.shared.words import say

_KEY = "find-border"


def draw(run: Run, dataset: Dataset | None) -> None:
    """The button, and below it what was found.

    Args:
        run: It has a model.
        dataset: The data set that it learned from, as it is now; None where that is gone.
    """
    st.header(say("Does it take shortcuts?"), anchor=False)
    if dataset is None:
        st.write(say("The data set was deleted, so the pictures are no longer here."))
        return
    st.write(
        say(
            "What a picture is about mostly lies in the middle. Thaw can hide the border of up to "
            "200 held-out pictures, then all but the border, and see how many are still right."
        )
    )
    asked = state.key(_KEY, run.id, dataset.version)
    if st.button(say("Try it"), icon=":material/crop_free:", key=_KEY):
        state.hear(asked, "asked")
    if state.heard(asked) is None:
        return
    folder = run.dataset_folder
    stamps = files.stamp(run.folder / home.MODEL), store.stamp(folder)
    try:
        with st.spinner(say("Asking the network…")):
            found = _found(str(run.folder), stamps)
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        return
    for title, right in (
        (say("whole pictures"), found.whole),
        (say("border hidden"), found.middle),
        (say("border alone"), found.border),
        (say("guessing the most frequent class"), found.guessed),
    ):
        share = right / found.images
        st.progress(share, text=f"{title} · {words.percent(share)}")
    st.write(f"**{say(found.in_words())}**")
    st.caption(
        say(
            "Measured on {count} held-out pictures; after a refit it has learned from them too, so "
            "look at the differences. The border is a tenth of each side, painted in the picture's "
            "average colour; that may itself look odd to the network, so a small loss means "
            "little.",
            count=found.images,
        )
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _found(run: str, stamps: tuple[files.Stamp, ...]) -> Border:
    """Asked once for each network and version of its data set."""
    return queue.ask(tasks.border, Path(run))
