"""What can be done with pictures of an evaluation: move, remove, or call them right but hard."""

from collections.abc import Sequence

import streamlit as st

from core.datasets import image_files
from core.datasets.dataset import Dataset
from core.results.answers import hard
from core.storage.runs import Run
from pages.parts.data import mend
from pages.parts.shared import state
from pages.parts.shared.words import say, several
from pages.parts.why import answer as why


def draw(
    run: Run, dataset: Dataset, picked: set[str], shown: Sequence[str], called_hard: set[str]
) -> None:
    """A bar of buttons for the pictures that are selected.

    Args:
        run: Whose answers are looked at; its id names the selection.
        dataset: The data set that it learned from, as it is now.
        picked: Files of the pictures that are selected.
        shown: Files of all pictures that stand behind the chosen number.
        called_hard: Files of those that were called right but hard.
    """
    chosen = run.dataset_id
    assert chosen is not None
    count = len(picked)
    labels = {record.label for record in dataset.records if record.file in picked}
    others = [name for name in dataset.classes if {name} != labels]
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="with-picked"):
        st.markdown(
            several("**{count} picture selected**", "**{count} pictures selected**", count),
            width="content",
        )
        if count == 1:
            (digest,) = {each.digest for each in dataset.records if each.file in picked}
            why.button(run, image_files.original(state.folder_of(chosen), digest), digest)
        moving = state.key("move-from", *sorted(labels))
        mend.move_or_delete(chosen, dataset, picked, others, moving, selection=run.id)
        if picked <= called_hard:
            title, icon, is_hard = say("Not hard after all"), ":material/undo:", False
        else:
            title, icon, is_hard = say("Right, just hard"), ":material/diamond:", True
        if st.button(
            title,
            icon=icon,
            key="call-hard",
            help=say(
                "The class is right, though hard to see. Such pictures are marked with ◆ and come "
                "last here; training goes on using them."
            ),
        ):
            hard.mark(state.folder_of(chosen), dataset, picked, hard=is_hard)
            state.pick_none(run.id)
            st.rerun()
        if not picked.issuperset(shown) and st.button(
            say("Select all of these"), type="tertiary", key="pick-all"
        ):
            state.pick(run.id, shown)
            st.rerun()
        if st.button(say("Select none"), type="tertiary", key="pick-none"):
            state.pick_none(run.id)
            st.rerun()
