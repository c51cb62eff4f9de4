"""What there is to choose where there is a single class: to learn it alone, or to add another."""

import streamlit as st

from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import queue
from core.settings import TrainingSettings
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import say

_TRAIN = "train-one-class"


def draw(dataset_id: str, dataset: Dataset) -> None:
    """Both ways on.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: It; it has one class and enough pictures.
    """
    name = words.plain(words.shortened(dataset.classes[0]))
    st.write(
        say(
            "With one class there is nothing to tell apart, so no layer is trained. The network "
            "remembers how pictures of “{name}” look, and then says of any picture whether it "
            "looks like them. That takes a few seconds.",
            name=name,
        )
    )
    problem.draw(_TRAIN)
    with st.container(horizontal=True):
        if st.button(
            say("Learn this class alone"),
            type="primary",
            icon=":material/play_arrow:",
            key=_TRAIN,
        ):
            try:
                folder = state.folder_of(dataset_id)
                state.choose_run(queue.submit_training(folder, TrainingSettings()))
            except UserError as error:
                state.keep_notice(error, _TRAIN)
            st.rerun()
        if st.button(say("Add another class"), icon=":material/add:", key="add-another-class"):
            state.go("data", data=dataset_id)
