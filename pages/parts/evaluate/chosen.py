"""Which pictures of an evaluation are looked at: four controls, which clicks on charts set too."""

from collections.abc import Sequence

import streamlit as st

from core.results.answers.choosing import ANY, WRONG, Wanted
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say

BINS = 10  # ranges of confidence
_TRUE, _PREDICTED, _SURE, _ORDER = "true-class", "predicted-class", "how-sure", "order-of-answers"
_SUREST, _UNSURE = later("Surest first"), later("Least sure first")

Of = tuple[object, ...]  # the run and the folder of the evaluation


def show(
    of: Of, true: int = ANY, predicted: int = WRONG, sure: int = ANY, *, unsure: bool = False
) -> None:
    """Have the controls hold this when they are drawn next; for a widget's callback.

    Args:
        of: The evaluation.
        true: As in `Wanted`.
        predicted: As in `Wanted`.
        sure: The number of a range of confidence; ANY for all.
        unsure: Whether the least sure come first.
    """
    state.wish(state.key(_TRUE, *of), true)
    state.wish(state.key(_PREDICTED, *of), predicted)
    state.wish(state.key(_SURE, *of), sure)
    state.wish(state.key(_ORDER, *of), str(_UNSURE if unsure else _SUREST))


def controls(of: Of, classes: Sequence[str]) -> Wanted:
    """Draw them.

    Args:
        of: The evaluation.
        classes: The model's classes, as they are called now.
    """
    alike = list(words.distinct(classes).values())
    numbers = range(len(classes))
    named = {ANY: say("any class"), WRONG: say("another class: mistakes")}

    def title(number: int) -> str:
        return named[number] if number < 0 else alike[number]

    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _choose(say("True class"), [ANY, *numbers], title, state.key(_TRUE, *of))
        predicted = _choose(
            say("Predicted"), [WRONG, ANY, *numbers], title, state.key(_PREDICTED, *of)
        )
        sure = _choose(say("How sure"), [ANY, *range(BINS)], range_of, state.key(_SURE, *of))
        key = state.key(_ORDER, *of)
        granted = state.granted(key, (_SUREST, _UNSURE))
        order = st.segmented_control(
            say("Order"),
            [str(_SUREST), str(_UNSURE)],
            default=None if granted else str(_SUREST),
            required=True,
            format_func={str(each): say(each) for each in (_SUREST, _UNSURE)}.__getitem__,
            key=key,
        )
    low, high = (0.0, 1.0) if sure == ANY else (sure / BINS, (sure + 1) / BINS)
    return Wanted(true, predicted, low, high, order == _UNSURE)


def range_of(number: int) -> str:
    """A range of confidence in words."""
    if number == ANY:
        return say("any")
    low, high = words.percent(number / BINS), words.percent((number + 1) / BINS)
    return say("{low} to {high}", low=low, high=high)


def _choose(label: str, options: list[int], title: object, key: str) -> int:
    state.granted(key, options)
    return int(st.selectbox(label, options, format_func=title, key=key, width=180))
