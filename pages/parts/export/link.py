"""A link that others open: durations to choose from, and its address with a QR code."""

from collections.abc import Callable

import segno
import streamlit as st

from core.sharing import DURATIONS, Share
from pages.parts.export import on_network
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say

_FOR = {
    "hour": later("For an hour"),
    "day": later("For a day"),
    "week": later("For a week"),
}
_CODE = 6  # pixels of one of its squares
_ROUND_IT = 4  # squares that have to be white


def durations(key: str, share: Callable[[float], None], *, disabled: bool = False) -> None:
    """A button for each time that a link may be good.

    Args:
        key: Of what is shared.
        share: Called with that many seconds.
        disabled: Whether there is nothing to share.
    """
    for name, seconds in DURATIONS.items():
        st.button(
            say(_FOR[name]),
            key=state.key("share", name, key),
            on_click=share,
            args=(seconds,),
            disabled=disabled,
            width="stretch",
        )


def draw(share: Share, path: str, key: str, stop: Callable[[], None]) -> None:
    """The link.

    Args:
        share: It.
        path: Its path on this server.
        key: Of what is shared.
        stop: Takes it back.
    """
    address = on_network.address(path)
    code, beside = st.columns([1, 3], vertical_alignment="center")
    picture = segno.make(address, error="m").png_data_uri(scale=_CODE, border=_ROUND_IT)
    code.image(picture, alt=say("QR code of the link"))
    with beside:
        st.code(address, language=None, wrap_lines=True)
        st.caption(say("Good until {time}. Anybody who has this link can open it.",
                       time=words.when(share.until)))  # fmt: skip
        if on_network.only_here():
            st.warning(
                say(
                    "This address works on this computer alone. Open Thaw by a name or an address "
                    "that other computers know, and share it from there."
                ),
                icon=":material/warning:",
            )
        st.button(
            say("Stop sharing"),
            icon=":material/link_off:",
            key=state.key("stop-sharing", key),
            on_click=stop,
        )
