"""“Would more pictures help?”: the learning curve of a run, and class by class.

A click on a point of the curve shows the pictures that were still wrong with so many to learn from.
"""

import streamlit as st

from core.advice import growth
from core.advice.growth import Growth
from core.datasets.dataset import Record
from core.errors import UserError
from core.jobs import growing
from core.results import names
from core.results.answers.choosing import ANY
from core.storage.job import JobState, RunStatus
from core.storage.runs import Run
from pages.components import picture_grid
from pages.parts.evaluate import chosen
from pages.parts.evaluate.chosen import Of
from pages.parts.evaluate.pictures import Behind
from pages.parts.shared import figures, problem, state, thumbnails, waiting, words
from pages.parts.shared.words import later, say, several

_EVERY = 0.5  # seconds between two looks
_BEGIN = "find-growth"
_TABLE = "gain-by-class"
_CURVE, _SIZE = "growth", "size-looked-at"
_PAGE = 24  # pictures that are shown at once
_WIDTH = 110  # pixels of one, at least


def draw(behind: Behind, classes: list[str]) -> None:
    """What was found, its progress, or the button that begins it.

    Args:
        behind: The evaluation that is looked at, whose pictures a click on a class shows.
        classes: The network's classes, as they are called now.
    """
    run = behind.run
    st.header(say("Would more pictures help?"), anchor=False)
    current = growing.state(run)
    if current.submitted and not current.status.final:
        st.fragment(_progress, run_every=_EVERY)(run)
        return
    found = growing.read(run)
    if found is not None:
        _found(behind, found, current, classes)
        return
    st.write(
        say(
            "Thaw can learn from a part of the training pictures only, then from twice as many, "
            "and so on, several times with other pictures, and see how the accuracy grows. It "
            "takes seconds, since the frozen layers need not run again."
        )
    )
    _begin(run, current, say("Find out"))


def _begin(run: Run, current: JobState, title: str) -> None:
    """The button that begins it, below the reason why the last attempt came to nothing."""
    if current.status is RunStatus.FAILED:
        message = current.message or later("That did not work. Try again.")
        st.error(words.plain(message), icon=":material/error:")
    problem.draw(_BEGIN)
    if st.button(title, icon=":material/trending_up:", key=_BEGIN):
        try:
            growing.begin(run)
        except UserError as error:
            state.keep_notice(error, _BEGIN)
        st.rerun()


def _progress(run: Run) -> None:
    current = growing.state(run)
    if current.status.final:
        st.rerun()
    text = say("Learning from parts of the pictures…")
    waiting.draw(current, text, "cancel-growth", growing.stop, run)


def _found(behind: Behind, found: Growth, current: JobState, classes: list[str]) -> None:
    of = behind.of
    found = found.called(names.by_now(behind.run))
    st.plotly_chart(
        figures.growth(found),
        key=_CURVE,
        on_select=lambda: _point_clicked(behind.run, found),
        selection_mode="points",
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
    if found.pictures:
        _still_wrong(behind, found)
    else:
        st.caption(
            say(
                "This was found out by an earlier version of Thaw, which did not note which "
                "pictures were wrong."
            )
        )
        _begin(behind.run, current, say("Find out again"))
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


def _point_clicked(run: Run, found: Growth) -> None:
    """Choose the size whose point was clicked; none if it was let go."""
    match st.session_state[_CURVE]["selection"]["points"]:
        case [{"curve_number": figures.MEASURED, "point_index": int(place)}, *_] if (
            0 <= place < len(found.sizes)
        ):
            state.wish(state.key(_SIZE, run.id), place)
        case _:
            state.within(state.key(_SIZE, run.id), ())


def _still_wrong(behind: Behind, found: Growth) -> None:
    """The held-out pictures that were wrong with a chosen number of pictures to learn from."""
    if behind.dataset is None:
        return
    key = state.key(_SIZE, behind.run.id)
    sizes = range(len(found.sizes))
    state.granted(key, sizes)
    state.within(key, (None, *sizes))
    place = st.selectbox(
        say("See what was wrong with"),
        sizes,
        index=None,
        format_func=lambda each: several(
            "{count} training picture", "{count} training pictures", found.sizes[each]
        ),
        placeholder=say("Click a point, or choose a number of training pictures"),
        key=key,
    )
    if place is None:
        return
    missed, last = found.missed[place], found.missed[-1]
    wrong = sorted(
        (each for each, times in enumerate(missed) if times), key=lambda each: -missed[each]
    )
    mended = sum(not last[each] for each in wrong)
    several_times = place + 1 < len(found.sizes)  # of all pictures, there is one choice
    st.write(_told(found, len(wrong), mended, several_times=several_times))
    by_digest = {record.digest: record for record in behind.dataset.records}
    there = [
        (by_digest[found.pictures[each]], missed[each])
        for each in wrong
        if found.pictures[each] in by_digest
    ]
    if there:
        _pictures(behind, found, place, there)


def _told(found: Growth, wrong: int, mended: int, *, several_times: bool) -> str:
    if not several_times:
        return several(
            "With all training pictures, **{count} of {all}** held-out pictures is wrong.",
            "With all training pictures, **{count} of {all}** held-out pictures are wrong.",
            wrong,
            all=found.judged,
        )
    return several(
        "**{count} of {all}** held-out pictures was wrong at least once in {times} trainings on "
        "different parts; with all training pictures, {mended} of these are right.",
        "**{count} of {all}** held-out pictures were wrong at least once in {times} trainings on "
        "different parts; with all training pictures, {mended} of these are right.",
        wrong,
        all=found.judged,
        times=found.repeats,
        mended=mended,
    )


def _pictures(behind: Behind, found: Growth, place: int, there: list[tuple[Record, int]]) -> None:
    """A page of them, each with its class and how often it was wrong."""
    run, dataset = behind.run, behind.dataset
    assert dataset is not None
    assert run.dataset_id is not None
    area = st.container()
    shown = thumbnails.page_of(there, state.key("still-wrong", run.id, place), _PAGE)
    repeated = place + 1 < len(found.sizes)
    short = words.apart(dataset.classes, 12)
    captions = [
        short[record.label] + (f" ✗ {times}/{found.repeats}" if repeated else " ✗")
        for record, times in shown
    ]
    with area:
        picture_grid.draw(
            state.key("still-wrong", run.id),
            run.dataset_id,
            dataset,
            [record for record, _ in shown],
            state.picked(run.id) if behind.can_be_mended else None,
            captions,
            _WIDTH,
            [
                f"{caption} · {words.bare(record.file)}"
                for caption, (record, _) in zip(captions, shown, strict=True)
            ],
            run.id,
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
