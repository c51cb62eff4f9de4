"""Bringing pictures in by hand: zips and folders, good, bad and hostile."""

import re
import zipfile
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.parts.shared import words
from tests.browser.app import Served, new_context, press, settled
from tests.pages.painting import painted

pytestmark = pytest.mark.browser

ZIP, FOLDER = "input.zip", "input.folder"
HOSTILE = "**bold** :red[x] $y$ <b>z<b> :smile: -> www.evil.example"


def pack(path: Path, classes: dict[str, int], **others: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for label, count in classes.items():
            for number in range(count):
                seed = zlib.crc32(f"{label}/{number}".encode())
                archive.writestr(f"{label}/{number}.png", painted(seed))
        for name, content in others.items():
            archive.writestr(f"{next(iter(classes))}/{name}.png", content)
    return path


def drop(page: Page, served: Served, path: Path) -> None:
    page.goto(served.url)
    page.locator(ZIP).set_input_files(path)


def test_a_dropped_zip_is_read_and_what_is_no_picture_is_named(
    served: Served, page: Page, tmp_path: Path
) -> None:
    drop(page, served, pack(tmp_path / "my pets.zip", {"cat": 5, "dog": 5}, broken=b"no picture"))
    expect(page.get_by_role("heading", name="my pets")).to_be_visible()
    expect(page.get_by_text("10 pictures, 2 classes")).to_be_visible()
    expect(page.get_by_text("1 file left out")).to_be_visible()
    assert not list((served.home / "home" / "uploads").iterdir())


def test_a_bad_zip_gets_a_sentence_and_the_next_one_is_read(
    served: Served, page: Page, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_text("this is no zip")
    drop(page, served, bad)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_be_visible()
    assert "Traceback" not in alert.inner_text()
    assert str(served.home) not in alert.inner_text()
    page.locator(ZIP).set_input_files(pack(tmp_path / "a.zip", {"x": 3, "y": 3}))
    expect(page.get_by_text("6 pictures, 2 classes")).to_be_visible()
    expect(alert).to_have_count(0)


def test_where_folders_do_not_tell_the_page_asks_and_a_press_answers(
    served: Served, page: Page, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"train/cat.{number}.png", painted(number))
            archive.writestr(f"train/dog.{number}.png", painted(50 + number))
            archive.writestr(f"test1/{number}.png", painted(90 + number))
    drop(page, served, tmp_path / "pets.zip")
    question = page.get_by_role("heading", name="How are these pictures sorted?")
    expect(question).to_be_visible()
    page.reload()
    expect(question).to_be_visible()
    page.get_by_text("Advanced: a pattern").click()
    page.get_by_role("textbox", name="Pattern (regular expression)").fill("([0-3])")
    page.get_by_role("textbox", name="Pattern (regular expression)").press("Tab")
    press(page, "Preview")
    expect(page.get_by_text("Option 1: Your pattern")).to_be_visible()
    expect(page.get_by_text("4 classes")).to_be_visible()
    press(page, "Use option 2")
    expect(page.get_by_text("8 pictures, 2 classes")).to_be_visible()
    expect(page.get_by_text("Read as 2 classes (cat, dog)")).to_be_visible()
    assert not list((served.home / "home" / "uploads").iterdir())


def test_a_table_beside_the_pictures_says_the_classes(
    served: Served, page: Page, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "birds.zip", "w") as archive:
        rows = ["file;species"]
        for number in range(8):
            archive.writestr(f"images/{number}.png", painted(number))
            rows.append(f"{number};{('wren', 'robin')[number % 2]}")
        archive.writestr("labels.csv", "\n".join(rows))
    drop(page, served, tmp_path / "birds.zip")
    answer = page.get_by_role("button", name="Use option 1")
    expect(answer).to_be_visible()
    for _ in range(40):  # by the keyboard alone
        page.keyboard.press("Tab")
        if answer.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("8 pictures, 2 classes")).to_be_visible()
    expect(page.get_by_text("Read as 2 classes (robin, wren)")).to_be_visible()


def test_a_dropped_folder_is_read(served: Served, page: Page, tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "zoo" / label).mkdir(parents=True)
        for number in range(3):
            picture = painted(number if label == "cat" else 100 + number)
            (tmp_path / "zoo" / label / f"{number}.png").write_bytes(picture)
    page.goto(served.url)
    page.locator(FOLDER).set_input_files(tmp_path / "zoo")
    expect(page.get_by_role("heading", name="zoo")).to_be_visible()
    expect(page.get_by_text("6 pictures, 2 classes")).to_be_visible()


def test_names_are_shown_letter_by_letter(served: Served, page: Page, tmp_path: Path) -> None:
    drop(page, served, pack(tmp_path / f"{HOSTILE}.zip", {HOSTILE: 3, "dog": 3}))
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text("bold")
    assert title.inner_text().replace(words.UNSEEN, "") == HOSTILE
    told = page.get_by_role("radio").first.inner_text().replace(words.UNSEEN, "")
    assert told.startswith(HOSTILE[:12])  # cut in its middle
    main = page.get_by_test_id("stMain")
    expect(main.locator("strong, em, b, .katex, a[href*=evil]")).to_have_count(0)


@pytest.mark.parametrize("path", ["", "train", "evaluate", "predict", "export", "runs"])
def test_pages_open_by_their_address_fit_a_phone_and_say_what_things_are(
    served: Served, browser: Browser, trained: str, path: str
) -> None:
    context = new_context(browser, width=390, height=844)
    failed: list[str] = []
    context.on("response", lambda a: failed.append(a.url) if a.status >= 400 else None)
    context.on("requestfailed", lambda asked: failed.append(asked.url))
    page = context.new_page()
    page.goto(f"{served.url}/{path}?run={trained}")
    settled(page)
    assert page.url.partition("?")[0] == f"{served.url}/{path}"
    assert not failed
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
    wider = page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
        return main.scrollWidth - main.clientWidth }"""
    )
    assert wider <= 0
    assert not page.locator("img:not([alt])").count()
    nameless = page.get_by_role("button").filter(has_not_text=re.compile(r"\S")).all()
    assert not [each for each in nameless if not each.get_attribute("aria-label")]
    context.close()
