"""Choosing how much the training pictures are varied (augmentation), with a preview."""

from typing import Any

import streamlit as st
from PIL import Image

from core.datasets import image_files
from core.datasets.dataset import Dataset
from core.intake.pictures.images import to_square
from core.settings import Squaring, Strength
from core.training.augment import Augmentation
from pages.parts.shared import state, thumbnails
from pages.parts.shared.words import later, say
from pages.parts.train.choices import setting

_EFFECTS = {
    Strength.LIGHT: later("slightly rotated and zoomed, a little brighter or darker."),
    Strength.MEDIUM: later("rotated and zoomed, with other brightness and colours."),
    Strength.STRONG: later("rotated and zoomed a lot, with very different brightness and colours."),
}
_PICTURES = 3  # that are shown …
_SHOWN = 4  # … with so many variants of each
_SIZE = 112


def draw(dataset_id: str, dataset: Dataset, square: Squaring) -> dict[str, Any]:
    """The controls, and what they do to a few of the user's own pictures.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: The data set.
        square: How its pictures become square.

    Returns:
        Settings by name.
    """
    strength: Strength = setting.draw("augment")
    if strength is Strength.NONE:
        return {"augment": strength}
    st.caption(f"{setting.called(strength)}: {say(_EFFECTS[strength])}")
    left, right = st.columns(2)
    views = setting.draw("views", left)
    mirror = setting.draw("mirror", right)
    with st.popover(say("Preview"), icon=":material/visibility:", type="tertiary"):
        _preview(dataset_id, dataset, Augmentation(strength, mirror, square))
    return {"augment": strength, "views": views, "mirror": mirror}


def _preview(dataset_id: str, dataset: Dataset, augmentation: Augmentation) -> None:
    """A few of the training pictures, each with variants that training will use."""
    folder = state.folder_of(dataset_id)
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
            st.image(thumbnails.inline(plain), width=_SIZE, alt=say("A training picture"))
            for view in views:
                st.image(
                    thumbnails.inline(view), width=_SIZE // 2 + 20, alt=say("A varied copy of it")
                )
