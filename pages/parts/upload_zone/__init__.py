"""Where people drop a zip or a folder, however large: its files go up through `upload_route`.

A component without a build step: `zone.html`, `zone.css`, and three scripts that are read as one.
"""

from pathlib import Path

import streamlit as st

from core.data import limits
from pages.parts import upload_route

_FOLDER = Path(__file__).parent
_SCRIPTS = ("folder.js", "sending.js", "zone.js")


def _text(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


_zone = st.components.v2.component(
    "upload_zone", html=_text("zone.html"), css=_text("zone.css"), js=_text(*_SCRIPTS)
)


def draw(key: str) -> tuple[str, str] | None:
    """The place to drop them; id and secret of an upload that has come whole, for `incoming.take`.

    They are the browser's word for it.
    """
    told = _zone(
        key=key,
        data={
            "address": upload_route.path(),
            "permit": upload_route.PERMIT,
            "block": upload_route.BLOCK,
            "limit": f"{limits.current().upload_bytes / 1e9:g} GB",
        },
        default={"brought": None},
        on_brought_change=lambda: None,  # the page is run anew, which is all that is needed
    )
    match told.brought:
        case {"id": str(upload_id), "secret": str(secret)}:
            return upload_id, secret
    return None
