"""“Would more pictures help?”: the learning curve of a run, and class by class."""

import streamlit as st

from core.advice import growth
from core.advice.growth import Growth
from core.errors import UserError
from core.jobs import growing
from core.results import names
from core.results.answers.choosing import ANY
from core.storage.job import RunStatus
from core.storage.runs import Run
from pages.parts.evaluate import chosen
from pages.parts.evaluate.chosen import Of
from pages.parts.shared import figures, problem, state, words
from pages.parts.shared.words import later, say, several

_EVERY = 0.5  # seconds between two looks
_BEGIN = "find-growth"
_TABLE = "gain-by-class"


def draw(run: Run, of: Of, classes: list[str]) -> None:
    """What was found, its progress, or the button that begins it.

    Args:
        run: The run.
        of: The evaluation that is looked at, whose pictures a click on a class shows.
        classes: The network's classes, as they are called now.
    """
    st.header(say("Would more pictures help?"), anchor=False)
    found = growing.read(run)
    if found is not None:
        _found(run, of, found, classes)
        return
    current = growing.state(run)
    if current.submitted and not current.status.final:
        st.fragment(_progress, run_every=_EVERY)(run)
        return
    st.write(
        say(
            "Thaw can learn from a part of the training pictures only, then from twice as many, "
            "and so on, several times with other pictures, and see how the accuracy grows. It "
            "takes seconds, since the frozen layers need not run again."
        )
    )
    if current.status is RunStatus.FAILED:
        message = current.message or later("That did not work. Try again.")
        st.error(words.plain(message), icon=":material/error:")
    problem.draw(_BEGIN)
    if st.button(say("Find out"), icon=":material/trending_up:", key=_BEGIN):
        try:
            growing.begin(run)
        except UserError as error:
            state.keep_notice(error, _BEGIN)
        st.rerun()


def _progress(run: Run) -> None:
    current = growing.state(run)
    if current.status.final:
        st.rerun()
    text = say("Learning from parts of the pictures…") + words.left(current.seconds_left)
    st.progress(current.share, text=text)
    st.button(
        say("Cancel"),
        icon=":material/close:",
        key="cancel-growth",
        on_click=growing.stop,
        args=(run,),
    )


def _found(run: Run, of: Of, found: Growth, classes: list[str]) -> None:
    found = found.called(names.by_now(run))
    st.plotly_chart(
        figures.growth(found),
        key="growth",
        config=figures.CONFIG,
        alt=figures.told_growth(found),
    )
    st.write(words.plain(say(growth.in_words(found))))
    notes = [
        several(
            "Measured on {count} held-out picture; the line is a power law, followed up to twice "
            "as many pictures.",
            "Measured on {count} held-out pictures; the line is a power law, followed up to twice "
            "as many pictures.",
            found.judged,
        )
    ]
    if not found.all_frozen:
        notes.append(
            say(
                "It was measured with all layers frozen, though this network has thawed some: the "
                "shape of the curve is much the same, its height is not."
            )
        )
    if found.images > found.sizes[-1]:
        notes.append(
            say(
                "Of the {all} training pictures, {count} were looked at.",
                all=found.images,
                count=found.sizes[-1],
            )
        )
    st.caption(" ".join(notes))
    place = {name: number for number, name in enumerate(classes)}
    rows = sorted(found.classes, key=lambda each: -each.gain.value)
    bars = (say("recognised after half of them"), say("recognised after all"))
    percent = st.column_config.ProgressColumn(
        format=words.percent_format(), min_value=0, max_value=100
    )
    st.dataframe(
        {
            say("class"): [words.seen(each.name) for each in rows],
            say("training pictures"): [each.training for each in rows],
            bars[0]: [words.whole_percent(each.half) for each in rows],
            bars[1]: [words.whole_percent(each.whole) for each in rows],
            say("gain in points: from, to"): [
                say(
                    "{low} to {high}",
                    low=_signed(each.gain.low),
                    high=_signed(each.gain.high),
                )
                for each in rows
            ],
        },
        hide_index=True,
        column_config=dict.fromkeys(bars, percent),
        key=_TABLE,
        on_select=lambda: _clicked(of, [place.get(each.name, ANY) for each in rows]),
        selection_mode=("single-row", "single-cell"),
        alt=say("What each class has gained from the second half of the training pictures"),
    )


def _clicked(of: Of, rows: list[int]) -> None:
    match st.session_state[_TABLE]["selection"]:
        case {"rows": [int(row)]} | {"cells": [[int(row), _]]} if 0 <= row < len(rows):
            chosen.show(of, rows[row], ANY)
        case _:
            chosen.show(of)


def _signed(share: float) -> str:
    """A change in whole percentage points."""
    points = round(100 * share)
    return f"{points:+d}" if points else "0"
