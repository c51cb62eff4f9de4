"""Pictures in a grid, a page at a time, so that 20,000 of them do not choke the browser."""

import base64
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from core.data import images
from core.data.dataset import Dataset, Record
from pages.parts import picture_grid, state, words

Item = TypeVar("Item")
_PAGE = 24
_PICTURES = 48
_FEW_CLASSES = 8
_CLASS = "gallery-class"


def paged(items: Sequence[Item], key: str, draw: Callable[[Item], None], width: int = 100) -> None:
    """Items in a grid with page numbers below.

    Args:
        items: What to show; only those of one page are drawn.
        key: Keeps the page number.
        draw: Draws one item into its cell.
        width: Least width of a cell, in pixels.
    """
    place = st.container()
    shown = _page(items, key, _PAGE)
    grid = place.grid("auto", min_column_width=width, gap="small")
    for item in shown:
        with grid.cell():
            draw(item)


def pictures(
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
        dataset: It.
        records: Which of its pictures; only those of one page are drawn.
        ticked: Files of those that are ticked; None where they can't be.
    """
    place = st.container()
    shown = _page(records, page, _PICTURES)
    with place:
        picture_grid.draw(key, chosen, dataset, shown, ticked)


def _page(items: Sequence[Item], key: str, most: int) -> Sequence[Item]:
    """The items of the page that is looked at, and the page numbers."""
    pages = -(-len(items) // most)
    number = st.pagination(pages, key=state.key("page-number", key)) if pages > 1 else 1
    return items[(number - 1) * most : number * most]


def picture(image: Path | bytes, alt: str, width: int | Literal["stretch"] = "stretch") -> None:
    """One picture, or a sentence where its file is gone."""
    try:
        data = image.read_bytes() if isinstance(image, Path) else image
        st.image(inline(data), width=width, alt=words.bare(alt))
    except FileNotFoundError:
        st.caption("This picture is no longer on the server.")


def inline(picture: bytes | npt.NDArray[np.uint8]) -> str:
    """A small picture that comes with the page, for `st.image`.

    Streamlit forgets the file of a picture as soon as the page shows another: a browser that is
    about to fetch it then finds nothing.

    Args:
        picture: A JPEG, or pixels [height, width, 3].
    """
    if not isinstance(picture, bytes):
        picture = images.thumbnail_jpeg(Image.fromarray(picture), max(picture.shape))
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def open_class(name: str) -> None:
    """Have a class looked at when the page is drawn next."""
    state.wish(_CLASS, name)


def choose_class(classes: Sequence[str], counted: Mapping[str, int]) -> str | None:
    """Which class to look at; None where there is none."""

    if not classes:
        return None
    granted = state.granted(_CLASS, classes)
    alike = words.distinct(classes, 30)
    told = {name: f"{alike[name]} ({words.number(counted[name])})" for name in classes}
    if len(classes) <= _FEW_CLASSES:
        return st.pills(  # which may break into several lines
            "Class",
            classes,
            default=None if granted else classes[0],  # both would clash
            required=True,
            format_func=lambda name: words.escaped(told[name]),
            key=_CLASS,
        )
    return st.selectbox("Class", classes, format_func=told.__getitem__, key=_CLASS)
