"""What the browser code of the components says: its translations travel with its data."""

from pathlib import Path
from typing import Any

from pages.language import catalogue
from pages.parts.shared import state

SAYING = Path(__file__).with_name("saying.js").read_text(encoding="utf-8")


def texts(script: str) -> dict[str, Any]:
    """The language of the visitor and what a script says in it, for `speak` in `saying.js`."""
    language = state.language()
    return {"language": language, "texts": catalogue.for_script(script, language)}
