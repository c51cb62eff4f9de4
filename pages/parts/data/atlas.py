"""The map of a data set: similar pictures lie together; a click shows them."""

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
)
from pages.parts.shared.words import say, several

_KEY = "map"


@st.fragment
def draw(chosen: str, dataset: Dataset, points: Sequence[Point]) -> None:
    """The map, and beside it the pictures that are chosen on it.

    Args:
        chosen: The id of the data set.
        dataset: The data set as it is now.
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
    st.header(say("Map of the pictures"), anchor=False)
    st.caption(
        say(
            "Each point is a picture. Pictures that look similar to the network lie close together "
            "(t-SNE of its features). A point among points of another class is worth a look. Click "
            "a point to see its picture, or select several with the lasso on the right."
        )
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
            alt=several(
                "A map of {count} picture, coloured by class.",
                "A map of {count} pictures, coloured by class.",
                sum(map(len, placed.values())),
            ),
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
        st.caption(say("The pictures that you select on the map appear here."))
        return
    if st.button(
        several("Select {count} picture", "Select {count} pictures", len(picked)),
        icon=":material/check_box:",
        key="tick-on-map",
        help=say("You can then move or delete them in the tab “{tab}”.", tab=say(gather.TITLE)),
    ):
        state.pick(chosen, (record.file for record in picked))
        gallery.open_class(picked[0].label)
        st.toast(say("Selected. Move or delete them in the tab “{tab}”.", tab=say(gather.TITLE)))
        st.rerun()
    gallery.draw("on-map", "on-map", chosen, dataset, picked)
