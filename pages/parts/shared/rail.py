"""The rail of steps on every page: where we are, and what is behind us."""

import streamlit as st
from streamlit.navigation.page import Page

from core.jobs import queue
from core.jobs.queue import UnderWay
from core.storage.job import RunStatus
from pages.language.catalogue import LANGUAGES
from pages.parts.shared import look, state, words
from pages.parts.shared.words import later, say, several

# Half a snowflake, half a sun: what Thaw is about. Drawings of our own, for Streamlit would fetch
# an icon for the browser's tab from the internet.
_FLAKE = """<g fill="none" stroke-width="3" stroke-linecap="round">
<path stroke="#3b9ae0" d="M16 16V3M16 16L4.7 9.5M16 16L4.7 22.5M16 7l-3-3M16 7l3-3M8.2 11.5l-1-4
M8.2 11.5l-4.1 1.1M8.2 20.5l-4.1-1.1M8.2 20.5l-1 4"/>
<path stroke="#f07a2e" d="M16 16V29M16 16L27.3 9.5M16 16L27.3 22.5M16 25l-3 3M16 25l3 3
M23.8 11.5l1-4M23.8 11.5l4.1 1.1M23.8 20.5l4.1-1.1M23.8 20.5l1 4"/></g>"""
_ICON = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{_FLAKE}</svg>'
_LOGO = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 108 32" width="108" height="32">
{_FLAKE}<text x="38" y="24" font-family="sans-serif" font-size="24" font-weight="700"
fill="#3b9ae0">th<tspan fill="#f07a2e">aw</tspan></text></svg>"""

_WIDTH = 1120  # of a page, in pixels
_NAME = 16  # letters of a data set's name, so that the line fits on a phone
_OFTEN, _SELDOM = 2.0, 10.0  # seconds between two looks for trainings: while there are some, else
_STEPS = {
    "data": (later("Data"), later("Add the pictures to learn from, one folder per class.")),
    "train": (later("Train"), later("Choose how much of the network to thaw and watch it learn.")),
    "evaluate": (later("Evaluate"), later("See how well it learned and which mistakes it makes.")),
    "predict": (later("Predict"), later("Show it new pictures and see what it thinks.")),
    "export": (later("Export"), later("Take the trained network with you.")),
}


def draw() -> None:
    """Page config, steps, and below them the page that was asked for."""
    st.set_page_config(page_title="Thaw", page_icon=_ICON, layout="wide")
    look.draw()
    state.adopt_address()
    pages = {
        name: st.Page(
            f"{name}.py",
            title=say(title),
            help=say(help_text),
            url_path=name,
            default=name == "data",
        )
        for name, (title, help_text) in _STEPS.items()
    }
    runs = st.Page(
        "runs.py",
        title=say("Runs"),
        help=say("All your data sets and trained networks: open, rename or delete them."),
        url_path="runs",
    )
    page = st.navigation([*pages.values(), runs], position="hidden")
    with st.container(horizontal_alignment="center"), st.container(width=_WIDTH):
        _rail(pages, runs)
        found = _own_trainings()
        every = _OFTEN if found else _SELDOM
        st.fragment(_under_way, run_every=every)(pages["train"], [found])
        page.run()


def _rail(pages: dict[str, Page], runs: Page) -> None:
    done = state.done()
    with st.container(key="rail", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.image(_LOGO, width=108, alt="Thaw")
        for place, (name, page) in enumerate(pages.items(), start=1):
            icon = ":material/check_circle:" if name in done else f":material/counter_{place}:"
            st.page_link(page, icon=icon, query_params=state.address())
        st.space("stretch")
        st.page_link(runs, icon=":material/inventory_2:", query_params=state.address())
        _choose_language()


def _choose_language() -> None:
    """The browser's language is preset; another one is kept in the address."""
    with (
        st.container(key="choose-language-place", width="content"),
        st.popover(say("Language"), icon=":material/translate:", type="tertiary"),
    ):
        st.radio(
            say("Language"),
            list(LANGUAGES),
            list(LANGUAGES).index(state.language()),
            format_func=LANGUAGES.__getitem__,
            label_visibility="collapsed",
            key="choose-language",
            on_change=lambda: state.choose_language(st.session_state["choose-language"]),
        )


def _own_trainings() -> list[UnderWay]:
    return [each for each in queue.under_way() if each.run.space == state.space()]


def _under_way(train: Page, known: list[list[UnderWay]]) -> None:
    """Which training is running, how long it will take, and a link to it.

    Args:
        train: The page that it is watched on.
        known: What is known when the page is drawn; taken away, so that later it is asked for.
    """
    found = known.pop() if known else _own_trainings()
    if not found:
        return
    first, waiting = found[0], sum(each.status is RunStatus.QUEUED for each in found[1:])
    name = words.plain(words.shortened(first.name, _NAME))
    if first.status is RunStatus.RUNNING:
        label = say("Training {name}", name=name) + words.left(first.seconds_left)
    elif first.status is RunStatus.QUEUED:
        label = say("{name} is about to start training", name=name)
    else:
        label = say("Finishing {name}", name=name)
    if waiting:
        label += f" · {several('{count} run waiting', '{count} runs waiting', waiting)}"
    st.page_link(
        train, label=label, icon=":material/model_training:", query_params={state.RUN: first.run.id}
    )
