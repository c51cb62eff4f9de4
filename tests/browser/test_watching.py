"""A training is watched, stopped, resumed and trained further, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.storage.files import read_json
from tests.browser.app import Served, press, race, train
from tests.browser.test_journey import epochs_done, watch_changes

pytestmark = pytest.mark.browser
FRAMES = 5


def test_a_training_is_filmed_stopped_resumed_and_trained_further(
    served: Served, page: Page, sketches: str, tmp_path: Path
) -> None:
    train(page, served, sketches, epochs=1000)
    film = []
    for frame in range(FRAMES):
        watch_changes(page, 1)
        film.append(page.screenshot(path=tmp_path / f"frame-{frame}.png"))
    assert len(set(film)) == FRAMES
    expect(
        page.get_by_text(re.compile(r"Best epoch: .* right\. On other pictures"))
    ).to_be_visible()

    press(page, "Stop and keep the best so far")
    expect(page.get_by_text(re.compile("Stopped; the best epoch so far is kept"))).to_be_visible()
    trained = epochs_done(page)
    assert FRAMES <= trained < 1000
    press(page, "Resume")
    expect(page.get_by_role("button", name="Stop and keep the best so far")).to_be_visible()
    watch_changes(page, 2)
    assert epochs_done(page) > trained
    press(page, "Stop and keep the best so far")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_a_race_is_watched_and_says_who_won(served: Served, page: Page, sketches: str) -> None:
    run = race(page, served, sketches)
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
