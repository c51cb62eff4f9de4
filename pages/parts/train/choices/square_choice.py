"""Choosing how pictures become square, with what the network then sees of the user's own."""

import streamlit as st
from PIL import Image

from core.datasets import image_files
from core.datasets.dataset import Dataset, Record
from core.intake.pictures.images import to_square
from core.settings import Squaring
from pages.parts.shared import state, thumbnails
from pages.parts.shared.words import later, say
from pages.parts.train.choices import setting

_WAYS = {
    Squaring.SQUASH: later("the whole picture, squashed into the square; circles become ovals."),
    Squaring.CROP: later("the middle of the picture, undistorted; the ends are cut off."),
    Squaring.PAD: later("the whole picture, undistorted but smaller, with grey bars."),
}
_PICTURES = 3
_SIZE = 72


def draw(dataset_id: str, dataset: Dataset) -> Squaring:
    """The control, and a few of the pictures made square in each way.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: The data set.
    """
    st.markdown(f"**{say('What it sees of a picture')}**")
    square: Squaring = setting.draw("square")
    st.caption(f"{setting.called(square)}: {say(_WAYS[square])}")
    _preview(dataset_id, dataset.least_square(_PICTURES), square)
    return square


def _preview(dataset_id: str, records: list[Record], chosen: Squaring) -> None:
    if not records:
        st.caption(say("Your pictures are square already, so all options look the same."))
        return
    folder = state.folder_of(dataset_id)
    paths = [image_files.thumbnail(folder, record.digest) for record in records]
    pictures = []
    for path in filter(lambda path: path.is_file(), paths):
        with Image.open(path) as opened:
            pictures.append(opened.convert("RGB"))
    for way in Squaring:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            name = setting.called(way)
            st.markdown(f"**{name}**" if way is chosen else name, width=_SIZE)
            for picture in pictures:
                seen = to_square(picture, _SIZE, way)
                st.image(
                    thumbnails.inline(seen),
                    width=_SIZE,
                    alt=say("What it sees of a picture with “{option}”", option=name),
                )
