"""What Streamlit's theme cannot express: heights, sizes for fingers, and focus."""

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
_STYLE = _FOLDER / "look.css"
_focus = st.components.v2.component(
    "popover_focus", js=(_FOLDER / "focus.js").read_text(encoding="utf-8")
)


def draw() -> None:
    """Apply both to the whole page."""
    st.html(_STYLE)
    _focus(key="popover-focus")
