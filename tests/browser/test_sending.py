"""Large files on their way up: a cut line, a restarted server, a reload, a change of mind."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.app import Served, new_context
from tests.pages.painting import painted

pytestmark = pytest.mark.browser

SLOW = 2_000_000  # bytes a second that the line carries
LOAD = 16_000_000  # bytes that no picture is made of


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = new_context(browser)
    yield opened
    opened.close()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large zoo.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("cat", "dog"):
            for number in range(3):
                picture = painted(number if label == "cat" else 100 + number)
                archive.writestr(f"{label}/{number}.png", picture)
        archive.writestr("cat/notes.txt", bytes(LOAD))
    return path


class Line:
    """What a page sends through."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._session = context.new_cdp_session(page)
        self._session.send("Network.enable")

    def carries(self, upload: int) -> None:
        """So many bytes a second; -1 for as many as it can."""
        limits = {"offline": False, "latency": 5, "downloadThroughput": -1}
        limits["uploadThroughput"] = upload
        self._session.send("Network.emulateNetworkConditions", limits)


def begin(served: Served, context: BrowserContext, path: Path) -> tuple[Page, Line]:
    """A page that is sending over a slow line, as the Wi-Fi of a school is."""
    page = context.new_page()
    page.goto(served.url)
    line = Line(context, page)
    line.carries(SLOW)
    page.locator("input.zip").set_input_files(path)
    expect(page.get_by_text(re.compile(r"^[4-9] MB of 16 MB"))).to_be_visible()
    return page, line


def uploads(served: Served) -> list[Path]:
    return list((served.home / "home" / "uploads").glob("*"))


def test_a_killed_server_comes_back_and_the_upload_goes_on(
    served: Served, context: BrowserContext, large: Path
) -> None:
    page, line = begin(served, context, large)
    served.kill()
    (upload,) = uploads(served)
    come = (upload / "content").stat().st_size
    assert 0 < come < LOAD
    expect(page.get_by_text("The connection is lost.").first).to_be_visible()
    asked: list[int] = []
    page.on(
        "request",
        lambda each: each.method == "PATCH" and asked.append(int(each.headers["upload-offset"])),
    )
    line.carries(-1)
    served.start()
    expect(page.get_by_role("heading", name="large zoo")).to_be_visible()
    expect(page.get_by_text("6 pictures, 2 classes")).to_be_visible()
    assert asked[0] == come, "it begins where it was cut"
    assert not uploads(served)


def test_after_a_reload_the_same_file_goes_on(
    served: Served, context: BrowserContext, large: Path
) -> None:
    page, line = begin(served, context, large)
    (upload,) = uploads(served)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(
        page.get_by_text("To continue with “\u2068large zoo.zip\u2069”, choose it again.")
    ).to_be_visible()
    come = (upload / "content").stat().st_size
    line.carries(-1)
    with page.expect_request(lambda each: each.method == "PATCH") as first:
        page.locator("input.zip").set_input_files(large)
    assert int(first.value.headers["upload-offset"]) >= come > 0
    expect(page.get_by_text("6 pictures, 2 classes")).to_be_visible()
    assert not uploads(served)


def test_cancel_leaves_nothing_and_another_is_sent(
    served: Served, context: BrowserContext, large: Path
) -> None:
    page, line = begin(served, context, large)
    with page.expect_response(lambda each: each.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()
    assert not uploads(served)
    expect(page.get_by_role("button", name="Choose a zip file")).to_be_focused()
    line.carries(-1)
    page.locator("input.zip").set_input_files(large)
    expect(page.get_by_text("6 pictures, 2 classes")).to_be_visible()


def test_what_the_server_refuses_is_said(
    served: Served, context: BrowserContext, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(served.url)
    nothing = tmp_path / "nothing.zip"
    nothing.write_bytes(b"")
    page.locator("input.zip").set_input_files(nothing)
    expect(page.get_by_role("alert").filter(has_text="This file is empty")).to_be_visible()


def test_a_dropped_folder_goes_up_as_a_zip(served: Served, context: BrowserContext) -> None:
    """A test cannot drop a folder of the disk, so this one is made in the page."""
    page = context.new_page()
    page.goto(served.url)
    page.locator(".zone").wait_for()
    pictures = {f"{label}/{n}.png": list(painted(n + 50 * (label == "dog")))
                for label in ("cat", "dog") for n in range(60)}  # fmt: skip
    page.locator(".zone").evaluate(
        """async (zone, pictures) => {
            const entry = (name, path) => {
                const below = new Set(Object.keys(pictures).filter(each => each.startsWith(path))
                    .map(each => each.slice(path.length).split("/")[0]));
                let rest = [...below];
                return { name, isFile: false, createReader: () => ({ readEntries: (ok) => {
                    const some = rest.slice(0, 100);
                    rest = rest.slice(100);
                    ok(some.map(each => pictures[path + each]
                        ? { name: each, isFile: true, file: (take) => take(
                            new File([new Uint8Array(pictures[path + each])], each)) }
                        : entry(each, path + each + "/")));
                } }) };
            };
            const drop = new Event("drop", { bubbles: true, cancelable: true });
            drop.dataTransfer = { items: [{ webkitGetAsEntry: () => entry("zoo", "") }] };
            zone.dispatchEvent(drop);
        }""",
        pictures,
    )
    expect(page.get_by_role("heading", name="zoo")).to_be_visible()
    expect(page.get_by_text("pictures, 2 classes")).to_be_visible()


def test_loose_pictures_are_told_where_they_can_go(served: Served, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.locator(".zone").wait_for()
    page.locator(".zone").evaluate(
        """(zone) => {
            const drop = new Event("drop", { bubbles: true, cancelable: true });
            const items = ["one.jpg", "two.HEIC"].map(name => (
                { webkitGetAsEntry: () => ({ name, isFile: true }) }));
            drop.dataTransfer = { items };
            zone.dispatchEvent(drop);
        }"""
    )
    expect(page.get_by_role("alert")).to_contain_text("in a folder named after it")
    expect(page.get_by_role("button", name="Choose a zip file")).to_be_visible()
