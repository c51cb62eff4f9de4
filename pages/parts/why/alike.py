"""“It looks like these”: the training pictures that are most like a picture, and their classes."""

from pathlib import Path

import streamlit as st

from core.datasets import image_files, store
from core.errors import UserError
from core.jobs import queue, tasks
from core.results.explaining.explained import Neighbour
from core.storage import files, home
from core.storage.runs import Run
from pages.parts.shared import thumbnails, words
from pages.parts.shared.words import say

_COUNT = 6
_WIDTH = 84  # pixels of each, at least


def draw(run: Run, picture: Path) -> None:
    """Show them, or a sentence that says why that can't be.

    Args:
        run: It has a model.
        picture: The file as it came.
    """
    st.markdown(f"**{say('It looks like these')}**")
    folder = run.dataset_folder
    if not store.is_complete(folder):
        st.caption(say("The pictures that it learned from are no longer here."))
        return
    stamps = files.stamp(run.folder / home.MODEL), store.stamp(folder), files.stamp(picture)
    try:
        with st.spinner(say("Looking through the training pictures…")):
            found = _nearest(str(run.folder), str(picture), stamps)
    except UserError as error:
        st.caption(words.plain(error.said))
        return
    grid = st.grid("auto", min_column_width=_WIDTH, gap="small")
    for each in found:
        with grid.cell():
            thumbnails.picture(image_files.thumbnail(folder, each.digest), each.label)
            st.caption(words.plain(words.shortened(each.label, 16)))
    st.caption(
        say(
            "The training pictures that look most alike to the pretrained layers, as they were "
            "before training (nearest neighbours by cosine). They hint at the answer; the last "
            "layers may have gone by something else."
        )
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _nearest(run: str, picture: str, stamps: tuple[files.Stamp, ...]) -> list[Neighbour]:
    """Asked once for each picture, network and version of the data set."""
    return queue.ask(tasks.nearest, Path(run), Path(picture), _COUNT)
