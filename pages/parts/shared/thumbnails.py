"""Small pictures on a page, a page of them at a time, so that 20,000 do not choke the browser."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from core.intake.pictures import images
from pages.parts.shared import state, words
from pages.parts.shared.words import say

Item = TypeVar("Item")
_PAGE = 24


def paged(items: Sequence[Item], key: str, draw: Callable[[Item], None], width: int = 100) -> None:
    """Items in a grid with page numbers below.

    Args:
        items: What to show; only those of one page are drawn.
        key: Keeps the page number.
        draw: Draws one item into its cell.
        width: Least width of a cell, in pixels.
    """
    place = st.container()
    shown = page_of(items, key, _PAGE)
    grid = place.grid("auto", min_column_width=width, gap="small")
    for item in shown:
        with grid.cell():
            draw(item)


def page_of(items: Sequence[Item], key: str, most: int) -> Sequence[Item]:
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
        st.caption(say("This picture is no longer on the server."))


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
