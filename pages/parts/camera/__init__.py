"""Taking pictures of one class with the camera of whoever looks at the page, one or a burst.

A component of Thaw's own: `st.camera_input` takes single pictures, and `streamlit-webrtc` sends a
film to the server and asks a host on the internet for the way to it. Here pictures stay in the
browser until they are wanted, and go up as a zip as a dropped folder does.
"""

from pathlib import Path

from pages.parts import upload_zone
from pages.parts.upload_zone import Brought

_FOLDER = Path(__file__).parent
_HTML, _CSS, _SCRIPT = (
    (_FOLDER / name).read_text(encoding="utf-8")
    for name in ("camera.html", "camera.css", "camera.js")
)

_camera = upload_zone.component(
    "camera",
    _HTML,
    upload_zone.text("zone.css") + _CSS,
    upload_zone.text(*upload_zone.SENDING),
    _SCRIPT,
)


def draw(key: str, dataset: str, origin: str, label: str) -> Brought | None:
    """The camera, off until somebody turns it on; what was taken for a class, once it has come.

    The pictures of one session are called alike up to a number, as in `camera 2026-11-26
    14.03.22_001.jpg`, so that grouping by name keeps them on one side of the split.
    """
    return upload_zone.draw_component(_camera, key, dataset, origin, label)
