"""Choosing among the runs that have ended with a network to look at."""

import streamlit as st

from core.backbones.catalogue.rows import backbone_of, thaws
from core.errors import UserError
from core.storage.runs import Run, all_runs
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several

_DATA, _TITLE = 14, 18  # letters of the data set's and the network's names that a phone can show


def draw(waiting: str) -> Run | None:
    """A selector of trained runs, set to the one at hand.

    Where the one at hand is gone or has no network, nothing is shown in its place until the
    user has chosen.

    Args:
        waiting: What the page would show, for when nothing is trained yet.

    Returns:
        The run, or None where there is none; then the page has said what to do.
    """
    state.adopt_address()
    gone = False
    try:
        at_hand = state.run()
    except UserError:
        at_hand, gone = None, True
        st.warning(
            say("There is no such run: it was deleted, or the address is mistyped."),
            icon=":material/search_off:",
        )
    trained = {run.id: run for run in all_runs() if _is_whole(run)}
    if not trained:
        st.write(waiting)
    if at_hand is not None and at_hand.id not in trained:
        _not_yet(at_hand)
    elif not trained and st.button(
        say("Train a network first"),
        type="primary",
        icon=":material/arrow_forward:",
        key="train-first",
    ):
        state.choose_run(None)
        state.go("train", **state.address())
    if not trained:
        return None
    chosen = _choose(trained, at_hand, ask=gone)
    if chosen is not None and (at_hand is None or chosen.id != at_hand.id):
        state.choose_run(chosen)
        st.rerun()
    return chosen


def _choose(trained: dict[str, Run], at_hand: Run | None, ask: bool) -> Run | None:
    """The one at hand, or the newest where none was asked for; None where the user has to say."""
    ids = list(trained)
    if at_hand is not None:
        preset = at_hand.id if at_hand.id in trained else None
    else:
        preset = None if ask else ids[0]
    if preset is not None and len(ids) == 1:
        st.caption(say("Trained network: {name}", name=words.escaped(name(trained[preset]))))
        return trained[preset]
    chosen = st.selectbox(
        say("Trained network"),
        ids,
        index=None if preset is None else ids.index(preset),
        format_func=lambda each: name(trained[each]),
        placeholder=say("Choose a trained network"),
        key=state.key("choose", preset),
    )
    return None if chosen is None else trained[chosen]


def name(run: Run) -> str:
    """A run in a list: its data set, its date and what sets it apart; plain text."""
    results = run.results()
    parts = [words.bare(words.shortened(run.name, _DATA)), words.when(run.created)]
    if results:
        parts += [
            say("{share} right", share=words.percent(results["accuracy"])),
            several("{count} class", "{count} classes", len(results["classes"])),
        ]
    return " · ".join(filter(None, [*parts, _network(run)]))


def _is_whole(run: Run) -> bool:
    """Whether it has ended with a network; a damaged one can be deleted under Runs."""
    try:
        return run.results() is not None and bool(run.data_name)
    except UserError:
        return False


def _network(run: Run) -> str | None:
    """Which network, and how much of it was frozen; None where that is no longer known."""
    try:
        settings = run.settings
        backbone = backbone_of(settings)
    except UserError:  # damaged, or a module that is no longer in the catalogue
        return None
    if settings.from_scratch:
        depth = say("from scratch")
    elif not thaws(settings):
        depth = say("all frozen")
    elif settings.frozen_layers:
        depth = say("{count} frozen", count=settings.frozen_layers)
    else:
        depth = say("all thawed")
    return f"{words.bare(words.shortened(backbone.title, _TITLE))}, {depth}"


def _not_yet(at_hand: Run) -> None:
    st.info(say("This run has no trained network yet."), icon=":material/hourglass_top:")
    if st.button(
        say("Go to this run"), type="primary", icon=":material/arrow_forward:", key="to-run"
    ):
        state.go("train", run=at_hand.id)
