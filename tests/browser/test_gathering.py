"""Filling classes by hand: named first, then the camera, dropped pictures, and out as a zip."""

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.data import store
from core.data.dataset import Dataset
from core.data.grouping import name_of
from tests.browser.app import Served, new_context, press, settled, with_cameras
from tests.pages.painting import painted

pytestmark = pytest.mark.browser


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
    page.get_by_label("What to call all of it").fill(name)
    page.keyboard.press("Tab")
    settled(page)
    press(page, "Make these classes")
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


def test_a_burst_of_the_camera_fills_a_class(served: Served, studio: Page) -> None:
    page = studio
    dataset = begin(page, served, "cat", "dog", name="pets")
    expect(page.get_by_role("heading", name="pets")).to_be_visible()
    expect(page.get_by_text("“cat” has no pictures yet.")).to_be_visible()
    press(page, "Turn on the camera")
    one = page.get_by_role("button", name="Take a picture")
    expect(one).to_be_focused()
    one.press("Enter")
    expect(page.get_by_text("1 picture taken", exact=True)).to_be_visible()
    page.get_by_role("button", name="Drop picture 1", exact=True).press("Enter")
    expect(page.get_by_role("button", name=re.compile("Drop picture"))).to_have_count(0)
    expect(one).to_be_focused()
    began = time.monotonic()
    press(page, "Keep taking pictures")
    page.wait_for_timeout(3000)
    press(page, "Stop taking pictures")
    most = (time.monotonic() - began) / 0.5 + 1
    add = page.get_by_role("button", name=re.compile(r"Add \d+ pictures to “\u2068cat\u2069”"))
    taken = int(re.findall(r"\d+", add.inner_text())[0])
    assert 5 <= taken <= most
    expect(page.locator(".aloud", has_text=f"{taken} pictures taken.")).to_have_count(1)
    add.click()
    expect(page.get_by_text(f"{taken} images added to “cat”.")).to_be_visible()
    found = stored(served, dataset)
    assert found.counts == {"cat": taken, "dog": 0}
    assert {max(record.width, record.height) for record in found.records} == {640}
    assert len({name_of(record.file) for record in found.records}) == 1
    assert not leftovers(served)


@pytest.mark.exhaustive
def test_another_camera_is_chosen_and_goes_off_when_one_leaves(
    served: Served, studio: Page
) -> None:
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
    page.get_by_role("radio", name="dog").click()
    page.wait_for_function("window.tracks.every(track => track.readyState === 'ended')")
    expect(page.get_by_role("button", name="Turn on the camera")).to_be_visible()


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
    expect(page.get_by_role("button", name="Take a picture")).to_be_visible()
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
    expect(page.get_by_text("3 images added to “cat”. 1 file was left out.")).to_be_visible()
    expect(page.get_by_text("1 file left out")).to_be_visible()
    settled(page)
    page.get_by_text("Add pictures to “cat”").click()
    ready(page)
    page.locator("input.pictures").set_input_files(files[0])
    expect(page.get_by_text("1 image was there already.")).to_be_visible()
    ready(page)
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("anything/9.png", painted(9))
    page.locator("input.zip").set_input_files(tmp_path / "more.zip")
    expect(page.get_by_text("1 image added to “cat”.")).to_be_visible()
    assert stored(served, dataset).counts == {"cat": 4, "dog": 0}
    assert not leftovers(served)


def test_a_dropped_picture_comes_to_the_class_at_hand(served: Served, page: Page) -> None:
    """A test cannot drop a file of the disk, so this one is made in the page."""
    begin(page, served, "cat", "dog")
    page.locator(".zone").first.evaluate(
        """(zone, bytes) => {
            const file = new File([new Uint8Array(bytes)], "tom.png");
            const entry = { name: "tom.png", isFile: true, file: (take) => take(file) };
            const drop = new Event("drop", { bubbles: true, cancelable: true });
            drop.dataTransfer = { items: [{ webkitGetAsEntry: () => entry }] };
            zone.dispatchEvent(drop);
        }""",
        list(painted(5)),
    )
    expect(page.get_by_text("1 image added to “cat”.")).to_be_visible()


def bring(page: Page, served: Served, path: Path) -> str:
    page.goto(served.url)
    page.locator("input.zip").set_input_files(path)
    page.wait_for_url("**data=**")
    page.get_by_role("button", name="Bring other pictures").wait_for()
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
    press(page, "Add another data set’s pictures")
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="first (4 images)").click()
    expect(page.get_by_text("cat 2 + 2, emu new 2")).to_be_visible()
    press(page, "Add 4 images")
    expect(page.get_by_text("4 images added from “first”.")).to_be_visible()
    expect(page.get_by_text("8 images, 3 classes")).to_be_visible()
