"""Pictures in a grid, a page at a time, so that 20,000 of them do not choke the browser."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import streamlit as st

from pages.parts import state, words

Item = TypeVar("Item")
_PAGE = 24
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
    pages = -(-len(items) // _PAGE)
    place = st.container()
    number = st.pagination(pages, key=state.key("page-number", key)) if pages > 1 else 1
    grid = place.grid("auto", min_column_width=width, gap="small")
    for item in items[(number - 1) * _PAGE : number * _PAGE]:
        with grid.cell():
            draw(item)


def picture(image: Path | bytes, alt: str, width: int | Literal["stretch"] = "stretch") -> None:
    """One picture, or a sentence where its file is gone."""
    if isinstance(image, Path) and not image.is_file():
        st.caption("This picture is no longer on the server.")
    else:
        st.image(str(image) if isinstance(image, Path) else image, width=width, alt=words.bare(alt))


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
