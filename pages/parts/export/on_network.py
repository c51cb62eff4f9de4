"""How others reach this server: by the name that this browser uses."""

from urllib.parse import SplitResult, urlsplit

import streamlit as st

from core.web import addresses


def address(path: str) -> str:
    """The whole address of a path of this server."""
    asked = _asked()
    return f"{asked.scheme}://{asked.netloc}{path}"


def only_here() -> bool:
    """Whether that address leads nowhere on any other computer."""
    return (_asked().hostname or "") in addresses.LOCAL


def _asked() -> SplitResult:
    return urlsplit(st.context.url or addresses.site().urls[0])
