"""A race is watched, and a training goes further, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.storage.files import read_json
from tests.browser.app import Served, press, race
from tests.browser.test_journey import epochs_done

pytestmark = pytest.mark.browser


def test_a_race_is_watched_and_says_who_won(served: Served, page: Page, few: str) -> None:
    run = race(page, served, few)
    results = read_json(served.home / "home" / "runs" / run / "results.json")
    expect(page.locator(".st-key-chart-race .point")).to_have_count(len(results["race"]))
    expect(page.get_by_text(re.compile(r"1\. .*Lite0.*, all layers frozen"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"2\. .*Lite0.* and .*Lite2.* together"))).to_be_visible()
    won = re.compile("nothing else was clearly better|clearly better on pictures")
    expect(page.get_by_text(won)).to_be_visible()
    press(page, "Train again")
    expect(page.get_by_role("radio", name=re.compile("^Best: 2"))).to_be_checked()


@pytest.mark.exhaustive
def test_five_more_epochs(served: Served, page: Page, trained: str) -> None:
    page.goto(f"{served.url}/train?run={trained}")
    before = epochs_done(page)
    press(page, "Train 5 more epochs")
    expect(page.get_by_text(f"{before + 5}/{before + 5}")).to_be_visible()
    expect(page.get_by_role("button", name="Train 5 more epochs")).to_be_visible()
