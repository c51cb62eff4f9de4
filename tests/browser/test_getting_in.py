"""Who gets in: whoever has the printed address, and nobody without it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app import new_context, serve, settled

pytestmark = pytest.mark.browser


def test_the_printed_address_opens_thaw_and_stays_open(browser: Browser, tmp_path: Path) -> None:
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
        friend.goto(app.printed)
        settled(friend)
        assert "token" not in friend.url
        app.stop()
        app.start()
        friend.goto(f"{app.url}/runs")
        settled(friend)
        friend.context.close()
