"""Sharing an export: a link with a QR code, for an hour, a day or a week."""

from pathlib import Path

import segno
import streamlit as st

from core.errors import UserError
from core.exports import sharing
from core.exports.kept import Kept
from core.exports.sharing import DURATIONS
from core.storage.runs import Run
from core.web import shares
from pages.parts.export import on_network
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import later, say

_FOR = {
    "hour": later("For an hour"),
    "day": later("For a day"),
    "week": later("For a week"),
}
_CODE = 6  # pixels of one of its squares
_ROUND_IT = 4  # squares that have to be white


def offer(run: Run, folder: Path, made: Kept) -> None:
    """The button that makes a link, if there is none.

    Args:
        run: The run.
        folder: The export's.
        made: The export that is shared.
    """
    if _shared(folder) is not None:
        return
    with st.popover(say("Share"), icon=":material/qr_code_2:"):
        st.write(
            say("Others scan a QR code or open a link, and try the network in their own browser.")
            if made.format.name == "web"
            else say("Others scan a QR code or open a link, and download this export.")
        )
        if made.own_samples:
            st.caption(say("Five of your pictures go with it. To leave them out, export again."))
        for name, seconds in DURATIONS.items():
            st.button(
                say(_FOR[name]),
                key=state.key("share", name, folder.name),
                on_click=_share,
                args=(folder, made, seconds),
                width="stretch",
            )


def draw(run: Run, folder: Path) -> None:
    """The link, where there is one.

    Args:
        run: The run.
        folder: The export's.
    """
    near = _near(folder)
    problem.draw(near)
    share = _shared(folder)
    if share is None:
        return
    address = on_network.address(shares.address(run, folder, share))
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
            key=state.key("stop-sharing", folder.name),
            on_click=sharing.stop,
            args=(folder,),
        )


def _shared(folder: Path) -> sharing.Share | None:
    try:
        return sharing.shared(folder)
    except UserError:  # a new link takes its place
        return None


def _share(folder: Path, made: Kept, seconds: float) -> None:
    try:
        sharing.share(folder, made, seconds)
    except UserError as error:
        state.keep_notice(error, _near(folder))


def _near(folder: Path) -> str:
    return f"share-{folder.name}"
