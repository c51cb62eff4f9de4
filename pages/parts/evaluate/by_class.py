"""Precision, recall and F1 of each class, with intervals: a click on a class shows its pictures."""

from typing import Any

import streamlit as st

from core.results.answers import intervals
from core.results.answers.choosing import ANY
from pages.parts.evaluate import chosen
from pages.parts.evaluate.chosen import Of
from pages.parts.shared import words
from pages.parts.shared.words import say

_KEY = "by-class"


def draw(of: Of, results: dict[str, Any]) -> None:
    """The table.

    Args:
        of: The evaluation.
        results: The results of the run.
    """
    rows = results["per_class"]
    between = intervals.of_classes(results["classes"], results["confusion"])
    share = st.column_config.ProgressColumn(
        format=words.percent_format(), min_value=0, max_value=100
    )
    found, right = say("found (recall)"), say("right when it says so (precision)")
    titles = {found: "recall", right: "precision", "F1": "f1"}
    columns: dict[str, list[Any]] = {}
    for title, measure in titles.items():
        columns[title] = [words.whole_percent(row[measure]) for row in rows.values()]
        columns[say("{measure}: from, to", measure=title)] = [
            chosen.from_to(*between[name][measure]) for name in rows
        ]
    st.dataframe(
        {
            say("class"): [words.seen(name) for name in rows],
            say("pictures"): [row["images"] for row in rows.values()],
            **columns,
        },
        hide_index=True,
        column_config=dict.fromkeys(titles, share),
        key=_KEY,
        on_select=lambda: _clicked(of, len(rows), right),
        selection_mode=("single-row", "single-cell"),
        alt=say("Precision, recall and F1 of each class"),
    )
    st.caption(
        say(
            "**Found** (recall): how many of the pictures of this class it recognises. **Right "
            "when it says so** (precision): how often it is right when it predicts this class. "
            "**F1** combines the two in one number. **From, to**: where each number may well lie "
            "on other pictures of this kind (95% confidence interval); the fewer pictures, the "
            "wider. Click a class to see its pictures; a click on its precision shows what was "
            "taken for it."
        )
    )


def _clicked(of: Of, classes: int, precision: str) -> None:
    match st.session_state[_KEY]["selection"]:
        case {"rows": [int(row)]} if 0 <= row < classes:
            chosen.show(of, row, ANY)
        case {"cells": [[int(row), str(column)]]} if 0 <= row < classes:
            of_class = (ANY, row) if column.startswith(precision) else (row, ANY)
            chosen.show(of, *of_class)
        case _:
            chosen.show(of)
