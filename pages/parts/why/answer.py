"""“Why?”: the dialog that shows what an answer rests on."""

from pathlib import Path

import numpy as np
import streamlit as st

from core.errors import UserError
from core.jobs import queue, tasks
from core.results import names
from core.results.explaining import drawing, explained
from core.results.explaining.explained import Why
from core.storage import files, home
from core.storage.runs import Run
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import say
from pages.parts.why import alike, hidden

_STRENGTH = 70  # percent of the map that is seen at first


def button(run: Run, picture: Path | None, *of: object, label: str | None = None) -> None:
    """The button that opens the dialog.

    Args:
        run: It has a model.
        picture: The file as it came. None where that is not at hand: the button can't be pressed.
        of: Sets this button apart from others on the page.
        label: The class to explain first; the most probable one where None.
    """
    there = picture is not None and picture.is_file()
    if st.button(
        say("Why?"),
        icon=":material/lightbulb:",
        type="tertiary",
        key=state.key("why", run.id, *of),
        disabled=not there,
        help=None if there else say("The picture itself is no longer kept here. Add it again."),
    ):
        assert picture is not None
        st.dialog(say("Why did it say that?"), width="medium")(_draw)(run, picture, label)


def _draw(run: Run, picture: Path, first: str | None) -> None:
    called = tuple(names.by_now(run).values())
    alike_names = words.distinct(called)
    seen, beside = st.columns([3, 2], gap="medium")  # one below the other on a phone
    label = None
    if len(called) > 1:
        label = beside.selectbox(
            say("What speaks for"),
            called,
            index=called.index(first) if first in called else None,
            format_func=alike_names.__getitem__,
            placeholder=say("its answer"),
            key=state.key("why-class", run.id, picture.name),
        )
    stamp = files.stamp(run.folder / home.MODEL)
    asked = str(run.folder), stamp, called, str(picture), files.stamp(picture)
    try:
        with st.spinner(say("Asking the network…")):
            found = _explained(*asked, None)
            if label is not None and label not in found.classes:
                found = _explained(*asked, label)
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        return
    place = found.classes.index(label) if label is not None else 0
    with beside:
        strength = _map(found, place, seen)
    st.divider()
    alike.draw(run, picture)
    if not found.refused(place) and strength is not None:
        st.divider()
        hidden.draw(run, picture, found, place)


def _map(found: Why, place: int, seen: st.delta_generator.DeltaGenerator) -> int | None:
    """The map of a class over the picture, and in words beside it how it came about.

    Returns:
        How much of it is seen, in percent; None where there is none.
    """
    name = words.plain(words.shortened(found.classes[place]))
    if len(found.classes) > 1:  # the only class always has all of it
        st.markdown(
            say(
                "**{name}**: {share} sure",
                name=name,
                share=words.sure(found.confidence[place]),
            )
        )
    refused = found.refused(place)
    if refused:
        seen_alone = thumbnails.inline(found.pixels)
        seen.image(seen_alone, width="stretch", alt=say("What the network sees"))
        st.info(say(refused), icon=":material/visibility_off:")
        return None
    strength = st.slider(
        say("Strength of the heat map"),
        0,
        100,
        _STRENGTH,
        step=10,
        format=words.percent_format(),
        key="why-strength",
    )
    drawn = drawing.overlay(found.pixels, found.heat[place], strength / 100)
    seen.image(
        thumbnails.inline(np.asarray(drawn)),
        width="stretch",
        alt=say(
            "The picture, bright where it speaks for {name}, most of all {where}",
            name=words.bare(found.classes[place]),
            where=_where(found, place),
        ),
    )
    st.caption(say(explained.told(found.method)))
    return int(strength)


def _where(found: Why, place: int) -> str:
    """The place that speaks most for a class, in words."""
    heat = found.heat[place]
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    rows = say("at the top"), say("in the middle"), say("at the bottom")
    columns = say("on the left"), say("in the centre"), say("on the right")
    return f"{rows[3 * int(row) // len(heat)]}, {columns[3 * int(column) // len(heat)]}"


@st.cache_resource(max_entries=64, show_spinner=False)
def _explained(
    run: str,
    model: files.Stamp,
    called: tuple[str, ...],
    picture: str,
    stamp: files.Stamp,
    also: str | None,
) -> Why:
    """Asked once for each picture and network. Nobody may change what it gives."""
    return queue.ask(tasks.explain, Path(run), Path(picture), also)
