"""A messy zip is dropped, looked over by one press, mended, and the mending undone."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.datasets.samples import sketches
from tests.browser.app import Served, press, settled

pytestmark = pytest.mark.browser
EACH, FEW = 12, 4
CHECKED = 240_000  # milliseconds; the network is converted first, on a machine that has never


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def messy(path: Path) -> Path:
    """Boats, fish and few houses; a fish twice, one among the boats too, and an empty sheet."""
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("boat", "fish"):
            for number in range(EACH):
                archive.writestr(f"{label}/{number}.png", png(sketches.draw(label, str(number))))
        for number in range(FEW):
            archive.writestr(f"house/{number}.png", png(sketches.draw("house", str(number))))
        archive.writestr("fish/twice.png", png(sketches.draw("fish", "3")))
        archive.writestr("boat/fish.png", png(sketches.draw("fish", "5")))
        archive.writestr("boat/empty.png", png(Image.new("RGB", (200, 200), "white")))
        archive.writestr("boat/notes.png", b"no picture at all")
    return path


def test_a_messy_zip_is_checked_and_mended(served: Served, page: Page, tmp_path: Path) -> None:
    page.goto(served.url)
    page.locator("input.zip").set_input_files(messy(tmp_path / "messy.zip"))
    expect(page.get_by_text(f"{2 * EACH + FEW + 3} pictures, 3 classes")).to_be_visible()
    page.get_by_role("tab", name="Check-up").click()
    press(page, "Check these pictures")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    page.reload()  # it goes on, and is found again
    settled(page)  # tabs that still come make the first one the one that is shown
    page.get_by_role("tab", name="Check-up").click()
    expect(page.get_by_text("most important first")).to_be_visible(timeout=CHECKED)
    expect(page.get_by_text("1 picture is in two classes at once")).to_be_visible()
    expect(page.get_by_text("1 picture is there more than once (same file)")).to_be_visible()
    expect(page.get_by_text("1 picture shows nothing")).to_be_visible()

    press(page, "It is fish")
    expect(page.get_by_text(f"{2 * EACH + FEW + 2} pictures, 3 classes")).to_be_visible()
    expect(page.get_by_text("1 picture is in two classes at once")).to_have_count(0)
    expect(page.get_by_role("tab", name="Check-up")).to_have_attribute("aria-selected", "true")
    press(page, "Undo")
    expect(page.get_by_text(f"{2 * EACH + FEW + 3} pictures, 3 classes")).to_be_visible()
    expect(page.get_by_text("1 picture is in two classes at once")).to_be_visible()

    settled(page)
    chart = page.locator(".js-plotly-plot").filter(visible=True)
    chart.scroll_into_view_if_needed()
    place = chart.evaluate(
        """chart => {
            const {xaxis, yaxis, _size} = chart._fullLayout, {x, y} = chart.data[0];
            const box = chart.getBoundingClientRect();
            return [box.left + _size.l + xaxis.d2p(x[0]), box.top + _size.t + yaxis.d2p(y[0])];
        }"""
    )
    page.mouse.move(*place)
    shown = page.locator(".hover img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") > 0
    page.mouse.click(*place)
    expect(page.get_by_role("button", name="Select 1 picture")).to_be_visible()
    page.mouse.move(0, 0)
    expect(shown).to_be_hidden()

    chosen = page.locator(".st-key-on-map .picture").get_attribute("title")
    walk = page.get_by_role("application", name="Move on the map")
    walk.focus()
    expect(shown).to_be_visible()
    told = page.locator(".st-key-map-hover .aloud")
    expect(told).not_to_be_empty()
    walked = chosen
    for way in ("Left", "Up", "Right", "Down"):  # the first point may lie at any edge
        if walked == chosen:
            walk.press(f"Arrow{way}")
            walked = told.inner_text()
    assert walked not in ("", chosen)
    walk.press("Enter")
    expect(page.locator(".st-key-on-map .picture")).to_have_attribute("title", walked)
    page.get_by_role("tab", name="Check-up").focus()
    expect(shown).to_be_hidden()

    page.get_by_text("1 class has fewer than 10 pictures").click()
    press(page, "Add pictures of house")
    expect(page.get_by_role("tab", name="All pictures")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("radio", name="house (4)")).to_be_checked()
    expect(page.get_by_text("Drop pictures, a folder or a zip here")).to_be_visible()
