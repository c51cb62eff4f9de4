"""Filling classes by hand: named first, then the camera, dropped pictures, and out as a zip."""

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.datasets import store
from core.datasets.dataset import Dataset
from core.datasets.grouping import name_of
from tests.browser.app import Served, new_context, press, settled, with_cameras
from tests.pages.painting import painted

pytestmark = pytest.mark.browser

SIZES = ((1440, 900), (1366, 768), (390, 844))


@pytest.fixture(scope="module")
def filming(browser: Browser) -> Iterator[Browser]:
    started = with_cameras(browser, 2)
    yield started
    started.close()


@pytest.fixture
def studio(filming: Browser) -> Iterator[Page]:
    context = new_context(filming)
    context.grant_permissions(["camera"])
    yield context.new_page()
    context.close()


def begin(page: Page, served: Served, *classes: str, name: str = "") -> str:
    """A data set of named classes; its id."""
    page.goto(served.url)
    for place, label in enumerate(classes, 1):
        page.get_by_label(f"Class {place}", exact=True).fill(label)
        page.keyboard.press("Tab")
    page.get_by_label("Name of the data set").fill(name)
    page.keyboard.press("Tab")
    settled(page)
    press(page, "Create these classes")
    page.wait_for_url("**data=**")
    ready(page)
    return page.url.partition("data=")[2].partition("&")[0]


def ready(page: Page) -> None:
    """The ways in are drawn, and their scripts are at work."""
    # Until the page is drawn anew, the zone that was there before stands beside the new one.
    settled(page)
    expect(page.get_by_text("Drop pictures, a folder or a zip here")).to_have_count(1)
    expect(page.get_by_text("Drop pictures, a folder or a zip here")).to_be_visible()


def stored(served: Served, dataset: str) -> Dataset:
    return store.load(served.home / "home" / "datasets" / dataset)


def leftovers(served: Served) -> list[Path]:
    """What is below the data sets and uploads besides whole data sets."""
    below = served.home / "home"
    listed = [*(below / "uploads").glob("*"), *(below / "datasets").glob("*")]
    return [path for path in listed if not (path / "manifest.json").is_file()]


def shutter(page: Page, label: str) -> Locator:
    """The camera's button of a class."""
    shutters = page.get_by_role("group", name="Take a picture of")
    return shutters.get_by_role("button", name=re.compile(rf"^{label} \d+$"))


def counted(button: Locator) -> int:
    """How many pictures of its class a shutter says there are."""
    return int(button.locator(".count").inner_text())


def in_view(page: Page, seen: Locator) -> bool:
    """Whether all of it can be seen without scrolling."""
    box, size = seen.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def watch_tracks(page: Page) -> None:
    """Note the tracks of every camera that is turned on, and how many pictures are being made."""
    page.evaluate(
        """() => { const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.tracks = [];
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await get(wanted);
            window.tracks.push(...stream.getTracks());
            return stream; };
        const { toBlob } = HTMLCanvasElement.prototype;
        window.making = 0;
        HTMLCanvasElement.prototype.toBlob = function (take, ...how) {
            window.making += 1;
            toBlob.call(this, (blob) => { take(blob); window.making -= 1; }, ...how); } }"""
    )


def all_made(page: Page) -> None:
    """Wait for the pictures whose button has been let go already."""
    page.wait_for_function("window.making === 0")


@pytest.mark.exhaustive
def test_the_camera_is_in_sight_at_every_size(served: Served, studio: Page) -> None:
    page = studio
    page.goto(served.url)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        assert in_view(page, page.get_by_role("heading", name="With the camera"))
        assert in_view(page, page.get_by_label("Class 1", exact=True))
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        begin(page, served, "cat", "dog", "emu")
        expect(page.get_by_role("button", name="Turn on the camera")).to_be_in_viewport(ratio=1)
        press(page, "Turn on the camera")
        expect(shutter(page, "cat")).to_be_focused()
        for seen in (page.locator("video"), shutter(page, "cat"), shutter(page, "dog")):
            expect(seen).to_be_in_viewport(ratio=1)


