"""Taking pictures of all classes with the camera of the person at the page, one or a burst.

A component of Thaw's own: `st.camera_input` takes single pictures, and `streamlit-webrtc` sends a
film to the server and asks a host on the internet for the way to it. Here pictures stay in the
browser until they are wanted, and go up as a zip as a dropped folder does.
"""

from pathlib import Path

from core.datasets.dataset import Dataset
from pages.components import upload_zone
from pages.components.upload_zone import Brought
from pages.parts.shared import words

_FOLDER = Path(__file__).parent
FILM, _HTML, _CSS, _SCRIPT = (
    (_FOLDER / name).read_text(encoding="utf-8")
    for name in ("film.js", "camera.html", "camera.css", "camera.js")
)

_camera = upload_zone.component(
    "camera",
    _HTML,
    upload_zone.text("zone.css") + _CSS,
    upload_zone.text(*upload_zone.SENDING),
    FILM,
    _SCRIPT,
)


def draw(
    key: str, chosen: str, dataset: Dataset, label: str, *, busy: bool, heard: str | None
) -> Brought | None:
    """The camera, off until somebody turns it on; what was taken of a class, once it has come.

    It stays on while the page is drawn anew under the same key. Pictures of a class that are taken
    without a pause are named alike up to a number, as in `camera 2026-11-26 14.03.22_001.jpg`, so
    that grouping by name keeps them on one side of the split.

    Args:
        key: Its key, of the data set alone.
        chosen: The stored data set.
        dataset: The data set.
        label: The class that the page shows.
        busy: Whether pictures are being added; those of the next class wait for them.
        heard: The last upload that was taken over.
    """
    alike = words.distinct(dataset.classes, 30)
    classes = [
        {"origin": origin, "label": alike[name], "count": dataset.counts[name]}
        for origin, name in zip(dataset.origins, dataset.classes, strict=True)
    ]
    origin = dataset.origins[dataset.classes.index(label)]
    return upload_zone.draw_component(
        _camera, key, chosen, origin, classes=classes, busy=busy, heard=heard
    )
