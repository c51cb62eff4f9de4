"""Who gets in: whoever has the printed address, and nobody without it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app import new_context, serve, settled
from tests.browser.test_bringing import pack

pytestmark = pytest.mark.browser


def test_the_printed_address_opens_thaw_and_stays_open(browser: Browser, tmp_path: Path) -> None:
    """It works below a base path and under another name of the server, too."""
    with serve(tmp_path / "thaw", base="school/thaw", warm=False, token=True) as app:
        stranger = new_context(browser).new_page()
        stranger.goto(f"{app.url}/runs")
        expect(stranger.get_by_role("heading")).to_have_text("Thaw asks for its token")
        stranger.get_by_label("paste that address").fill(app.printed)
        stranger.get_by_role("button", name="Open Thaw").click()
        settled(stranger)
        assert "token" not in stranger.url
        stranger.context.close()

        friend = new_context(browser).new_page()
        friend.goto(app.printed.replace("localhost", "127.0.0.1"))
        settled(friend)
        assert "token" not in friend.url
        zipped = pack(tmp_path / "zoo.zip", {"cat": 3, "dog": 3})
        friend.locator("input.zip").set_input_files(zipped)
        expect(friend.get_by_text("6 pictures, 2 classes")).to_be_visible()
        app.stop()
        app.start()
        friend.goto(f"{app.url.replace('localhost', '127.0.0.1')}/runs")  # the first page it serves
        expect(friend.get_by_role("heading", name="Runs and data sets")).to_be_visible()
        for step in ("Data", "Train", "Evaluate", "Predict", "Runs"):
            expect(friend.get_by_role("link", name=step, exact=True)).to_be_visible()
        expect(friend.get_by_test_id("stSidebarNav")).to_have_count(0)
        friend.context.close()
