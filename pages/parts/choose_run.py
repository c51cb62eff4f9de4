"""Choosing among the runs that have ended with a network to look at."""

import streamlit as st

from core.errors import UserError
from core.runs import Run, all_runs
from pages.parts import state, words


def draw(waiting: str) -> Run | None:
    """A selector of trained runs, set to the one at hand.

    Args:
        waiting: What the page would show, for when nothing is trained yet.

    Returns:
        The run, or None where there is none; then the page has said what to do.
    """
    state.adopt_address()
    try:
        at_hand = state.run()
    except UserError as error:
        st.error(words.plain(str(error)), icon=":material/error:")
        state.choose_run(None)
        at_hand = None
    trained = {run.id: run for run in all_runs() if run.results() is not None}
    if not trained or (at_hand is not None and at_hand.id not in trained):
        _nothing_yet(waiting, at_hand)
        return None
    ids = list(trained)
    chosen = ids[0] if at_hand is None else at_hand.id
    if len(ids) > 1:
        chosen = st.selectbox(
            "Trained network",
            ids,
            index=ids.index(chosen),
            format_func=lambda each: name(trained[each]),
            key=f"choose-{chosen}",
        )
    if at_hand is None or chosen != at_hand.id:
        state.choose_run(trained[chosen])
        st.rerun()
    return trained[chosen]


def name(run: Run) -> str:
    """How a run is told from others in a list; plain text."""
    results = run.results()
    right = f" · {words.percent(results['accuracy'])} right" if results else ""
    return f"{run.data}{right} · {words.when(run.folder.stat().st_mtime)}"


def _nothing_yet(waiting: str, at_hand: Run | None) -> None:
    st.write(waiting)
    if at_hand is not None:
        st.info("This run has no trained network, or not yet.", icon=":material/hourglass_top:")
        if st.button("Go to this run", type="primary", icon=":material/arrow_forward:"):
            state.go("train", run=at_hand.id)
    elif st.button("Train a network first", type="primary", icon=":material/arrow_forward:"):
        state.go("train", **state.address())
