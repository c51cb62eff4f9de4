"""An export below a base path: downloaded, shared, and opened by somebody without a token."""

import re
import zipfile
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app import new_context, press, serve, settled
from tests.web.test_shares import web_page

pytestmark = pytest.mark.browser


def test_an_export_is_shared_below_a_base_path(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "thaw"))
    run, _, _ = web_page("pets")
    with serve(tmp_path / "thaw", base="teaching/thaw", warm=False, token=True) as app:
        owner = new_context(browser).new_page()
        owner.goto(app.printed)
        settled(owner)
        owner.goto(f"{app.url}/export?run={run.id}")
        settled(owner)
        link = owner.get_by_role("link", name="Download").get_attribute("href")
        assert link
        coming = owner.request.get(urljoin(owner.url, link))  # a click opens a tab that closes
        assert coming.status == 200
        (tmp_path / "export.zip").write_bytes(coming.body())
        assert "thaw-web/index.html" in zipfile.ZipFile(tmp_path / "export.zip").namelist()
        press(owner, "Share")
        press(owner, "For an hour")
        told = owner.get_by_text(re.compile(r"/shares/"))
        expect(told).to_be_visible()
        address = told.inner_text().strip()
        assert address.startswith(f"{app.url}/shares/{run.id}/")

        visitor = new_context(browser).new_page()
        visitor.goto(address)
        expect(visitor).to_have_title("pets")
        visitor.goto(f"{app.url}/export?run={run.id}")
        expect(visitor.get_by_role("heading")).to_have_text("Thaw asks for its token")
        press(owner, "Stop sharing")
        settled(owner)
        assert visitor.request.get(address).status == 404
