"""Names in a real browser: where each word of a line is drawn, and the first page by its name."""

import pytest
from playwright.sync_api import Page, expect

from core import home
from tests.browser.app import Served, press, settled
from tests.pages.painting import paint_run, store_dataset

pytestmark = pytest.mark.browser

# The left and right ends of each of some words within the line that holds them all.
_PLACES = """words => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
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
    ("taken_for", "word"), [("חתולים", "חתולים"), ("כלבים 5", "כלבים"), ("\u202etac", "tac")]
)
def test_a_name_turns_nothing_beside_it(
    served: Served, page: Page, monkeypatch: pytest.MonkeyPatch, taken_for: str, word: str
) -> None:
    monkeypatch.setenv("THAW_HOME", str(served.home))
    assert home.root() == served.home
    run = paint_run(store_dataset("pets", {"cat": 4, taken_for: 4}), ("cat", taken_for))
    page.goto(f"{served.url}/evaluate?run={run.id}")
    expect(page.get_by_text("97 % sure").first).to_be_visible()
    name, share, sure = page.evaluate(_PLACES, [word, "97 %", "sure"])
    assert name[0] < name[1] <= share[0] < share[1] <= sure[0] < sure[1]


def test_a_starter_set_with_a_class_called_0_is_mended(served: Served, page: Page) -> None:
    page.goto(served.url)
    press(page, "Use Handwritten digits")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Another name").fill("zero")
    page.get_by_label("Another name").press("Enter")
    expect(page.get_by_text("“0” renamed “zero”")).to_be_visible()
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_role("button", name="Merge", exact=True).last.click()
    expect(page.get_by_text("“zero” merged into “1”")).to_be_visible()
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


def test_the_first_page_by_its_name(served: Served, page: Page, sketches: str) -> None:
    page.goto(f"{served.url}/data?data={sketches}")
    settled(page)
    assert page.url == f"{served.url}/?data={sketches}"
    expect(page.get_by_text("240 images, 4 classes")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
