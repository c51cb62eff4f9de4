"""The question how pictures are sorted, where their folders alone do not tell."""

from typing import Literal

import streamlit as st

from core.errors import UserError
from core.intake.layouts.labelling import Choice, Reading, Unclear
from core.jobs import queue
from core.storage.job import JobState
from pages.parts.shared import problem, state, words

_CLASSES = 6  # of each choice that are shown
_SIDES = {"train": "to learn from", "validation": "for validation", "test": "for a last test"}


def draw(chosen: str, asked: JobState) -> None:
    """The ways to read an upload, with what comes out of each.

    Args:
        chosen: The id of the data set to be.
        asked: Its reading, which has ended with a question.
    """
    st.title("How are these pictures sorted?", anchor=False)
    try:
        queue.check_upload(asked)
    except UserError as error:
        st.error(words.plain(str(error)), icon=":material/error:")
        _bring_others(chosen, "primary")
        return
    question = Unclear.from_dict(asked.question or {})
    st.write(words.plain(question.cause))
    if question.problem:
        st.error(words.plain(question.problem), icon=":material/error:")
    problem.draw()
    for number, choice in enumerate(question.choices, 1):
        with st.container(border=True):
            st.markdown(f"**Way {number}: {words.plain(choice.title)}**")
            _preview(choice)
            if st.button(
                f"Read them by way {number}",
                type="primary" if number == 1 else "secondary",
                icon=":material/arrow_forward:",
                key=state.key("read-this-way", number),
            ):
                _answer(chosen, choice.reading)
    with st.expander(
        "Advanced: a pattern over the file names", icon=":material/regular_expression:"
    ):
        pattern = st.text_input(
            "Pattern (regular expression)",
            key=state.key("label-pattern", chosen),
            placeholder="^([a-z]+)_",
            max_chars=500,
            help="It is looked for in each file's name without its ending. What the first pair of "
            "brackets finds is the class: ^([a-z]+)_ finds cat in cat_1.jpg.",
        )
        if st.button("Show what comes out", key="try-pattern", disabled=not pattern):
            _answer(chosen, Reading(pattern=pattern or ""), preview=True)
    st.caption("None of these? Put the pictures of each class in a folder named after it.")
    _bring_others(chosen, "secondary")


def _bring_others(chosen: str, kind: Literal["primary", "secondary"]) -> None:
    if st.button("Bring other pictures", type=kind, icon=":material/add:", key="give-up-import"):
        queue.give_up(chosen)
        state.choose_dataset(None)
        st.rerun()


def _preview(choice: Choice) -> None:
    told = [words.several(len(choice.classes), "class", "classes")]
    told += [f"{words.number(count)} {_SIDES[side]}" for side, count in choice.sides]
    st.write(", ".join(told))
    lines = [
        f"- {words.plain(words.shortened(name, 40))}: {words.several(count, 'picture')}, such as "
        f"{words.plain(words.squeezed(file, 40))}"
        for name, count, file in choice.classes[:_CLASSES]
    ]
    more = len(choice.classes) - _CLASSES
    st.markdown("\n".join([*lines, *([f"- and {words.number(more)} more"] if more > 0 else [])]))
    if choice.left_out:
        st.caption(f"{words.several(choice.left_out, 'picture')} would be left out.")


def _answer(chosen: str, reading: Reading, preview: bool = False) -> None:
    try:
        queue.answer(chosen, reading, preview=preview)
    except UserError as error:
        state.keep_notice(error)
    st.rerun()
