"""Everything can be reached and done without a mouse."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import Served, bring_sketches, new_context, press, settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(served: Served, browser: Browser) -> Iterator[Page]:
    """A data set, and the focus at the top of its page."""
    context = new_context(browser)
    page = context.new_page()
    bring_sketches(page, served)
    settled(page)
    yield page
    context.close()


def test_the_focus_moves_into_what_a_button_opens_and_back(page: Page) -> None:
    opens = page.get_by_role("button", name="New class")
    opens.focus()
    page.keyboard.press("Enter")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Create")).to_be_focused()
    page.keyboard.press("Tab")
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    expect(name).to_have_count(0)
    expect(opens).to_be_focused()


def test_what_is_typed_in_there_is_done_by_the_keyboard_alone(page: Page) -> None:
    page.get_by_role("button", name="New class").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("kite")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Create")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("kite (0)")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("kite (0)")).to_have_count(0)


def test_a_focused_step_differs_from_the_current_one(page: Page) -> None:
    page.get_by_role("link", name="Data").focus()
    page.keyboard.press("Tab")
    step = page.get_by_role("link", name="Train")
    expect(step).to_be_focused()
    expect(step).to_have_css("outline-style", "solid")
    expect(page.get_by_role("link", name="Data")).not_to_have_css("outline-style", "solid")


def test_pictures_are_no_stops_on_the_way(page: Page) -> None:
    expect(page.locator("main img").nth(10)).to_be_attached()
    expect(page.get_by_role("button", name="Fullscreen")).to_have_count(0)
