"""Which pictures of an evaluation are looked at: four controls, which clicks on charts set too."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.results import calibration
from core.results.answers.choosing import ANY, WRONG, Wanted
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say

BINS = calibration.BINS  # ranges of confidence
BELOW, ABOVE = -2, -3  # of the cut-off
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
        sure: The number of a range of confidence; BELOW or ABOVE the cut-off; ANY for all.
        unsure: Whether the least sure come first.
    """
    state.wish(state.key(_TRUE, *of), true)
    state.wish(state.key(_PREDICTED, *of), predicted)
    state.wish(state.key(_SURE, *of), sure)
    state.wish(state.key(_ORDER, *of), str(_UNSURE if unsure else _SUREST))


def controls(of: Of, classes: Sequence[str], cut_off: float) -> Wanted:
    """Draw them.

    Args:
        of: The evaluation.
        classes: The model's classes, as they are called now.
        cut_off: What the slider of the cut-off is set to.
    """
    numbers = range(len(classes))
    titles = [say("any class"), say("any wrong class"), *words.distinct(classes).values()]
    # A class may be called “any class”.
    title = dict(zip([ANY, WRONG, *numbers], words.numbered(titles), strict=True)).__getitem__

    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _choose(say("True class"), [ANY, *numbers], title, state.key(_TRUE, *of))
        predicted = _choose(
            say("Predicted"), [WRONG, ANY, *numbers], title, state.key(_PREDICTED, *of)
        )
        sides = [ANY, BELOW, ABOVE] if cut_off else [ANY]
        ranges, key = [*sides, *range(BINS)], state.key(_SURE, *of)
        state.within(key, ranges)
        sure = _choose(say("How sure"), ranges, lambda each: _range(each, cut_off), key)
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
    return Wanted(
        true,
        predicted,
        max(sure, ANY),
        cut_off if sure == ABOVE else 0.0,
        cut_off if sure == BELOW else None,
        order == _UNSURE,
    )


def _range(number: int, cut_off: float) -> str:
    """A range of confidence in words."""
    if number == ANY:
        return say("any")
    if number == BELOW:
        return say("less than {share}", share=words.percent(cut_off))
    if number == ABOVE:
        return say("{share} or more", share=words.percent(cut_off))
    return from_to(number / BINS, (number + 1) / BINS)


def from_to(low: float, high: float) -> str:
    """Two shares, as the ends of a range."""
    return say("{low} to {high}", low=words.percent(low), high=words.percent(high))


def _choose(label: str, options: list[int], title: Callable[[int], str], key: str) -> int:
    state.granted(key, options)
    return int(st.selectbox(label, options, format_func=title, key=key, width=180))
