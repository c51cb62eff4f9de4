"""Every page and state that people meet, by name: for pictures, and for what holds in all."""

import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from core.datasets.samples import samples
from core.saying import say
from core.storage import home
from core.storage.events import EventLog
from tests.browser.app import (
    TRAINED,
    Served,
    bring_sketches,
    new_context,
    press,
    race,
    settled,
    suggested,
    train,
)
from tests.browser.test_check_up import CHECKED, messy


class Scene:
    """What there is on the server before anybody looks; each is made when a state first needs it.

    Args:
        browser: In which it is made.
        served: Where.
        folder: For the archives that are dropped.
    """

    def __init__(self, browser: Browser, served: Served, folder: Path) -> None:
        self.served = served
        self._browser = browser
        self._folder = folder

    @contextmanager
    def _page(self) -> Iterator[Page]:
        context = new_context(self._browser)
        yield context.new_page()
        context.close()

    @cached_property
    def sketches(self) -> str:
        """A data set with nothing wrong in it."""
        with self._page() as page:
            return bring_sketches(page, self.served)

    @cached_property
    def run(self) -> str:
        """A run on the sketches that has ended."""
        with self._page() as page:
            train(page, self.served, self.sketches, epochs=20)
            page.get_by_role("button", name="See the results").wait_for(timeout=TRAINED)
            return page.url.partition("run=")[2]

    @cached_property
    def race(self) -> str:
        """A race on the sketches that has ended."""
        with self._page() as page:
            return race(page, self.served, self.sketches)

    @cached_property
    def messy(self) -> str:
        """A data set whose check-up has findings, and a file that was left out."""
        with self._page() as page:
            page.goto(self.served.url)
            page.locator("input.zip").set_input_files(messy(self._folder / "messy.zip"))
            page.wait_for_url("**data=**")
            page.get_by_role("tab", name="Check-up").click()
            press(page, "Check these pictures")
            page.get_by_text("most important first").wait_for(timeout=CHECKED)
            return _dataset(page)

    @cached_property
    def begun(self) -> str:
        """A data set of two classes without pictures."""
        with self._page() as page:
            page.goto(self.served.url)
            for place, label in enumerate(("cat", "dog"), 1):
                page.get_by_label(f"Class {place}", exact=True).fill(label)
                page.keyboard.press("Tab")
            settled(page)
            press(page, "Create these classes")
            page.wait_for_url("**data=**")
            return _dataset(page)

    @cached_property
    def opening(self) -> str:
        """A project that is being opened, at a moment that stays."""
        folder = self.served.home / "home" / "datasets" / home.new_id()
        folder.mkdir(parents=True)
        log = EventLog(folder / home.PROGRESS)
        log.append("queued", cluster=None, name="sketches.thaw", upload=None)
        log.append("started", host="here", pid=1)
        log.append("understood", read_as=say("This is a project that was saved with Thaw."))
        log.append("stage", stage="reading", done=90, total=240, seconds_left=7.0)
        return folder.name

    @cached_property
    def shared(self) -> str:
        """The link to a project with pictures and a run."""
        assert self.run
        with self._page() as page:
            page.goto(f"{self.served.url}/?data={self.sketches}")
            settled(page)
            press(page, "Share")
            page.get_by_text("240 pictures too").click()
            press(page, "For a week")
            link = page.get_by_text(re.compile("/shares/projects/"))
            link.wait_for(timeout=2 * TRAINED)
            return link.inner_text().strip()

    @cached_property
    def labelled(self) -> Path:
        """A zip of labelled pictures to judge the run on."""
        return _labelled(self._folder / "labelled.zip")


