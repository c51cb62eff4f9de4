"""Which runs go along with a project that is saved or shared."""

import streamlit as st

from core.projects import saving
from core.storage.runs import Run
from core.web import downloads
from pages.parts.shared import choose_run, state, words
from pages.parts.shared.words import say, several

_ALL, _SOME, _NONE = "all", "some", "none"


def choose(chosen: str, purpose: str) -> list[str] | None:
    """A choice of the runs that go along.

    Args:
        chosen: The stored data set.
        purpose: What they go along with; part of the keys.

    Returns:
        Their ids; None for all.
    """
    every = saving.runs_of(state.folder_of(chosen))
    if not every:
        st.caption(say("There is no trained run yet, so only the pictures go along."))
        return []
    kinds = {
        _ALL: several("Its run", "All {count} runs", len(every)),
        _SOME: say("Only some runs"),
        _NONE: say("No runs"),
    }
    which = st.radio(
        say("Trained runs"),
        [each for each in kinds if each != _SOME or len(every) > 1],
        format_func=kinds.__getitem__,
        key=state.key("which-runs", purpose),
    )
    if which != _SOME:
        _without_network(every if which == _ALL else [])
        return None if which == _ALL else []
    titles = words.numbered(map(choose_run.name, every))
    names = dict(zip([run.id for run in every], titles, strict=True))
    picked = st.multiselect(
        say("Which runs"),
        list(names),
        list(names)[:1],
        format_func=names.__getitem__,
        max_selections=downloads.MOST_RUNS,
        key=state.key("some-runs", purpose, chosen),
    )
    _without_network([run for run in every if run.id in picked])
    return picked


def _without_network(runs: list[Run]) -> None:
    """Which of these leave without their network."""
    sealed = [
        f"**{words.plain(words.shortened(run.name))}**" for run in runs if saving.is_sealed(run)
    ]
    if sealed:
        st.caption(
            say(
                "Settings, curves and results of {names} go along, but not the network: it "
                "contains a TensorFlow Hub module, a program that the receiver could not check. To "
                "take it with you, export it as a SavedModel.",
                names=words.comma(sealed),
            )
        )