def test_one_camera_fills_all_classes_and_stays_on(served: Served, studio: Page) -> None:
    page = studio
    dataset = begin(page, served, "cat", "dog", name="pets")
    watch_tracks(page)
    press(page, "Turn on the camera")
    cat, dog = shutter(page, "cat"), shutter(page, "dog")
    expect(cat).to_be_focused()
    dog.hover()
    began = time.monotonic()
    page.mouse.down()  # and hold
    expect(dog).to_have_accessible_name(re.compile("dog ([4-9]|..)"))
    page.mouse.up()
    assert time.monotonic() - began >= 3 * 0.5, "one every half second"
    cat.press("Enter")
    expect(cat).to_have_accessible_name(re.compile("cat [1-9]"))
    all_made(page)
    press(page, "Undo last")
    expect(cat).to_have_accessible_name("cat 0")
    press(page, "Keep taking pictures of “\u2068cat\u2069”")
    expect(cat).to_have_accessible_name(re.compile("cat ([3-9]|..)"))
    press(page, "Stop taking pictures")
    all_made(page)
    page.get_by_role("button", name=re.compile("Remove this picture of .*cat")).first.press("Enter")
    cats, dogs = counted(cat), counted(dog)
    dog.click()
    expect(dog).not_to_have_accessible_name(f"dog {dogs}")
    all_made(page)
    press(page, "Undo last")  # of the last press alone
    expect(dog).to_have_accessible_name(f"dog {dogs}")
    press(page, f"Add {cats + dogs} pictures")
    expect(page.get_by_text(f"{cats} pictures added to “cat”.")).to_be_visible()
    settled(page)
    expect(cat).to_have_accessible_name(f"cat {cats}")
    expect(dog).to_have_accessible_name(f"dog {dogs}")
    assert page.evaluate("window.tracks.map(track => track.readyState)") == ["live"]
    found = stored(served, dataset)
    assert found.counts == {"cat": cats, "dog": dogs}
    assert {max(record.width, record.height) for record in found.records} == {640}
    series = [{name_of(r.file) for r in found.records if r.label == each} for each in found.classes]
    assert not series[0] & series[1], "what groups by name, groups nothing across classes"
    assert len(series[0]) == 1
    assert not leftovers(served)
    page.get_by_role("radio", name="dog").click()
    settled(page)
    assert page.evaluate("window.tracks.map(track => track.readyState)") == ["live"]
    page.get_by_role("link", name="Runs").click()
    page.wait_for_function("window.tracks.every(track => track.readyState === 'ended')")


@pytest.mark.exhaustive
def test_another_camera_is_chosen(served: Served, studio: Page) -> None:
    page = studio
    begin(page, served, "cat", "dog")
    page.evaluate(
        """() => { const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            window.tracks = (await get(wanted)).getTracks();
            return new MediaStream(window.tracks); } }"""
    )
    press(page, "Turn on the camera")
    expect(page.get_by_role("button", name="Turn off")).to_be_visible()
    page.wait_for_function("window.tracks?.every(track => track.readyState === 'live')")
    which = page.locator(".which select")
    expect(which.locator("option")).to_have_count(2)
    first, second = which.input_value(), which.locator("option").nth(1).get_attribute("value")
    page.evaluate("window.first = window.tracks")
    which.select_option(second)
    page.wait_for_function("window.tracks !== window.first")
    page.wait_for_function("window.first.every(track => track.readyState === 'ended')")
    assert second != first
    device = "window.tracks[0].getSettings().deviceId"
    assert page.evaluate(device) == second


def test_without_a_camera_the_page_says_why(served: Served, browser: Browser) -> None:
    context = new_context(browser)
    page = context.new_page()
    begin(page, served, "cat", "dog")
    press(page, "Turn on the camera")
    expect(page.get_by_role("alert").filter(has_text="camera")).to_be_visible()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    press(page, "Turn on the camera")  # as over http from another computer
    expect(page.get_by_role("alert").filter(has_text="over https")).to_be_visible()
    context.close()