def _labelled(path: Path) -> Path:
    """The starter set's examples, as somebody might bring them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, picture, label in samples.examples("sketches"):
            archive.writestr(f"{label}/{name}", picture)
    return path


def _dataset(page: Page) -> str:
    return page.url.partition("data=")[2].partition("&")[0]


Reach = Callable[[Page, Scene], None]
STATES: dict[str, Reach] = {}


def _state(reach: Reach) -> Reach:
    STATES[reach.__name__.replace("_", "-")] = reach
    return reach


@contextmanager
def reached(name: str, page: Page, scene: Scene) -> Iterator[Page]:
    """A page in one of the states; what was started for it is stopped."""
    STATES[name](page, scene)
    settled(page)
    yield page
    stop = page.get_by_role("button", name="Stop and keep the best so far")
    if stop.count():
        stop.click()
        page.get_by_role("button", name="Train again").wait_for(timeout=TRAINED)


def _open(page: Page, scene: Scene, address: str) -> None:
    page.goto(scene.served.url + address)
    settled(page)


def _pictures_drawn(page: Page) -> None:
    """Every picture in sight has come."""
    page.wait_for_function(
        """() => {
            const pictures = (root) => [...root.querySelectorAll("*")].flatMap((each) =>
                each.matches("img") ? [each] : each.shadowRoot ? pictures(each.shadowRoot) : []);
            return pictures(document).filter((image) => image.checkVisibility())
                .filter((image) => image.getBoundingClientRect().top < innerHeight)
                .every((image) => image.complete && image.naturalWidth);
        }"""
    )


@_state
def start(page: Page, scene: Scene) -> None:
    _open(page, scene, "/")
    _pictures_drawn(page)


@_state
def data(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/?data={scene.sketches}")
    page.get_by_role("button", name="boat: boat-001.png", exact=True).wait_for()
    _pictures_drawn(page)


@_state
def data_adding(page: Page, scene: Scene) -> None:
    data(page, scene)
    page.get_by_text("Add pictures to").click()
    page.get_by_text("Drop pictures, a folder or a zip here").wait_for()


@_state
def data_ticked(page: Page, scene: Scene) -> None:
    data(page, scene)
    page.get_by_role("button", name="boat: boat-002.png", exact=True).click()
    page.get_by_text("1 picture selected").wait_for()


@_state
def data_large(page: Page, scene: Scene) -> None:
    data(page, scene)
    page.get_by_role("button", name="boat: boat-002.png", exact=True).press("Enter")
    page.get_by_role("dialog").wait_for()
    page.wait_for_function(
        "image => image.src.includes('large') && image.naturalWidth",
        arg=page.get_by_role("dialog").locator("img").element_handle(),
    )


@_state
def data_renaming(page: Page, scene: Scene) -> None:
    data(page, scene)
    press(page, "Rename")
    page.get_by_label("New name").wait_for()


@_state
def data_empty_class(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/?data={scene.begun}")
    page.get_by_text("has no pictures yet").wait_for()


@_state
def data_left_out(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/?data={scene.messy}")
    page.get_by_text("1 file left out").click()


@_state
def data_findings(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/?data={scene.messy}")
    page.locator(".picture").first.wait_for()
    settled(page)  # tabs that still come make the first one the one that is shown
    page.get_by_role("tab", name="Check-up").click()
    page.get_by_text("most important first").wait_for()
    _pictures_drawn(page)


@_state
def data_opening(page: Page, scene: Scene) -> None:
    """A project that is being opened."""
    _open(page, scene, f"/?data={scene.opening}")
    page.get_by_text("90 of 240").wait_for()


@_state
def data_numbers(page: Page, scene: Scene) -> None:
    data(page, scene)
    page.get_by_role("tab", name="Pictures per class").click()
    page.locator(".st-key-counts .bars").first.wait_for()


@_state
def train_settings(page: Page, scene: Scene) -> None:
    train_first(page, scene)
    page.get_by_text("More settings").click()
    page.get_by_label("Epochs", exact=True).wait_for()


@_state
def train_first(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/train?data={scene.sketches}")
    suggested(page)


@_state
def train_live(page: Page, scene: Scene) -> None:
    train(page, scene.served, scene.sketches, epochs=1000)
    page.locator(".st-key-chart-accuracy .js-line").first.wait_for(timeout=TRAINED)


@_state
def train_done(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/train?run={scene.run}")
    page.locator(".st-key-chart-accuracy .js-line").first.wait_for()


@_state
def train_race(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/train?run={scene.race}")
    page.locator(".st-key-chart-race .scatterlayer").wait_for()


@_state
def evaluate(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/evaluate?run={scene.run}")
    brought = page.get_by_text("Accuracy on labelled")
    if brought.count():
        press(page, "Delete")
        press(page, "Delete for good")
        brought.wait_for(state="detached")
    page.locator(".st-key-confusion .heatmaplayer").first.wait_for()


@_state
def evaluate_classes(page: Page, scene: Scene) -> None:
    evaluate(page, scene)
    page.get_by_role("tab", name="Class by class").click()


@_state
def evaluate_beside(page: Page, scene: Scene) -> None:
    """Two networks side by side."""
    assert scene.race
    evaluate(page, scene)
    page.get_by_role("tab", name="Other networks").click()
    others = page.get_by_role("combobox", name="Networks that were trained")
    others.click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)  # away from the table's toolbar
    page.locator(".st-key-overlay-of-networks .js-line").first.wait_for()


@_state
def predict(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/predict?run={scene.run}")
    clear = page.get_by_role("button", name="Clear")
    if clear.count():
        clear.click()
        clear.wait_for(state="detached")
    for number in (1, 2, 3):
        press(page, f"Try {number}")
        page.get_by_text("sure").nth(number - 1).wait_for()
    _pictures_drawn(page)


# A camera that films one picture, in a browser that has none.
_FILM = """(picture) => {
    navigator.mediaDevices.getUserMedia = async () => {
        const image = new Image();
        image.src = picture;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), {width: 480, height: 480});
        setInterval(() => canvas.getContext("2d").drawImage(image, 0, 0, 480, 480), 50);
        return canvas.captureStream(20);
    };
}"""


@_state
def predict_live(page: Page, scene: Scene) -> None:
    """What the network says of what a camera sees."""
    _, picture, label = samples.examples("sketches")[0]
    film = json.dumps(f"data:image/png;base64,{b64encode(picture).decode()}")
    page.add_init_script(f"({_FILM})({film})")
    _open(page, scene, f"/predict?run={scene.run}")
    press(page, "Watch live")
    page.locator(".live .name", has_text=label).wait_for(timeout=TRAINED)


@_state
def predict_why(page: Page, scene: Scene) -> None:
    """What an answer rests on."""
    predict(page, scene)
    why = page.get_by_role("button", name="Why?")
    why.nth(2).wait_for()
    why.first.click()
    page.get_by_role("dialog").get_by_text("nearest neighbours by cosine").wait_for()
    _pictures_drawn(page)


@_state
def export(page: Page, scene: Scene) -> None:
    """An export that can be downloaded, and what else there is to choose."""
    _open(page, scene, f"/export?run={scene.run}")
    if not page.get_by_role("link", name="Download").count():
        page.get_by_text("OpenVINO", exact=True).click()
        press(page, "Export as OpenVINO")
    page.get_by_role("link", name="Download").wait_for(timeout=TRAINED)
    page.get_by_role("button", name="Export as").wait_for()


@_state
def train_not_ready(page: Page, scene: Scene) -> None:
    """A network that has to be downloaded first."""
    train_first(page, scene)
    box = page.get_by_role("combobox", name=re.compile("pretrained backbone"))
    box.click()
    box.fill("VGG16")
    box.press("Enter")
    page.get_by_text("This network is not here yet").wait_for()


@_state
def evaluate_brought(page: Page, scene: Scene) -> None:
    """The place for labelled pictures, and what came out of some."""
    evaluate(page, scene)
    page.get_by_text("Evaluate it on other labelled pictures").click()
    page.locator("input.zip").set_input_files(scene.labelled)
    page.get_by_text("Accuracy on labelled").wait_for()
    settled(page)
    page.get_by_text("Evaluate it on other labelled pictures").click()
    page.get_by_text("Drop a zip or a folder here").wait_for()


@_state
def runs(page: Page, scene: Scene) -> None:
    _open(page, scene, f"/runs?run={scene.run}")


@_state
def runs_ticked(page: Page, scene: Scene) -> None:
    """Two runs, and their curves in one chart."""
    assert scene.race
    runs(page, scene)
    table = page.get_by_test_id("stDataFrame").locator(".dvn-scroller")
    for row in (1, 2):
        table.click(position={"x": 18, "y": 35 * row + 18})
        settled(page)
    page.mouse.move(0, 0)  # away from the table's toolbar
    page.locator(".js-line").first.wait_for()


@_state
def runs_datasets(page: Page, scene: Scene) -> None:
    assert scene.begun  # a second one
    runs(page, scene)
    page.get_by_role("tab", name="Data sets").click()
    expect(page.get_by_text("2 classes")).to_be_visible()


@_state
def runs_renaming(page: Page, scene: Scene) -> None:
    runs(page, scene)
    page.get_by_role("button", name="Rename").first.click()
    page.get_by_label("New name").wait_for()


@_state
def runs_disk(page: Page, scene: Scene) -> None:
    runs(page, scene)
    page.get_by_role("tab", name="Disk").click()
    page.get_by_role("button", name="Empty the cache").wait_for()


@_state
def data_shared(page: Page, scene: Scene) -> None:
    """A project that others may get."""
    assert scene.shared
    _open(page, scene, f"/?data={scene.sketches}")
    page.get_by_role("button", name="Stop sharing").wait_for()
    _pictures_drawn(page)


@_state
def shared(page: Page, scene: Scene) -> None:
    """What somebody sees who opens the link."""
    page.goto(scene.shared)


@_state
def nothing_there(page: Page, scene: Scene) -> None:
    """A run that was deleted, from an old address."""
    _open(page, scene, "/evaluate?run=20200101-000000-abcdef")
