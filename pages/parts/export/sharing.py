"""Sharing an export: a link with a QR code, for an hour, a day or a week."""

from functools import partial
from pathlib import Path

import streamlit as st

from core import sharing as links
from core.errors import UserError
from core.exports import sharing
from core.exports.kept import Kept
from core.storage.runs import Run
from core.web.shares import exports as shares
from pages.parts.export import link
from pages.parts.shared import problem, state
from pages.parts.shared.words import say


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
        link.durations(folder.name, partial(_share, folder, made))


def draw(run: Run, folder: Path) -> None:
    """The link, where there is one.

    Args:
        run: The run.
        folder: The export's.
    """
    problem.draw(_near(folder))
    share = _shared(folder)
    if share is not None:
        path = shares.address(run, folder, share)
        link.draw(share, path, folder.name, partial(sharing.stop, folder))


def _shared(folder: Path) -> links.Share | None:
    try:
        return links.at(folder)
    except UserError:  # a new link takes its place
        return None


def _share(folder: Path, made: Kept, seconds: float) -> None:
    try:
        sharing.share(folder, made, seconds)
    except UserError as error:
        state.keep_notice(error, _near(folder))


def _near(folder: Path) -> str:
    return f"share-{folder.name}"
