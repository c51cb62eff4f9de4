"""How sure the network is: what a cut-off would leave unanswered, and whether percentages hold."""

from typing import Any

import streamlit as st

from core.errors import UserError
from core.results import calibration
from core.results.answers import cut_off
from core.results.answers.choosing import ANY
from core.results.answers.kept import Answers
from core.storage.runs import Run
from pages.parts.evaluate import chosen
from pages.parts.evaluate.chosen import Of
from pages.parts.shared import figures, problem, state, words
from pages.parts.shared.words import say, several

_SAVE = "save-cut-off"
_CHART, _BY_CLASS = "reliability", "answered-by-class"
_FEW = 100  # pictures: with fewer, chance makes the calibration error look large


def draw(run: Run, of: Of, answers: Answers, results: dict[str, Any]) -> float:
    """The slider, what it would leave, and the reliability diagram.

    Args:
        run: The run.
        of: The evaluation.
        answers: What it said of each picture.
        results: The evaluation.

    Returns:
        What the slider is set to, from 0 to 1.
    """
    if not answers.whole:
        st.caption(
            say(
                "What it said of each picture was not kept by that version of Thaw. Train again to "
                "see this."
            )
        )
        return 0.0
    least = _slider(run, of, answers)
    _reliability(of, answers, results)
    return least


def _slider(run: Run, of: Of, answers: Answers) -> float:
    st.header(say("Only answer when surer than…"), anchor=False)
    saved = cut_off.of(run.folder)
    least: float = (
        st.slider(
            say("Cut-off: how sure it has to be to answer"),
            0,
            99,
            round(100 * (saved or 0.0)),
            format=words.percent_format(),
            key=state.key("cut-off", *of),
        )
        / 100
    )
    left = calibration.answered(answers.confidence, answers.right, least)
    share, right = st.columns(2)
    share.metric(say("Pictures that it answers"), words.percent(left["share"]))
    accuracy = left["accuracy"]
    right.metric(
        say("Right of these"), say("none") if accuracy is None else words.percent(accuracy)
    )
    told = say(
        "It would answer {answered} of {images} pictures and get {correct} of these right.", **left
    )
    if accuracy is not None:
        low, high = map(words.percent, left["interval"])
        told += " " + say(
            "On other pictures of this kind, expect between {low} and {high} of its answers to be "
            "right (95% confidence interval).",
            low=low,
            high=high,
        )
    st.write(told)
    with st.container(horizontal=True):
        silent = left["images"] - left["answered"]
        if silent:
            st.button(
                several(
                    "See the {count} that it leaves open",
                    "See the {count} that it leaves open",
                    silent,
                ),
                icon=":material/photo_library:",
                key="see-unanswered",
                on_click=chosen.show,
                args=(of, ANY, ANY, chosen.BELOW),
            )
        _save(run, least, saved)
    _by_class(of, answers, least)
    return least


def _save(run: Run, least: float, saved: float | None) -> None:
    """The button that makes the slider's place the network's own cut-off."""
    if (saved or 0.0) != least and st.button(
        say("Save as this network's cut-off"),
        icon=":material/save:",
        key=_SAVE,
        help=say("Where it is less sure, it then says so instead of naming a class."),
    ):
        try:
            cut_off.keep(run.folder, least or None)
        except UserError as error:
            state.keep_notice(error, _SAVE)
        st.rerun()
    problem.draw(_SAVE)
    if saved:
        st.caption(
            ":material/check: " + say("This network's cut-off is {share}.",
                                      share=words.percent(saved))
        )  # fmt: skip


def _by_class(of: Of, answers: Answers, least: float) -> None:
    rows = calibration.answered_by_class(
        answers.confidence, answers.right, answers.labels, answers.classes, least
    )
    shares = (say("answered"), say("right of these"))
    st.dataframe(
        {
            say("class"): [words.seen(name) for name in rows],
            say("pictures"): [row["images"] for row in rows.values()],
            shares[0]: [words.whole_percent(row["share"]) for row in rows.values()],
            shares[1]: [
                None if row["accuracy"] is None else words.whole_percent(row["accuracy"])
                for row in rows.values()
            ],
            say("{measure}: from, to", measure=shares[1]): [
                chosen.from_to(*row["interval"]) if row["interval"] else "" for row in rows.values()
            ],
        },
        hide_index=True,
        column_config=dict.fromkeys(
            shares,
            st.column_config.ProgressColumn(
                format=words.percent_format(), min_value=0, max_value=100
            ),
        ),
        key=_BY_CLASS,
        on_select=lambda: _class_clicked(of, list(rows), shares, least),
        selection_mode=("single-row", "single-cell"),
        alt=say("What it would answer of each class, and how much of that is right"),
    )


def _class_clicked(of: Of, rows: list[str], shares: tuple[str, str], least: float) -> None:
    """Show the pictures of the class that was clicked; those behind a share if it was that."""
    sure = chosen.ABOVE if least else ANY
    match st.session_state[_BY_CLASS]["selection"]:
        case {"cells": [[int(row), str(column)]]} if 0 <= row < len(rows) and column in shares:
            chosen.show(of, row, ANY, sure)
        case {"rows": [int(row)]} | {"cells": [[int(row), _]]} if 0 <= row < len(rows):
            chosen.show(of, row, ANY)
        case _:
            chosen.show(of)


def _reliability(of: Of, answers: Answers, results: dict[str, Any]) -> None:
    st.header(say("Do its percentages hold?"), anchor=False)
    found = calibration.reliability(answers.confidence, answers.right)
    told = results.get("calibration") or found
    st.plotly_chart(
        figures.reliability(found["bins"]),
        key=_CHART,
        on_select=lambda: _clicked(of, found["bins"]),
        selection_mode="points",
        config=figures.CONFIG,
        alt=figures.told_reliability(found["bins"]),
    )
    sentences = [
        say(
            "Of the pictures of which it is 80% sure, 80% should be right: bars should reach the "
            "line. Click a bar to see its pictures."
        ),
        several(
            "On average, its percentages are off by {count} percentage point (expected "
            "calibration error).",
            "On average, its percentages are off by {count} percentage points (expected "
            "calibration error).",
            round(100 * told["error"]),
        ),
    ]
    before = told.get("before")
    if before is not None and told.get("fitted_on"):
        sentences.append(
            say(
                "Without calibration (temperature scaling) it would be {points}.",
                points=f"{100 * before:.0f}",
            )
        )
    if len(answers.files) < _FEW:
        sentences.append(
            several(
                "With {count} picture, chance alone makes this number several points too large.",
                "With {count} pictures, chance alone makes this number several points too large.",
                len(answers.files),
            )
        )
    st.write(" ".join(sentences))


def _clicked(of: Of, bins: list[dict[str, Any]]) -> None:
    match st.session_state[_CHART]["selection"]["points"]:
        case [{"point_index": int(place), "curve_number": 0}, *_] if 0 <= place < len(bins):
            chosen.show(of, ANY, ANY, round(bins[place]["from"] * chosen.BINS))
        case _:
            chosen.show(of)
