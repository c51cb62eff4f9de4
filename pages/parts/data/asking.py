"""The question how pictures are sorted, where their folders alone leave that open."""

from typing import Literal

import streamlit as st

from core.errors import UserError
from core.intake.layouts.labelling import Choice, Reading, Unclear
from core.jobs import queue
from core.storage.job import JobState
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import later, say, several

_CLASSES = 6  # of each choice that are shown
_SIDES = {
    "train": later("{count} for training"),
    "validation": later("{count} for validation"),
    "test": later("{count} for the final test (test set)"),
}


def draw(chosen: str, asked: JobState) -> None:
    """The ways to read an upload, with what comes out of each.

    Args:
        chosen: The id of the data set to be.
        asked: Its reading, which has ended with a question.
    """
    st.title(say("How are these pictures sorted?"), anchor=False)
    try:
        queue.check_upload(state.space(), asked)
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        _bring_others(chosen, "primary")
        return
    question = Unclear.from_dict(asked.question or {})
    st.write(words.plain(question.cause))
    if question.problem:
        st.error(words.plain(question.problem), icon=":material/error:")
    problem.draw()
    for number, choice in enumerate(question.choices, 1):
        with st.container(border=True):
            title = words.plain(choice.title)
            st.markdown(f"**{say('Option {number}: {title}', number=number, title=title)}**")
            _preview(choice)
            if st.button(
                say("Use option {number}", number=number),
                type="primary" if number == 1 else "secondary",
                icon=":material/arrow_forward:",
                key=state.key("read-this-way", number),
            ):
                _answer(chosen, choice.reading)
    with st.expander(
        say("Advanced: a pattern for the file names"), icon=":material/regular_expression:"
    ):
        pattern = st.text_input(
            say("Pattern (regular expression)"),
            key=state.key("label-pattern", chosen),
            placeholder="^([a-z]+)_",
            max_chars=500,
            help=say(
                "Thaw searches each file name, without its extension, for this pattern. The part "
                "in the first pair of brackets is the class: ^([a-z]+)_ finds cat in cat_1.jpg."
            ),
        )
        if st.button(say("Preview"), key="try-pattern", disabled=not pattern):
            _answer(chosen, Reading(pattern=pattern or ""), preview=True)
    st.caption(say("None of these? Put the pictures of each class in a folder named after it."))
    _bring_others(chosen, "secondary")


def _bring_others(chosen: str, kind: Literal["primary", "secondary"]) -> None:
    if st.button(say("Use other pictures"), type=kind, icon=":material/add:", key="give-up-import"):
        queue.give_up(state.folder_of(chosen))
        state.choose_dataset(None)
        st.rerun()


def _preview(choice: Choice) -> None:
    parts = [several("{count} class", "{count} classes", len(choice.classes))]
    parts += [say(_SIDES[side], count=count) for side, count in choice.sides]
    st.write(", ".join(parts))
    lines = [
        "- "
        + several(
            "{name}: {count} picture, {file}",
            "{name}: {count} pictures, such as {file}",
            count,
            name=words.plain(words.shortened(name, 40)),
            file=words.plain(words.squeezed(file, 40)),
        )
        for name, count, file in choice.classes[:_CLASSES]
    ]
    more = len(choice.classes) - _CLASSES
    if more > 0:
        lines.append("- " + say("and {count} more", count=more))
    st.markdown("\n".join(lines))
    if choice.left_out:
        st.caption(
            several(
                "{count} picture would be left out.",
                "{count} pictures would be left out.",
                choice.left_out,
            )
        )


def _answer(chosen: str, reading: Reading, preview: bool = False) -> None:
    try:
        queue.answer(state.folder_of(chosen), reading, preview=preview)
    except UserError as error:
        state.keep_notice(error)
    st.rerun()
