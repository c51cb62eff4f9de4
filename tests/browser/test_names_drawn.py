"""Names in a real browser: where each word of a line is drawn, and the first page by its name."""

import pytest
from playwright.sync_api import Page, expect

from core.storage import home
from tests.browser.app import TRAINED, Served, press, settled, train
from tests.pages.painting import paint_run, store_dataset

pytestmark = pytest.mark.browser

# The left and right ends of each of some words within the line that holds them all.
_PLACES = """(root, words) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const at = words.map((word) => node.data.indexOf(word));
    if (at.includes(-1)) continue;
    return at.map((start, number) => {
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, start + words[number].length);
      const { left, right } = range.getBoundingClientRect();
      return [left, right];
    });
  }
}"""


@pytest.mark.parametrize(
    ("taken_for", "word"),
    [
        pytest.param("חתולים", "חתולים", marks=pytest.mark.exhaustive),
        ("כלבים 5", "כלבים"),
        ("\u202etac", "tac"),
    ],
)
def test_a_name_turns_nothing_beside_it(
    served: Served, page: Page, monkeypatch: pytest.MonkeyPatch, taken_for: str, word: str
) -> None:
    monkeypatch.setenv("THAW_HOME", str(served.home))
    assert home.root() == served.home
    run = paint_run(store_dataset("pets", {"cat": 4, taken_for: 4}), ("cat", taken_for))
    page.goto(f"{served.url}/evaluate?run={run.id}")
    said = page.get_by_text("97%").first
    expect(said).to_be_visible()
    share, cat, name = said.evaluate(_PLACES, ["97%", "cat", word])
    assert share[0] < share[1] <= cat[0] < cat[1] <= name[0] < name[1]


@pytest.mark.exhaustive
def test_a_class_called_0_from_its_pictures_to_a_prediction(served: Served, page: Page) -> None:
    wrong = page.get_by_text("Something went wrong")
    page.goto(served.url)
    press(page, "Use Handwritten digits")
    expect(page.get_by_text("1,000 pictures, 10 classes")).to_be_visible()
    dataset = page.url.partition("data=")[2]
    expect(page.get_by_role("button", name="0: 0-001.png", exact=True)).to_be_visible()
    press(page, "Rename")
    page.get_by_label("New name").fill("1")
    page.get_by_label("New name").press("Enter")
    taken = page.get_by_test_id("stPopoverBody").get_by_role("alert")
    expect(taken).to_contain_text("merge the two")  # where the name was written
    page.get_by_label("New name").fill("zero")
    page.get_by_label("New name").press("Enter")
    expect(page.get_by_text("“0” renamed to “zero”")).to_be_visible()
    press(page, "Merge")
    page.get_by_role("button", name="Merge", exact=True).last.click()
    expect(page.get_by_text("“zero” merged into “1”")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("“0” renamed to “zero”")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    press(page, "Delete class")
    press(page, "Delete class and pictures")
    expect(page.get_by_text("900 pictures, 9 classes")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("1,000 pictures, 10 classes")).to_be_visible()
    page.get_by_role("tab", name="Check-up").click()
    expect(page.get_by_role("button", name="Check these pictures")).to_be_visible()
    expect(wrong).to_have_count(0)

    train(page, served, dataset, epochs=3)
    expect(page.get_by_text("Finished. It gets")).to_be_visible(timeout=TRAINED)
    expect(wrong).to_have_count(0)
    press(page, "See the results")
    expect(page.locator(".st-key-confusion .heatmaplayer")).to_be_visible()
    page.get_by_role("tab", name="Class by class").click()
    settled(page)
    expect(wrong).to_have_count(0)
    press(page, "Try it on new pictures")
    press(page, "Try 1")
    expect(page.get_by_text("% sure").first).to_be_visible()
    expect(wrong).to_have_count(0)


def test_the_first_page_by_its_name(served: Served, page: Page, sketches: str) -> None:
    page.goto(f"{served.url}/data?data={sketches}")
    settled(page)
    assert page.url == f"{served.url}/?data={sketches}"
    expect(page.get_by_text("240 pictures, 4 classes")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
