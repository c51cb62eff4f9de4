"""The map of a data set: like lies beside like, coloured by class; a click shows the pictures."""

from collections import defaultdict
from collections.abc import Sequence

import streamlit as st

from core.datasets.dataset import Dataset, Record
from core.doctor.finding import Point
from pages.components import map_hover
from pages.parts.data import gallery, gather
from pages.parts.shared import (
    figures,
    state,
    words,
)

_KEY = "map"


@st.fragment
def draw(chosen: str, dataset: Dataset, points: Sequence[Point]) -> None:
    """The map, and beside it the pictures that are chosen on it.

    Args:
        chosen: The id of the data set.
        dataset: It, as it is now.
        points: Of all its images, perhaps of some that are gone.
    """
    records = {record.file: record for record in dataset.records}
    placed: dict[str, list[tuple[Record, float, float]]] = defaultdict(list)
    for point in points:
        record = records.get(point.file)
        if record is not None:
            placed[record.label].append((record, point.x, point.y))
    if not placed:
        return
    st.header("The map", anchor=False)
    st.caption(
        "Each point is a picture; what looks alike to a network lies together (t-SNE of its frozen "
        "features). A point among those of another class is worth a look. Click a point to see its "
        "picture; with the lasso at the right, draw around several."
    )
    classes = [label for label in dataset.classes if label in placed]
    chart, beside = st.columns([2, 1])
    with chart:
        event = st.plotly_chart(
            figures.atlas([(label, placed[label]) for label in classes]),
            key=_KEY,
            on_select="rerun",
            selection_mode=("points", "box", "lasso"),
            config=figures.CONFIG_MAP,
            alt=f"A map of {words.several(sum(map(len, placed.values())), 'picture')}, coloured by "
            "class.",
        )
        map_hover.draw(_KEY, chosen, dataset, classes)
    shown = [
        [record for number in numbers for record, *_ in placed[classes[number]]]
        for numbers in figures.traces(len(classes))
    ]
    picked = [
        shown[point["curve_number"]][point["point_index"]]
        for point in event["selection"]["points"]
        if point["curve_number"] < len(shown)
        and point["point_index"] < len(shown[point["curve_number"]])
    ]
    with beside:
        _chosen(chosen, dataset, picked)


def _chosen(chosen: str, dataset: Dataset, picked: Sequence[Record]) -> None:
    if not picked:
        st.caption("What you choose on the map is shown here.")
        return
    if st.button(
        f"Tick {words.several(len(picked), 'picture')}",
        icon=":material/check_box:",
        key="tick-on-map",
        help="They can then be moved or deleted under “The pictures”.",
    ):
        state.pick(chosen, (record.file for record in picked))
        gallery.open_class(picked[0].label)
        st.toast(f"Ticked. Move or delete them under “{gather.TITLE}”.")
        st.rerun()
    gallery.draw("on-map", "on-map", chosen, dataset, picked)
