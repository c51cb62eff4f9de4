"""The place to drop files of any size: they go up through `uploads`.

A component without a build step: `zone.html`, `zone.css`, and four scripts that are read as one.
It is there four times: for a whole data set, for pictures that all come to one class, for
pictures that a run is judged on, and for pictures that it is to name. What is sent goes on while
another page is looked at, so it remembers itself where it is meant to go.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.intake import limits
from core.web import uploads
from pages.components import spoken
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say

_FOLDER = Path(__file__).parent
SENDING = ("folder.js", "sending.js")


@dataclass(frozen=True)
class Brought:
    """An upload that has come whole, for `incoming.take`; all of it is the browser's word for it.

    Attributes:
        upload_id: Its id.
        secret: Its secret.
        dataset: The data set, or the run, that it is meant for; empty where it is to be one.
        origin: The class that it is meant for, as it was first called: it may be renamed while
            pictures are on their way.
    """

    upload_id: str
    secret: str
    dataset: str
    origin: str


def component(name: str, html: str, css: str, *scripts: str) -> Any:
    """A component that sends files. What it was sending in a tab is remembered under its name."""
    script = "\n".join([f'const REMEMBERED = "thaw-{name}";', spoken.SAYING, *scripts])
    drawn = st.components.v2.component(name, html=html, css=css, js=script)

    def draw_it(data: dict[str, Any], **more: Any) -> Any:
        return drawn(data=data | spoken.texts(script), **more)

    return draw_it


def text(*names: str) -> str:
    """Files of this folder, one after the other."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def draw_component(
    made: Any, key: str, dataset: str = "", origin: str = "", label: str = "", **more: Any
) -> Brought | None:
    """Draw a component that sends files, and hear what it has sent.

    Args:
        made: As `component` has made it.
        key: Its key; a new one is an empty one.
        dataset: The data set that what is chosen now is meant for.
        origin: The class, as it was first called.
        label: What it is called now.
        more: Whatever else its script is given.
    """
    told = made(
        key=key,
        data={
            "address": uploads.path(),
            "permit": uploads.permit(state.space(), state.page()),
            "block": uploads.BLOCK,
            "limit": limits.current().upload_bytes,
            "dataset": dataset,
            "origin": origin,
            "label": words.seen(label),
            **more,
        },
        default={"brought": None},
        on_brought_change=lambda: None,  # the page is run anew, which is all that is needed
    )
    match told.brought:
        case {"id": str(one), "secret": str(two), "dataset": str(three), "origin": str(four)}:
            return Brought(one, two, three, four)
    return None


_whole, _pictures, _labelled, _unlabelled = (
    component(name, text("zone.html"), text("zone.css"), text(*SENDING, "pasting.js", "zone.js"))
    for name in ("upload_zone", "picture_zone", "labelled_zone", "unlabelled_zone")
)
_LOOSE = later(
    "These pictures are not in folders, so their classes are unknown. Put the pictures of each "
    "class in a folder named after it and drop the folders here."
)


def draw(key: str) -> tuple[str, str] | None:
    """The place to drop a zip or a folder of class folders; id and secret of what has come."""
    other = say("Or name your classes under “With the camera” and then drop the pictures of each.")
    brought = draw_component(_whole, key, loose=f"{say(_LOOSE)} {other}")
    return (brought.upload_id, brought.secret) if brought else None


def draw_for_class(key: str, dataset: str, origin: str, label: str) -> Brought | None:
    """The place to drop pictures, a folder or a zip of one class."""
    return draw_component(_pictures, key, dataset, origin, label)


def draw_for_run(key: str, run: str) -> Brought | None:
    """The place to drop a zip or a folder of class folders on which a run is to be judged."""
    return draw_component(_labelled, key, run, loose=say(_LOOSE))


def draw_for_answers(key: str, run: str) -> Brought | None:
    """The place to drop pictures, a folder or a zip that a run is to name."""
    return draw_component(_unlabelled, key, run, unlabelled=True)
