"""A switch by which programs may ask a network over HTTP, and what they have to say to it."""

import streamlit as st

from core.errors import UserError
from core.storage.runs import Run
from core.web.api import examples, published
from pages.parts.export import on_network
from pages.parts.shared import state, words
from pages.parts.shared.words import say

_KEY = "programs"


def draw(run: Run) -> None:
    """The switch, off until somebody presses it; below it what a program needs."""
    st.header(say("Use it from a program"), anchor=False)
    st.write(
        say(
            "A program of yours, on this computer or another one, sends a picture over HTTP and "
            "gets the answer as JSON, for as long as Thaw runs. The pictures are not kept."
        )
    )
    if message := state.notice(_KEY):
        st.error(words.plain(message), icon=":material/error:")
    token = published.token(run)
    switch = state.key(_KEY, run.id)
    st.session_state[switch] = token is not None  # as another tab may have set it
    st.toggle(
        say("Programs may ask this network"), key=switch, on_change=_switched, args=(run, switch)
    )
    if token is not None:
        _how(run, token)


def _switched(run: Run, switch: str) -> None:
    if st.session_state[switch]:
        _publish(run)
    else:
        published.withdraw(run)


def _publish(run: Run) -> None:
    try:
        published.publish(run)
    except UserError as error:
        state.keep_notice(error, _KEY)


def _how(run: Run, token: str) -> None:
    address = on_network.address(published.address(run))
    st.markdown(say("Address"))
    st.code(f"{address}predict", language=None, wrap_lines=True)
    st.markdown(say("Token: whoever knows it may ask this network, and do nothing else"))
    st.code(token, language=None, wrap_lines=True)
    curl, python = st.tabs([say("Terminal (curl)"), say("Python")])
    curl.code(examples.curl(address, token), language="bash", wrap_lines=True)
    python.code(examples.python(address, token), language="python", wrap_lines=True)
    with st.container(horizontal=True):
        st.link_button(say("API description"), published.address(run), icon=":material/api:")
        st.link_button(
            say("Client in Python"),
            f"{published.address(run)}thaw_client.py",
            icon=":material/code:",
            help=say("One file to put beside your program; it needs nothing else."),
        )
        st.button(
            say("New token"),
            icon=":material/key:",
            key=state.key("new-token", run.id),
            on_click=_publish,
            args=(run,),
            help=say("Programs that use the present token are refused from then on."),
        )
