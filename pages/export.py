"""The Export page: a trained network for other programs, in a zip that was tried beforehand."""

import streamlit as st

from core.backbones.catalogue.rows import backbone_of
from core.errors import UserError
from core.exports import pictures
from core.exports.micro import boards
from core.exports.table import FORMATS
from core.jobs import exporting
from core.storage.runs import Run
from pages.parts.export import offered, programs
from pages.parts.shared import choose_run, state, words
from pages.parts.shared.words import later, say

_WAITING = later(
    "Here you take a trained network with you: for a phone, a website, a small computer or your "
    "own program. Before you get it, Thaw has tried it on your pictures."
)
_WIDGET = "export"


def main() -> None:
    st.title(say("Export"), anchor=False)
    run = choose_run.draw(say(_WAITING))
    if run is None:
        return
    found = offered.every(run)
    offered.draw(run, found)
    if not found.under_way:
        order(run, first=not found.ready)
    programs.draw(run)


def order(run: Run, *, first: bool) -> None:
    """What to export it to, and the button that does.

    Args:
        run: The run.
        first: Whether there is no export of it yet, so that this is the next step.
    """
    st.header(say("Where will it run?"), anchor=False)
    if message := state.notice(_WIDGET):
        st.error(words.plain(message), icon=":material/error:")
    chosen = st.radio(
        say("Format"),
        list(FORMATS),
        format_func=lambda name: FORMATS[name].title,
        captions=[say(each.description) for each in FORMATS.values()],
        key="export-format",
        label_visibility="collapsed",
    )
    known = pictures.stored(run) is not None
    lesson = FORMATS[chosen].lesson is not None
    too_large = _too_large(run) if chosen == "arduino" else None
    if too_large is not None:
        st.caption(words.plain(too_large))
    own = not lesson and too_large is None and _own_samples(known=known)
    if lesson and not known:
        st.caption(
            say(
                "The data set was deleted, so the code cannot be tried, and what was not tried is "
                "not offered. Add the pictures again and train on them."
            )
        )
    st.button(
        say("Export as {title}", title=FORMATS[chosen].title),
        type="primary" if first else "secondary",
        icon=":material/ios_share:",
        key="export-now",
        disabled=(lesson and not known) or too_large is not None,
        on_click=_order,
        args=(run, chosen, own),
    )


def _too_large(run: Run) -> str | None:
    """Why no microcontroller has room for a run's network; None where one may have."""
    try:
        boards.check(boards.least(backbone_of(run.settings)))
    except UserError as error:
        return error.said
    return None


def _own_samples(*, known: bool) -> bool:
    """Whether pictures of the data set may leave with a network.

    Args:
        known: Whether the data set is still here.
    """
    own = st.checkbox(
        say("Put five of the pictures into the zip"),
        key="export-pictures",
        disabled=not known,
        help=say(
            "The zip holds pictures to try it on, with the answers to expect. Without this tick "
            "they are drawings. Pictures leave without the place, time and serial number that "
            "cameras write into them."
        ),
    )
    if not known:
        st.caption(
            say(
                "The data set was deleted, so the export is tried on drawings: its answers are "
                "compared with Thaw's, but its accuracy is not measured."
            )
        )
    return own and known


def _order(run: Run, format_name: str, own_samples: bool) -> None:
    try:
        exporting.submit(run, format_name, own_samples=own_samples)
    except UserError as error:
        state.keep_notice(error, _WIDGET)


main()
