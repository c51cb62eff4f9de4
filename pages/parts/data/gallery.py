"""The pictures of a data set, class by class."""

from collections.abc import Mapping, Sequence, Set

import streamlit as st

from core.datasets.dataset import Dataset, Record
from pages.components import picture_grid
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import say

_PICTURES = 48
_FEW_CLASSES = 8
_CLASS, _ALIKE = "gallery-class", "alike-to"


def draw(
    key: str,
    page: str,
    chosen: str,
    dataset: Dataset,
    records: Sequence[Record],
    ticked: Set[str] | None = None,
) -> None:
    """Pictures of a data set in a grid (see `picture_grid.draw`) with page numbers below.

    Args:
        key: Of the grid.
        page: Keeps the page number.
        chosen: The data set's id.
        dataset: The data set.
        records: Which of its pictures; only those of one page are drawn.
        ticked: Files of those that are ticked; None where they can't be.
    """
    place = st.container()
    shown = thumbnails.page_of(records, page, _PICTURES)
    with place:
        picture_grid.draw(key, chosen, dataset, shown, ticked)


def open_class(name: str) -> None:
    """Have a class looked at when the page is drawn next."""
    state.hear(_ALIKE, "")
    state.wish(_CLASS, name)


def open_alike(chosen: str, file: str) -> None:
    """Have the pictures like one of a data set looked at, until a class is opened."""
    state.hear(_ALIKE, f"{chosen} {file}")


def alike_to(chosen: str, dataset: Dataset) -> Record | None:
    """The picture that others are compared with; None where a class is looked at."""
    wanted = state.heard(_ALIKE)
    return next((each for each in dataset.records if f"{chosen} {each.file}" == wanted), None)


def choose_class(classes: Sequence[str], counted: Mapping[str, int]) -> str | None:
    """Which class to look at; None where there is none."""

    if not classes:
        return None
    granted = state.granted(_CLASS, classes)
    alike = words.distinct(classes, 30)
    titles = {name: f"{alike[name]} ({words.number(counted[name])})" for name in classes}
    if len(classes) <= _FEW_CLASSES:
        return st.pills(  # which may break into several lines
            say("Class"),
            classes,
            default=None if granted else classes[0],  # both would clash
            required=True,
            format_func=lambda name: words.escaped(titles[name]),
            key=_CLASS,
        )
    return st.selectbox(say("Class"), classes, format_func=titles.__getitem__, key=_CLASS)
