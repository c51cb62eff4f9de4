"""Choosing among the runs that have ended with a network to look at."""

import streamlit as st

from core.backbones.catalogue.rows import backbone_of, thaws
from core.errors import UserError
from core.storage.runs import Run, all_runs
from pages.parts.shared import state, words

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
            "This run is gone: it was deleted, or its address is mistyped.",
            icon=":material/search_off:",
        )
    trained = {run.id: run for run in all_runs() if _is_whole(run)}
    if not trained:
        st.write(waiting)
    if at_hand is not None and at_hand.id not in trained:
        _not_yet(at_hand)
    elif not trained and st.button(
        "Train a network first", type="primary", icon=":material/arrow_forward:"
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
        st.caption(f"Trained network: {words.escaped(name(trained[preset]))}")
        return trained[preset]
    chosen = st.selectbox(
        "Trained network",
        ids,
        index=None if preset is None else ids.index(preset),
        format_func=lambda each: name(trained[each]),
        placeholder="Choose a trained network",
        key=state.key("choose", preset),
    )
    return None if chosen is None else trained[chosen]


def name(run: Run) -> str:
    """How a run is told from others in a list; plain text."""
    results = run.results()
    told = [words.bare(words.shortened(run.name, _DATA)), words.when(run.created)]
    if results:
        told += [
            f"{words.percent(results['accuracy'])} right",
            words.several(len(results["classes"]), "class", "classes"),
        ]
    return " · ".join(filter(None, [*told, _network(run)]))


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
        depth = "from scratch"
    elif not thaws(settings):
        depth = "all frozen"
    else:
        depth = f"{settings.frozen_layers} frozen" if settings.frozen_layers else "all thawed"
    return f"{words.bare(words.shortened(backbone.title, _TITLE))}, {depth}"


def _not_yet(at_hand: Run) -> None:
    st.info("This run has no trained network, or not yet.", icon=":material/hourglass_top:")
    if st.button("Go to this run", type="primary", icon=":material/arrow_forward:"):
        state.go("train", run=at_hand.id)
