"""What is set on Train, answered on Predict and judged on Evaluate is there after a reload."""

import csv
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.datasets.samples import samples
from tests.browser.app import TRAINED, Served, new_context, plain_defaults, press, settled

pytestmark = pytest.mark.browser
SURE = re.compile(r"(\d+)% sure")


def test_a_reload_keeps_what_was_set(
    served: Served, page: Page, browser: Browser, sketches: str
) -> None:
    page.goto(f"{served.url}/train?data={sketches}")
    plain_defaults(page)
    page.get_by_text("More settings").click()
    field = page.get_by_label("Epochs", exact=True)
    field.fill("33")
    field.press("Tab")
    settled(page)
    context = new_context(browser)
    other = context.new_page()
    for visit in (page, other):
        visit.goto(f"{served.url}/train?data={sketches}")  # a new visit, as after F5
        visit.get_by_text("More settings").click()
        expect(visit.get_by_label("Epochs", exact=True)).to_have_value("33")
        expect(visit.get_by_text("All 141 layers frozen")).to_be_visible()
    context.close()
    press(page, "Use the suggestion")
    expect(page.get_by_text(re.compile(r"layers frozen, \d+ thawed"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile("Set as suggested"))).to_be_visible()


@pytest.mark.exhaustive
def test_sixty_pictures_are_counted_sorted_and_kept(
    served: Served, page: Page, trained: str, drawn: Path, tmp_path: Path
) -> None:
    pictures = sorted(drawn.rglob("*.png"))[::4]
    assert len(pictures) == 60
    page.goto(f"{served.url}/predict?run={trained}")
    settled(page)
    clear = page.get_by_role("button", name="Clear", exact=True)
    if clear.count():  # answers that others asked for
        clear.click()
        clear.wait_for(state="detached")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(pictures)
    counted = page.get_by_text(re.compile("^60 pictures: "))
    counted.wait_for(timeout=TRAINED)
    counts = [int(number) for number in re.findall(r"\b\d+\b", counted.inner_text())]
    assert (counts[0], sum(counts[1:])) == (60, 60)
    settled(page)
    sure = [int(SURE.search(text)[1]) for text in page.get_by_text(SURE).all_inner_texts()]  # type: ignore[index]
    assert len(sure) == 24, "a page of them"
    assert sure == sorted(sure)
    with page.expect_download() as download:
        page.get_by_text("Download as CSV").click()
    download.value.save_as(tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {picture.name for picture in pictures}
    assert max(float(row["confidence"]) for row in rows[:24]) * 100 <= max(sure) + 1
    page.reload()
    expect(page.get_by_text(re.compile("^60 pictures: "))).to_be_visible()
    press(page, "Try 1")
    expect(page.get_by_text(re.compile("^61 pictures: "))).to_be_visible()
    expect(page.get_by_test_id("stCaptionContainer").filter(has_text=".png").first).to_be_visible()
    page.get_by_text("Least sure first").click()
    expect(page.get_by_text(SURE).first).to_have_text(re.compile(f"{min(sure)}% sure"))
    press(page, "Clear")
    expect(page.get_by_text("What it thinks")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Drop or paste pictures here")).to_be_visible()
    settled(page)
    expect(page.get_by_text("What it thinks")).to_have_count(0)


def zipped(path: Path, drawn: Path, classes: dict[str, str]) -> Path:
    """Three pictures of each class, in a folder of that name."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, label in classes.items():
            for picture in sorted((drawn / label).iterdir())[:3]:
                archive.write(picture, f"{name}/{picture.name}")
    return path


def test_a_labelled_zip_is_judged_and_stays_with_the_run(
    served: Served, page: Page, trained: str, drawn: Path, tmp_path: Path
) -> None:
    first, *others = samples.SAMPLES["sketches"].classes
    page.goto(f"{served.url}/evaluate?run={trained}")
    page.get_by_text("Evaluate it on other labelled pictures").click()
    wrong = zipped(tmp_path / "wrong.zip", drawn, {"zebra": first})
    page.locator("input.zip").set_input_files(wrong)
    alert = page.get_by_role("alert").filter(has_text="This model knows")
    expect(alert).to_contain_text("the images also have zebra")
    zone, told = page.locator(".zone").bounding_box(), alert.bounding_box()
    assert zone
    assert told
    assert 0 <= zone["y"] - told["y"] - told["height"] < 40, "told at the zone"
    press(page, "Dismiss")
    expect(alert).to_have_count(0)
    swapped = {first.upper(): others[0], **{label: label for label in others}}
    page.locator("input.zip").set_input_files(zipped(tmp_path / "new.zip", drawn, swapped))
    expect(page.get_by_text("Accuracy on new")).to_be_visible(timeout=TRAINED)
    page.reload()
    expect(page.get_by_text("Accuracy on new")).to_be_visible()
    expect(page.get_by_text("It was trained on").last).to_be_visible()
    page.get_by_role("combobox", name="Details of").click()
    page.get_by_role("option", name="new").click()
    mistakes = page.get_by_role("img", name=re.compile(f"really {first}, mistaken for {others[0]}"))
    expect(mistakes.first).to_be_visible()
    press(page, "Delete")
    press(page, "Delete for good")
    expect(page.get_by_text("Accuracy on new")).to_have_count(0)
    assert not list((served.home / "home" / "uploads").iterdir())
