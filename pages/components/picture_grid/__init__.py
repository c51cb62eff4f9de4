"""Pictures of a data set in a grid: a click ticks one, another opens it as large as the window.

A component of Thaw's own. Streamlit's pictures can't be clicked, and each of them has a button that
the Tab key stops at; here the whole grid is one stop, and the arrow keys walk in it. Pictures come
from `pictures`, those in sight first.

Ticks are shown at once and told to the server, which says which it has heard: what it says of
others may be older than the last click.
"""

from collections.abc import Sequence, Set
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset, Record
from core.web import pictures
from pages.components import spoken
from pages.parts.shared import state, words

_FOLDER = Path(__file__).parent
_HTML, _CSS, _SCRIPT = (
    (_FOLDER / name).read_text(encoding="utf-8") for name in ("grid.html", "grid.css", "grid.js")
)
_SCRIPT = f"{spoken.SAYING}\n{_SCRIPT}"
_grid = st.components.v2.component("picture_grid", html=_HTML, css=_CSS, js=_SCRIPT)
_NAME = 16  # letters of a file's name below its picture


def draw(
    key: str,
    chosen: str,
    dataset: Dataset,
    records: Sequence[Record],
    ticked: Set[str] | None = None,
    captions: Sequence[str] | None = None,
    width: int = 104,
    told: Sequence[str] | None = None,
    selection: str | None = None,
) -> None:
    """Show pictures.

    Args:
        key: Its key. Under the same one it stays as it is while it shows other pictures.
        chosen: The data set's id.
        dataset: The data set.
        records: Which of its pictures.
        ticked: Files of those that are ticked, perhaps of others too. None where a click opens.
        captions: The text below each, its names as by `words.bare`; None for the files' names.
        width: Least width of a picture, in pixels.
        told: What is said of each picture in full, likewise; None for its class and file name.
        selection: Which selection the ticks belong to; None for the data set's own.
    """
    names = [Path(record.file).name for record in records]
    short = words.apart(names, _NAME)
    below = [short[name] for name in names] if captions is None else captions
    if told is None:
        told = [
            f"{words.bare(record.label)}: {words.bare(name)}"
            for record, name in zip(records, names, strict=True)
        ]
    _grid(
        key=key,
        data={
            "address": f"{pictures.path()}/{chosen}",
            "query": pictures.query(state.folder_of(chosen), dataset.preparation),
            "pictures": [
                {
                    "file": record.file,
                    "digest": record.digest,
                    "caption": caption,
                    "told": sentence,
                    "size": f"{record.width} × {record.height}",
                }
                for record, caption, sentence in zip(records, below, told, strict=True)
            ],
            "ticked": None if ticked is None else [r.file for r in records if r.file in ticked],
            "heard": int(state.heard(key) or 0),
            "width": width,
            **spoken.texts(_SCRIPT),
        },
        on_ticks_change=lambda: _hear(key, selection or chosen),
    )


def _hear(key: str, selection: str) -> None:
    """Take over what was ticked since; all of it is the browser's word for it."""
    match st.session_state[key].get("ticks"):
        case {"number": int(number), "changed": dict(changed)}:
            picked = state.picked(selection)
            picked |= {file for file, on in changed.items() if on}
            picked -= {file for file, on in changed.items() if not on}
            state.hear(key, str(int(number)))
