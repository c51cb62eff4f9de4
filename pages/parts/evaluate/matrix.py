"""The confusion matrix: a click on a cell shows its pictures."""

from typing import Any

import streamlit as st

from core.results import evaluation
from pages.parts.evaluate import chosen
from pages.parts.evaluate.chosen import Of
from pages.parts.shared import figures, state, words
from pages.parts.shared.words import later, say, several

_COUNTS, _SHARES = later("Counts"), later("Shares of each row")
_NAMED = 3  # pairs that are said in words
_KEY = "confusion"


def draw(of: Of, results: dict[str, Any]) -> None:
    """The matrix, and the classes that are mixed up most in words.

    Args:
        of: The evaluation.
        results: The results of the run.
    """
    classes, table = results["classes"], results["confusion"]
    st.header(
        say("Confusion matrix: what it mistook for what"),
        anchor=False,
        help=say(
            "Each row holds all pictures of one class, each column all that were predicted to be "
            "of one class. The pictures on the diagonal are right."
        ),
    )
    shares = False
    if figures.numbers_fit(classes):
        wanted = st.segmented_control(
            say("Numbers"),
            [str(_COUNTS), str(_SHARES)],
            default=str(_COUNTS),
            required=True,
            format_func={str(each): say(each) for each in (_COUNTS, _SHARES)}.__getitem__,
            key="confusion-numbers",
            label_visibility="collapsed",
        )
        shares = wanted == _SHARES
    st.plotly_chart(
        figures.confusion(classes, table, shares=shares),
        key=_KEY,
        on_select=lambda: _clicked(of, len(classes)),
        selection_mode="points",
        config=figures.CONFIG,
        alt=figures.told_confusion(classes, table),
    )
    st.caption(say("Click a cell to see its pictures, or choose its two classes in the lists."))
    _pairs(of, results)


def _clicked(of: Of, classes: int) -> None:
    """Show the pictures of the cell that was clicked; those of all mistakes if it was let go."""
    match st.session_state[_KEY]["selection"]["points"]:
        case [{"x": int(predicted), "y": int(true)}, *_] if (
            0 <= true < classes and 0 <= predicted < classes
        ):
            chosen.show(of, true, predicted)
        case _:
            chosen.show(of)


def _pairs(of: Of, results: dict[str, Any]) -> None:
    """The classes that were mixed up most; a press shows the pictures."""
    classes, table = results["classes"], results["confusion"]
    mixed = evaluation.mixed_up(classes, table)
    if not mixed:
        return
    place = {name: number for number, name in enumerate(classes)}
    st.markdown(f"**{say('Most confused')}**")
    for number, (true, predicted, times) in enumerate(mixed[:_NAMED]):
        row = sum(table[place[true]])
        st.button(
            several(
                "{count} of {all} pictures of “{true}” was taken for “{predicted}”",
                "{count} of {all} pictures of “{true}” were taken for “{predicted}”",
                times,
                all=row,
                true=words.plain(words.shortened(true)),
                predicted=words.plain(words.shortened(predicted)),
            ),
            type="tertiary",
            icon=":material/photo_library:",
            key=state.key("confused", *of, number),
            on_click=chosen.show,
            args=(of, place[true], place[predicted]),
        )
    if not figures.numbers_fit(classes):
        st.dataframe(
            {
                say("true class"): [words.seen(true) for true, _, _ in mixed],
                say("predicted"): [words.seen(predicted) for _, predicted, _ in mixed],
                say("pictures"): [times for _, _, times in mixed],
            },
            hide_index=True,
            height=300,
            key="mixed-up",
            on_select=lambda: _pair_chosen(of, [(place[t], place[p]) for t, p, _ in mixed]),
            selection_mode="single-row",
            alt=say("Classes that it mixed up, the most frequent first"),
        )


def _pair_chosen(of: Of, pairs: list[tuple[int, int]]) -> None:
    match st.session_state["mixed-up"]["selection"]["rows"]:
        case [int(row)] if 0 <= row < len(pairs):
            chosen.show(of, *pairs[row])
        case _:
            chosen.show(of)
