"""From an answer to its reasons, to a mended data set and a training on it."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.datasets import store
from core.datasets.dataset import Dataset
from tests.browser.app import TRAINED, Served, new_context, press, settled, suggested
from tests.browser.test_accessibility import NOT_FADED, violations

pytestmark = pytest.mark.browser
CLASSES = ("boat", "cat")


@pytest.fixture(scope="module")
def run(served: Served, browser: Browser, few: str) -> tuple[str, str]:
    """A run on a few pictures of two classes, and its data set, which no other test changes."""
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{served.url}/train?data={few}")
    suggested(page)
    page.get_by_text("More settings").click()
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("3")
    epochs.press("Tab")
    settled(page)
    press(page, "Train")
    page.wait_for_url("**run=**")
    expect(page.get_by_text("Finished. It gets")).to_be_visible(timeout=TRAINED)
    made = page.url.partition("run=")[2]
    context.close()
    return made, few


def stored(served: Served, data: str) -> Dataset:
    return store.load(served.home / "home" / "datasets" / data)


def axe_finds_nothing(page: Page) -> None:
    page.add_style_tag(content=NOT_FADED)
    page.mouse.move(0, 0)  # what is hovered over is tinted by Streamlit
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        found = violations(page)
        assert not found, json.dumps(found, indent=1)


def test_from_a_cell_of_the_matrix_to_a_network_that_learned_from_the_mended_pictures(
    served: Served, page: Page, run: tuple[str, str]
) -> None:
    address, data = run
    page.goto(f"{served.url}/evaluate?run={address}")
    settled(page)
    cells = page.locator(".st-key-confusion .heatmaplayer").first.bounding_box()
    assert cells
    page.mouse.click(cells["x"] + cells["width"] / 4, cells["y"] + cells["height"] / 4)
    expect(page.get_by_role("heading", name="The pictures behind it")).to_be_visible()
    first = page.get_by_role("button", name=re.compile(r"really boat, predicted boat")).first
    first.click()
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    press(page, "Why?")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It looks like these")).to_be_visible()
    expect(dialog.get_by_role("img", name=re.compile("bright where it speaks for"))).to_be_visible()
    expect(dialog.get_by_text("Exact (class activation map)")).to_be_visible()
    settled(page)
    axe_finds_nothing(page)
    dialog.get_by_text("Does it look in the right place?").click()
    expect(dialog.get_by_role("img", name="Hottest region hidden")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    before = stored(served, data)
    page.get_by_role("combobox", name="Move to").click()
    page.get_by_role("option", name="cat", exact=True).click()
    press(page, "Move")
    again = page.get_by_role("button", name="Train again on the changed pictures")
    again.wait_for()
    after = stored(served, data)
    assert after.version == before.version + 1
    assert after.counts == {"boat": 14, "cat": 16}
    settled(page)
    again.click()
    expect(page.get_by_text("What the changes brought")).to_be_visible(timeout=TRAINED)


def test_a_wrong_answer_becomes_a_picture_to_learn_from(
    served: Served, page: Page, run: tuple[str, str], drawn: Path
) -> None:
    address, data = run
    before = stored(served, data)
    page.goto(f"{served.url}/predict?run={address}")
    picture = sorted((drawn / "cat").iterdir())[40]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(picture)
    press(page, "Wrong?")
    dialog = page.get_by_role("dialog")
    add = dialog.get_by_role("button", name="Add it to the data set")
    expect(add).to_be_disabled()
    axe_finds_nothing(page)
    dialog.get_by_role("combobox", name="The right class").click()
    page.get_by_role("option", name="boat", exact=True).click()
    settled(page)
    add.click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("in the data set as “boat”")).to_be_visible()
    after = stored(served, data)
    assert after.version == before.version + 1
    assert after.counts["boat"] == before.counts["boat"] + 1
    expect(page.get_by_role("button", name="Train again on Evaluate")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("in the data set as")).to_have_count(0)
    assert stored(served, data).counts == before.counts
    assert picture.is_file()


@pytest.mark.exhaustive
def test_a_mistake_on_other_pictures_is_asked_about_and_learned_from(
    served: Served, page: Page, run: tuple[str, str], drawn: Path, tmp_path: Path
) -> None:
    address, data = run
    before = stored(served, data)
    path = tmp_path / "walk.zip"
    with zipfile.ZipFile(path, "w") as archive:  # in the wrong folders, so most are mistakes
        for label, folder in zip(CLASSES, reversed(CLASSES), strict=True):
            for picture in sorted((drawn / label).iterdir())[15:18]:
                archive.write(picture, f"{folder}/{picture.name}")
    page.goto(f"{served.url}/evaluate?run={address}")
    settled(page)
    page.get_by_text("Evaluate it on other labelled pictures").click()
    page.locator("input.zip").set_input_files(path)
    expect(page.get_by_text(re.compile("Accuracy on .*walk")).first).to_be_visible(timeout=TRAINED)
    settled(page)
    details = page.get_by_role("combobox", name="Details of")
    details.fill("walk")  # typed, since scrolling to it closes a list that a click has opened
    details.press("Enter")
    settled(page)
    page.get_by_role("button", name="Why?", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    shown = dialog.get_by_role("img", name=re.compile("bright where it speaks for"))
    expect(shown).to_be_visible(timeout=TRAINED)  # the network is taken apart first
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    settled(page)
    axe_finds_nothing(page)
    page.get_by_role("button", name="Learn from it").first.click()
    add = dialog.get_by_role("button", name="Add it to the data set")
    expect(add).to_be_enabled()  # the folder that it came in is its class
    add.click()
    expect(page.get_by_text("in the data set as “")).to_be_visible(timeout=TRAINED)
    expect(page.get_by_role("button", name="Train again on the changed pictures")).to_be_visible()
    after = stored(served, data)
    assert len(after.records) == len(before.records) + 1
    press(page, "Undo")
    expect(page.get_by_text("in the data set as “")).to_have_count(0)


@pytest.mark.exhaustive
def test_many_pictures_survive_a_reload_and_come_back_in_folders(
    served: Served, page: Page, run: tuple[str, str], drawn: Path, tmp_path: Path
) -> None:
    address, _ = run
    page.goto(f"{served.url}/predict?run={address}")
    settled(page)
    clear = page.get_by_role("button", name="Clear", exact=True)
    if clear.count():
        clear.click()
        clear.wait_for(state="detached")
    path = tmp_path / "walk.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in CLASSES:
            for picture in sorted((drawn / label).iterdir())[20:50]:
                archive.write(picture, f"walk/{picture.name}")
        archive.writestr("walk/notes.jpg", b"no picture")
    page.get_by_text("Many pictures: a folder or a zip").click()
    page.locator("input.zip").set_input_files(path)
    expect(page.get_by_text(re.compile("Looking at “"))).to_be_visible()
    page.reload()
    counted = page.get_by_text(re.compile("^61 pictures: .*could not be read"))
    expect(counted).to_be_visible(timeout=TRAINED)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download by class").click()
    download.value.save_as(tmp_path / "back.zip")
    with zipfile.ZipFile(tmp_path / "back.zip") as archive:
        names = archive.namelist()
        assert len(names) == 60
        assert {name.partition("/")[0] for name in names} <= {*CLASSES, "none of these"}
        for name in names:
            original = drawn / name.rpartition("/")[2].partition("-")[0]
            assert archive.read(name) == (original / name.rpartition("/")[2]).read_bytes()
    page.get_by_text("Table", exact=True).click()
    settled(page)
    axe_finds_nothing(page)
