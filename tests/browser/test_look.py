"""What the style sheet asks of Streamlit's own elements still reaches them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import Served, settled
from tests.browser.screenshots import faults

pytestmark = pytest.mark.browser


def test_a_page_begins_at_its_top_and_its_steps_can_be_pressed(
    page: Page, served: Served, sketches: str
) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{served.url}?data={sketches}")
    settled(page)
    title = page.get_by_role("heading", level=1).bounding_box()
    assert title is not None
    assert title["y"] < 70
    page.get_by_role("link", name="Runs").click()  # below Streamlit's header
    expect(page.get_by_role("heading", name="Runs and data sets")).to_be_visible()


def test_a_phone_has_no_faults_and_what_is_ticked_keeps_its_buttons_in_sight(
    page: Page, served: Served, sketches: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served.url}?data={sketches}")
    settled(page)
    page.get_by_role("button", name="boat: boat-001.png", exact=True).first.wait_for()
    settled(page)
    assert faults(page) == []
    page.get_by_role("button", name="boat: boat-001.png", exact=True).click()
    expect(page.locator(":has(> .st-key-with-picked)").last).to_have_css("position", "sticky")
    settled(page)
    assert faults(page) == []
