"""Pictures in a grid, a page at a time, so that 20,000 of them do not choke the browser."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.data import store
from core.data.dataset import Dataset, Record
from pages.parts import words

Item = TypeVar("Item")
_PAGE = 24
_FEW_CLASSES = 8


@st.fragment
def of_dataset(folder: Path, dataset: Dataset) -> None:
    """The pictures of one class at a time."""
    if not folder.is_dir():
        st.rerun()  # deleted meanwhile: the whole page says so, and shows the ways in
    counted = {name: dataset.counts[name] for name in dataset.classes}
    chosen = _choose_class(dataset.classes, counted)
    records = [record for record in dataset.records if record.label == chosen]
    paged(records, f"gallery-{chosen}", lambda record: _record(folder, record))


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
    number = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    grid = place.grid("auto", min_column_width=width, gap="small")
    for item in items[(number - 1) * _PAGE : number * _PAGE]:
        with grid.cell():
            draw(item)


def picture(image: Path | bytes, alt: str) -> None:
    """One picture, or a sentence where its file is gone."""
    if isinstance(image, Path) and not image.is_file():
        st.caption("This picture is no longer on the server.")
    else:
        st.image(str(image) if isinstance(image, Path) else image, width="stretch", alt=alt)


def _choose_class(classes: Sequence[str], counted: dict[str, int]) -> str:
    def told(name: str) -> str:
        return f"{words.shortened(name, 30)} ({words.number(counted[name])})"

    if len(classes) <= _FEW_CLASSES:
        return st.segmented_control(
            "Class",
            classes,
            default=classes[0],
            required=True,
            format_func=lambda name: words.plain(told(name)),
            key="gallery-class",
        )
    return st.selectbox("Class", classes, format_func=told, key="gallery-class")


def _record(folder: Path, record: Record) -> None:
    name = Path(record.file).name
    picture(store.thumbnail_path(folder, record), f"{record.label}: {record.file}")
    st.caption(words.plain(words.shortened(name, 18)))
