"""The live view: what the camera sees, and what a network says of it.

A component of Thaw's own, for the reason that `camera` gives. Frames go to `frames` one by one and
are answered there; the page itself is not run again for them.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from core.results import names
from core.storage import home
from core.storage.runs import Run, read_facts
from core.web import frames
from pages.components import camera, spoken, upload_zone
from pages.parts.shared import state, words

_FOLDER = Path(__file__).parent
_HTML, _CSS, *_SCRIPTS = (
    (_FOLDER / name).read_text(encoding="utf-8")
    for name in ("live.html", "live.css", "given.js", "show.js", "live.js")
)
_SCRIPT = "\n".join([spoken.SAYING, upload_zone.text("pasting.js"), camera.FILM, *_SCRIPTS])
_live = st.components.v2.component(
    "live", html=_HTML, css=upload_zone.text("zone.css") + _CSS, js=_SCRIPT
)
_NAME = 30  # letters of a class's name


def draw(key: str, run: Run) -> None:
    """The live view, off until somebody turns it on.

    Args:
        key: Its key. It stays on under the same one, also when another run is chosen.
        run: It has a model.
    """
    alike = words.distinct(names.by_now(run).values(), _NAME)
    data: dict[str, Any] = {
        "address": frames.address(run, state.page()),
        "run": run.id,
        "show": run.dataset_id or run.id,  # so that it stays when one trains again
        "size": read_facts(run.folder, home.MODEL_FACTS, "input_size")["input_size"],
        "square": str(run.settings.square),
        "classes": [{"name": name, "shown": shown} for name, shown in alike.items()],
    }
    _live(key=key, data=data | spoken.texts(_SCRIPT))
