"""A comparison of backbones: one chart that fills while they are trained."""

from collections.abc import Sequence

import streamlit as st

from core.jobs import queue
from core.results.overview import rows
from core.results.overview.rows import Row
from core.storage.job import Stage
from pages.parts.runs.table import STATUS
from pages.parts.shared import figures, state, words
from pages.parts.shared.figures import Point
from pages.parts.shared.words import say

_EVERY = 1.0  # seconds between two looks while they are trained


def draw(compared: Sequence[Row]) -> None:
    """The chart, and where each training is.

    Args:
        compared: The runs of the comparison that are still here.
    """
    st.subheader(say("Compare backbones"), anchor=False)
    if not compared:
        st.caption(say("The runs of this comparison have been deleted."))
    else:
        runs = [row.run for row in compared]
        under_way = not all(queue.standing(run).status.final for run in runs)

        def show() -> None:
            _chart(list(rows.of(runs)))
            if under_way and all(queue.standing(run).status.final for run in runs):
                st.rerun()

        st.fragment(show, run_every=_EVERY if under_way else None)()
    st.button(
        say("All runs"),
        icon=":material/arrow_back:",
        type="tertiary",
        key="all-runs",
        on_click=state.choose_comparison,
        args=(None,),
    )


def _chart(compared: Sequence[Row]) -> None:
    points = [
        Point(row.backbone, row.seconds, row.accuracy, row.interval)
        for row in compared
        if row.accuracy is not None and row.seconds and row.interval
    ]
    if points:
        title = say("seconds of training")
        st.plotly_chart(
            figures.against(points, title, named=True),
            key="compared-backbones",
            config=figures.CONFIG,
            alt=figures.told_against(points, title),
        )
        st.caption(
            say(
                "The lines show the 95% confidence interval: where they overlap widely, the "
                "difference may be chance. What an earlier run has left in the cache shortens "
                "the time."
            )
        )
    waiting = [row for row in compared if row.accuracy is None]
    if waiting:
        st.caption("  \n".join(_where(row) for row in waiting))


def _where(row: Row) -> str:
    """Which network, and how far its training is."""
    current = queue.standing(row.run)
    title, icon, _ = STATUS[current.status]
    parts = [f"{icon} {words.plain(row.backbone)}: {say(title)}"]
    if current.message:
        parts.append(words.plain(current.message))
    elif current.stage is Stage.TRAINING and row.settings is not None:
        epoch = min(len(current.history) + 1, row.settings.epochs)
        parts.append(say("epoch {number} of {total}", number=epoch, total=row.settings.epochs))
    elif current.stage in (Stage.READING, Stage.FEATURES, Stage.WEIGHTS) and current.total:
        parts.append(words.percent(current.done / current.total))
    return " · ".join(parts)
