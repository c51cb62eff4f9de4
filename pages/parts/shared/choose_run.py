"""Choosing among the runs that have ended with a network to look at."""

from datetime import date
from functools import lru_cache

import streamlit as st

from core.errors import UserError
from core.results.overview import rows
from core.results.overview.rows import Row
from core.storage.runs import Run
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say, several

NETWORK_STAYED = later(
    "This run came in a project without its network, which contains a TensorFlow Hub module: a "
    "program that Thaw cannot check. Add that module here and train again to use it."
)
_DATA, _TITLE = 14, 18  # letters of the data set's and the network's names that a phone can show


def draw(waiting: str, *, network: bool = True) -> Run | None:
    """A selector of trained runs, set to the one at hand.

    Where the one at hand is gone or has no network, nothing is shown in its place until the
    user has chosen.

    Args:
        waiting: What the page would show, for when nothing is trained yet.
        network: Whether the page needs the network itself; results alone will do otherwise.

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
    trained = {
        row.run.id: row
        for row in rows.rows(state.space())
        if row.accuracy is not None and (row.network or not network)
    }
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


def _choose(trained: dict[str, Row], at_hand: Run | None, ask: bool) -> Run | None:
    """The one at hand, or the newest where none was asked for; None where the user has to say."""
    ids = list(trained)
    if at_hand is not None:
        preset = at_hand.id if at_hand.id in trained else None
    else:
        preset = None if ask else ids[0]
    if preset is not None and len(ids) == 1:
        st.caption(say("Trained network: {name}", name=words.escaped(_name(trained[preset]))))
        return trained[preset].run
    titles = words.numbered(_name(row) for row in trained.values())
    chosen = st.selectbox(
        say("Trained network"),
        ids,
        index=None if preset is None else ids.index(preset),
        format_func=dict(zip(ids, titles, strict=True)).__getitem__,
        placeholder=say("Choose a trained network"),
        key=state.key("choose", preset),
    )
    return None if chosen is None else trained[chosen].run


def name(run: Run) -> str:
    """A run in a list: its data set, its date and what sets it apart; plain text."""
    return "".join(_name(row) for row in rows.of([run]))


def _name(row: Row) -> str:
    return _written(row, state.language(), date.today())


@lru_cache(maxsize=10_000)
def _written(row: Row, language: str, today: date) -> str:
    """The same, written once for each language and day: there may be a thousand runs."""
    parts = [words.bare(words.shortened(row.name, _DATA)), words.when(row.created)]
    if row.accuracy is not None and row.classes is not None:
        parts += [
            say("{share} right", share=words.percent(row.accuracy)),
            several("{count} class", "{count} classes", row.classes),
        ]
    if row.layers is not None:  # else it is no longer in the catalogue
        parts.append(f"{words.bare(words.shortened(row.backbone, _TITLE))}, {say(row.frozen)}")
    return " · ".join(parts)


def _not_yet(at_hand: Run) -> None:
    if at_hand.results_path.is_file() and not at_hand.has_model:
        st.info(say(NETWORK_STAYED), icon=":material/lock:")
        if st.button(
            say("See the results"),
            type="primary",
            icon=":material/arrow_forward:",
            key="to-results",
        ):
            state.go("evaluate", run=at_hand.id)
        return
    st.info(say("This run has no trained network yet."), icon=":material/hourglass_top:")
    if st.button(
        say("Go to this run"), type="primary", icon=":material/arrow_forward:", key="to-run"
    ):
        state.go("train", run=at_hand.id)
