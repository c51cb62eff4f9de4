"""A test for shortcuts: the same picture with its hottest region hidden, then all but that."""

from pathlib import Path

import streamlit as st

from core.errors import UserError
from core.jobs import queue, tasks
from core.results import names
from core.results.explaining.explained import Why
from core.results.explaining.hiding import Hidden, Trial
from core.storage import files, home
from core.storage.runs import Run
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import say

_KEY = "hide"


def draw(run: Run, picture: Path, found: Why, place: int) -> None:
    """A switch, and below it what the network says of both pictures.

    Args:
        run: It has a model.
        picture: The file as it came.
        found: What speaks for each class in it.
        place: The class whose map is looked at.
    """
    label = found.classes[place]
    if not st.toggle(
        say("Does it look in the right place? Hide parts and ask again"),
        key=state.key(_KEY, run.id, picture.name),
    ):
        return
    stamps = files.stamp(run.folder / home.MODEL), files.stamp(picture)
    called = tuple(names.by_now(run).values())
    try:
        with st.spinner(say("Asking the network…")):
            tried = _hidden(str(run.folder), str(picture), label, called, stamps)
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        return
    before = say(
        "Before, it was {share} sure of {name}.",
        share=words.sure(found.confidence[place]),
        name=words.plain(words.shortened(label)),
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _trial(say("Hottest region hidden"), tried.hottest, label)
    with right:
        _trial(say("All but the bright places blurred"), tried.rest, label)
    st.write(f"{before} {_verdict(tried, label)}")
    st.caption(
        say(
            "The parts follow the heat map, which is coarse and knows no outlines. A hidden part "
            "may itself look odd to the network, so one picture is a hint; several that agree are "
            "evidence."
        )
    )


def _trial(title: str, trial: Trial, label: str) -> None:
    st.markdown(f"**{title}**")
    st.image(thumbnails.inline(trial.pixels), width="stretch", alt=title)
    name = words.plain(words.shortened(trial.label))
    told = say("**{name}**, {share} sure", name=name, share=words.sure(trial.confidence))
    if trial.label != label:
        told += " · " + say(
            "{name} only {share}",
            name=words.plain(words.shortened(label)),
            share=words.percent(trial.before),
        )
    st.markdown(told)


def _verdict(tried: Hidden, label: str) -> str:
    """What follows, carefully."""
    needs = tried.hottest.label != label
    enough = tried.rest.label == label
    if needs and enough:
        return say(
            "Its answer rests on the bright places. If they lie on the thing itself, that is as it "
            "should be; if not, it has learned a shortcut."
        )
    if needs:
        return say("It needs the bright places, but their surroundings as well.")
    if enough:
        return say("It would say the same without the bright places, and by them alone.")
    return say(
        "It would say the same without the bright places, but not without their surroundings. "
        "Perhaps it goes by the background, which is a shortcut."
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _hidden(
    run: str, picture: str, label: str, called: tuple[str, ...], stamps: tuple[files.Stamp, ...]
) -> Hidden:
    """Asked once for each picture, network and class, and again once classes are renamed."""
    return queue.ask(tasks.hide, Path(run), Path(picture), label)
