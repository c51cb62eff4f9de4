"""A picture that is in no data set, what a network said of it, and what can be done with it."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset
from core.results.prediction import Prediction
from core.storage.runs import Run
from pages.parts.predict import wrong
from pages.parts.shared import thumbnails, words
from pages.parts.shared.words import say
from pages.parts.why import answer as why


def draw(said: Prediction, label: str) -> None:
    """The picture, its class and the answer. Right and wrong differ by shape as well as by colour.

    Args:
        said: The answer, with the small picture where there is one.
        label: The picture's class.
    """
    right = said.label == label
    if said.thumbnail is not None:
        told = (
            say("{file}: {name}", file=said.file, name=label)
            if right
            else say(
                "{file}: really {true}, mistaken for {predicted}",
                file=said.file,
                true=label,
                predicted=said.label,
            )
        )
        thumbnails.picture(said.thumbnail, told)
    else:
        st.caption(words.plain(words.squeezed(Path(said.file).name, 24)))
    answer = say(
        "{name}, {share} sure",
        name=words.plain(words.shortened(said.label)),
        share=words.sure(said.confidence),
    )
    if right:
        st.markdown(f":green[:material/check_circle:] {answer}")
        return
    st.markdown(
        f":green[:material/check_circle:] {words.plain(words.shortened(label))}  \n"
        f":red[:material/cancel:] {answer}"
    )


def buttons(
    run: Run,
    said: Prediction,
    label: str,
    dataset: Dataset | None,
    there: Mapping[str, str],
) -> None:
    """“Why?”, and the way into the data set.

    Args:
        run: What has answered.
        said: Its answer, with the place of the picture as it came.
        label: The picture's class.
        dataset: The data set that the run learned from, as it is now; None where the picture has
            no place there, or it is gone.
        there: The class of each picture in it, by digest.
    """
    whole = said.original if isinstance(said.original, Path) else None
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        why.button(run, whole, whole, said.file)
        if dataset is not None:
            wrong.button(run, said, dataset, there, whole, said.file, right=label)
