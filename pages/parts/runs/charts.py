"""Runs side by side: their curves, and accuracy against what it took."""

from collections.abc import Sequence

import streamlit as st

from core.jobs import queue
from core.results.overview.rows import Row
from pages.parts.shared import figures, words
from pages.parts.shared.figures import Point
from pages.parts.shared.words import later, say

_MOST = 12  # curves that eyes can tell apart
_COSTS = {
    "trainable": later("trainable parameters"),
    "seconds": later("seconds of training"),
}


def curves(chosen: Sequence[Row]) -> None:
    """Validation accuracy of the runs that are ticked, epoch by epoch."""
    learned = [(row, queue.standing(row.run).history) for row in chosen]
    shown = [(row, history) for row, history in learned if history][:_MOST]
    if len(shown) < 2:
        return
    st.markdown(f"**{say('Validation accuracy, epoch by epoch')}**")
    names = told_apart([row for row, _ in shown])
    drawn = list(zip(names, [history for _, history in shown], strict=True))
    st.plotly_chart(
        figures.overlay(drawn),
        key="overlay",
        config=figures.CONFIG,
        alt=figures.told_overlay(drawn),
    )
    if len(learned) > _MOST:
        st.caption(say("The curves of the first {count} runs are shown.", count=_MOST))


def told_apart(runs: Sequence[Row]) -> list[str]:
    """What differs between some runs, as their names: what people call them, network, layers."""
    facts = [[row.name for row in runs], [row.backbone for row in runs]]
    facts.append([say(row.frozen) for row in runs])
    differ = [values for values in facts if len(set(values)) > 1]
    names = [" · ".join(values) for values in zip(*differ, strict=True)] if differ else []
    if len(set(names)) < len(runs):
        times = [words.when(row.created) for row in runs]
        names = [" · ".join(values) for values in zip(*differ, times, strict=True)]
    return words.numbered(names)


def costs(found: Sequence[Row], chosen: Sequence[Row]) -> None:
    """Accuracy against trainable parameters or seconds.

    Args:
        found: All runs that the table lists.
        chosen: Those that are ticked; they stand out.
    """
    if sum(row.accuracy is not None for row in found) < 2:
        return
    titles = {name: say(title) for name, title in _COSTS.items()}
    cost = st.segmented_control(
        say("Accuracy against"),
        list(titles),
        default="seconds",
        required=True,
        format_func=titles.__getitem__,
        key="cost-of-runs",
        persist_state="session",
    )
    ticked = {row.run.id for row in chosen}
    points = [
        Point(row.name, value, row.accuracy, row.interval, row.run.id in ticked)
        for row in sorted(found, key=lambda row: row.run.id)  # another order draws no other chart
        if row.accuracy is not None and row.interval and (value := _cost(row, cost))
    ]
    if not points:
        st.caption(say("None of these runs has noted that."))
        return
    title = titles[cost or "seconds"]
    st.plotly_chart(
        figures.against(points, title),
        key="accuracy-against-cost",
        config=figures.CONFIG,
        alt=figures.told_against(points, title),
    )


def _cost(row: Row, cost: str | None) -> float | None:
    return row.trainable if cost == "trainable" else row.seconds
