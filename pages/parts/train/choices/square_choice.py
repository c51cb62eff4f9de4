"""Choosing how pictures become square, beside what the network then sees of the user's own."""

import streamlit as st
from PIL import Image

from core.datasets import image_files, store
from core.datasets.dataset import Dataset, Record
from core.intake.pictures.images import to_square
from core.settings import Squaring
from pages.parts.shared import thumbnails
from pages.parts.train.choices import setting

_WAYS = {
    Squaring.SQUASH: "all of each picture, pressed into the square; round things become oval",
    Squaring.CROP: "the middle of each picture in its true shape; what is at the ends is cut off",
    Squaring.PAD: "all of each picture in its true shape, smaller, with grey beside it",
}
_PICTURES = 3
_SIZE = 72


def draw(dataset_id: str, dataset: Dataset) -> Squaring:
    """The control, and a few of the pictures made square in each way.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: It.
    """
    st.markdown("**What it sees of a picture**")
    square: Squaring = setting.draw("square")
    st.caption(f"{square.capitalize()}: {_WAYS[square]}.")
    _preview(dataset_id, dataset.least_square(_PICTURES), square)
    return square


def _preview(dataset_id: str, records: list[Record], chosen: Squaring) -> None:
    if not records:
        st.caption("Your pictures are square already, so it sees the same of them in each way.")
        return
    folder = store.folder_of(dataset_id)
    paths = [image_files.thumbnail(folder, record.digest) for record in records]
    pictures = []
    for path in filter(lambda path: path.is_file(), paths):
        with Image.open(path) as opened:
            pictures.append(opened.convert("RGB"))
    for way in Squaring:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            name = way.capitalize()
            st.markdown(f"**{name}**" if way is chosen else name, width=_SIZE)
            for picture in pictures:
                seen = to_square(picture, _SIZE, way)
                st.image(
                    thumbnails.inline(seen),
                    width=_SIZE,
                    alt=f"What it sees of a picture with {name}",
                )
