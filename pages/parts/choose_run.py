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
    at_hand = None
    try:
        at_hand = state.run()
    except UserError as error:
        state.choose_run(None)
        st.error(words.plain(str(error)), icon=":material/error:")
    trained = [run for run in all_runs() if run.results() is not None]
    if not trained or (at_hand is not None and at_hand.results() is None):
        _nothing_yet(waiting, at_hand)
    if not trained:
        return None
    ids = [run.id for run in trained]
    index = ids.index(at_hand.id) if at_hand is not None and at_hand.id in ids else 0
    if at_hand is not None and at_hand.id not in ids:
        return None
    chosen = trained[0]
    if len(trained) > 1:
        names = {run.id: name(run) for run in trained}
        picked = st.selectbox(
            "Trained network", ids, index=index, format_func=names.get, key=f"run-{ids[index]}"
        )
        chosen = trained[ids.index(picked)]
    if at_hand is None or chosen.id != at_hand.id:
        state.choose_run(chosen)
        st.rerun()
    return chosen


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