def test_a_camera_that_is_not_allowed_is_explained(served: Served, filming: Browser) -> None:
    context = new_context(filming)
    page = context.new_page()
    begin(page, served, "cat", "dog")
    press(page, "Turn on the camera")
    expect(page.get_by_role("alert").filter(has_text="beside the address")).to_be_visible()
    context.grant_permissions(["camera"])
    press(page, "Turn on the camera")
    expect(shutter(page, "cat")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="beside the address")).to_have_count(0)
    context.close()


def test_loose_pictures_come_to_the_class_at_hand(
    served: Served, page: Page, tmp_path: Path
) -> None:
    dataset = begin(page, served, "cat", "dog")
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(painted(number))
    (tmp_path / "notes.png").write_text("no picture")
    page.locator("input.pictures").set_input_files([*files, tmp_path / "notes.png"])
    expect(page.get_by_text("3 pictures added to “cat”. 1 file was left out.")).to_be_visible()
    expect(page.get_by_text("1 file left out")).to_be_visible()
    settled(page)
    page.get_by_text("Add pictures to “cat”").click()
    ready(page)
    page.locator("input.pictures").set_input_files(files[0])
    expect(page.get_by_text("1 picture was already there.")).to_be_visible()
    ready(page)
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("anything/9.png", painted(9))
    page.locator("input.zip").set_input_files(tmp_path / "more.zip")
    expect(page.get_by_text("1 picture added to “cat”.")).to_be_visible()
    assert stored(served, dataset).counts == {"cat": 4, "dog": 0}
    assert not leftovers(served)


def test_a_dropped_picture_comes_to_the_class_at_hand(served: Served, page: Page) -> None:
    """A test cannot drop a file of the disk, so this one is made in the page."""
    begin(page, served, "cat", "dog")
    page.locator(".zone", has_text="Drop pictures").evaluate(
        """(zone, bytes) => {
            const file = new File([new Uint8Array(bytes)], "tom.png");
            const entry = { name: "tom.png", isFile: true, file: (take) => take(file) };
            const drop = new Event("drop", { bubbles: true, cancelable: true });
            drop.dataTransfer = { items: [{ webkitGetAsEntry: () => entry }] };
            zone.dispatchEvent(drop);
        }""",
        list(painted(5)),
    )
    expect(page.get_by_text("1 picture added to “cat”.")).to_be_visible()


def bring(page: Page, served: Served, path: Path) -> str:
    page.goto(served.url)
    page.locator("input.zip").set_input_files(path)
    page.wait_for_url("**data=**")
    page.get_by_role("button", name="Use other pictures").wait_for()
    return page.url.partition("data=")[2].partition("&")[0]


def packed(path: Path, *labels: str, first: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, label in enumerate(labels):
            archive.writestr(f"{label}/{number}.png", painted(first + number))
    return path


def test_what_goes_out_comes_in_again(served: Served, page: Page, tmp_path: Path) -> None:
    zoo = packed(tmp_path / "zoo.zip", *("cat", "dog") * 4)
    first = stored(served, bring(page, served, zoo))
    press(page, "Download")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download zoo.zip").click()
    assert coming.value.suggested_filename == "zoo.zip"
    coming.value.save_as(tmp_path / "out.zip")
    again = stored(served, bring(page, served, tmp_path / "out.zip"))
    assert again.classes == first.classes
    assert {record.digest for record in again.records} == {r.digest for r in first.records}


def test_two_data_sets_become_one(served: Served, page: Page, tmp_path: Path) -> None:
    bring(page, served, packed(tmp_path / "first.zip", *("cat", "emu") * 2, first=30))
    bring(page, served, packed(tmp_path / "second.zip", *("cat", "dog") * 2, first=40))
    press(page, "Add another data set")
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="first (4 pictures)").click()
    expect(page.get_by_text("cat 2 + 2, emu 2 (new)")).to_be_visible()
    press(page, "Add 4 pictures")
    expect(page.get_by_text("4 pictures added from “first”.")).to_be_visible()
    expect(page.get_by_text("8 pictures, 3 classes")).to_be_visible()
