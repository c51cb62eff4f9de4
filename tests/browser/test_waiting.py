"""Runs that wait, and deep links to a server that nobody has visited yet."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import TRAINED, Served, new_context, press, train
from tests.browser.test_journey import watch_changes

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]


def test_later_runs_show_their_place_and_stop_keeps_the_best(
    served: Served, browser: Browser, page: Page, sketches: str
) -> None:
    train(page, served, sketches, epochs=1000)
    watch_changes(page, 1)
    context = new_context(browser)
    second, third = context.new_page(), context.new_page()
    train(second, served, sketches, epochs=3)
    expect(second.get_by_text("It starts after")).to_be_visible()
    train(third, served, sketches, epochs=3)
    expect(third.get_by_text("1 other training is waiting too")).to_be_visible()

    press(third, "Cancel")
    expect(third.get_by_text("nothing to keep")).to_be_visible()
    press(page, "Stop and keep the best so far")
    expect(page.get_by_text("Stopped; the best epoch so far is kept")).to_be_visible()
    expect(second.get_by_text(re.compile("Finished. It gets"))).to_be_visible(timeout=TRAINED)
    press(page, "See the results")
    expect(page.get_by_text("of 48 right")).to_be_visible()
    context.close()


@pytest.mark.parametrize("where", ["predict", "train", "evaluate"])
def test_a_deep_link_opens_cold(served: Served, browser: Browser, trained: str, where: str) -> None:
    """On a server that nobody has visited yet: the page, with the steps above it."""
    served.stop()
    served.start()
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{served.url}/{where}?run={trained}")
    marks = {
        "train": "Finished. It gets",
        "evaluate": "On other pictures of this kind",
        "predict": "Drop or paste pictures",
    }
    expect(page.get_by_text(re.compile(marks[where]))).to_be_visible()
    for step in ("Data", "Train", "Evaluate", "Predict", "Runs"):
        expect(page.get_by_role("link", name=step, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    context.close()
