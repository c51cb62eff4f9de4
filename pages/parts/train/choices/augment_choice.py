"""Choosing how much the training pictures are varied (augmentation), and what that looks like."""

from typing import Any

import streamlit as st
from PIL import Image

from core.datasets import image_files, store
from core.datasets.dataset import Dataset
from core.intake.pictures.images import to_square
from core.settings import Squaring, Strength
from core.training.augment import WORDS, Augmentation
from pages.parts.shared import thumbnails
from pages.parts.train.choices import setting

_PICTURES = 3  # that are shown …
_SHOWN = 4  # … with so many variants of each
_SIZE = 112


def draw(dataset_id: str, dataset: Dataset, square: Squaring) -> dict[str, Any]:
    """The controls, and what they do to a few of the user's own pictures.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: It.
        square: How its pictures become square.

    Returns:
        Settings by name.
    """
    strength: Strength = setting.draw("augment")
    if strength is Strength.NONE:
        return {"augment": strength}
    st.caption(f"{strength.capitalize()}: {WORDS[strength]}.")
    left, right = st.columns(2)
    views = setting.draw("views", left)
    mirror = setting.draw("mirror", right)
    with st.popover("What that looks like", icon=":material/visibility:", type="tertiary"):
        _preview(dataset_id, dataset, Augmentation(strength, mirror, square))
    return {"augment": strength, "views": views, "mirror": mirror}


def _preview(dataset_id: str, dataset: Dataset, augmentation: Augmentation) -> None:
    """A few of the training pictures, each with variants that training will use."""
    folder = store.folder_of(dataset_id)
    training = dataset.of("train")
    for record in training[:: max(1, len(training) // _PICTURES)][:_PICTURES]:
        path = image_files.thumbnail(folder, record.digest)
        if not path.is_file():
            continue
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        views = [augmentation.view(image, record.digest, n, _SIZE) for n in range(_SHOWN)]
        with st.container(horizontal=True, gap="xsmall"):
            plain = to_square(image, _SIZE, augmentation.square)
            st.image(thumbnails.inline(plain), width=_SIZE, alt="A training picture")
            for view in views:
                st.image(thumbnails.inline(view), width=_SIZE // 2 + 20, alt="A variant of it")
