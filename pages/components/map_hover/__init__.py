"""The picture under the pointer on the map, or at the point that the arrow keys have come to.

Plotly's own labels hold text alone, and the Tab key passes its points by. This listens to the
chart, which lies on the same page, and lays a picture from `pictures` beside the point.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset
from core.web import pictures
from pages.components import spoken
from pages.parts.shared import state, words

_FOLDER = Path(__file__).parent
_HTML, _CSS, _SCRIPT = (
    (_FOLDER / name).read_text(encoding="utf-8") for name in ("hover.html", "hover.css", "hover.js")
)
_SCRIPT = f"{spoken.SAYING}\n{_SCRIPT}"
_hover = st.components.v2.component("map_hover", html=_HTML, css=_CSS, js=_SCRIPT)


def draw(chart: str, dataset_id: str, dataset: Dataset, classes: Sequence[str]) -> None:
    """Show pictures over a chart while the pointer is on it.

    Args:
        chart: The key of the chart; `customdata` of each point is a name, a digest and the number
            of a class.
        dataset_id: The data set that the pictures are of.
        dataset: The data set.
        classes: Their names.
    """
    _hover(
        key="map-hover",
        data={
            "chart": chart,
            "address": f"{pictures.path()}/{dataset_id}",
            "query": pictures.query(state.folder_of(dataset_id), dataset.preparation),
            "classes": [words.bare(words.shortened(name)) for name in classes],
            **spoken.texts(_SCRIPT),
        },
    )
