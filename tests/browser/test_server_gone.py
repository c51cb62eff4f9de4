"""The line to the server: found at once on every page, and told of while the server is gone."""

import pytest
from playwright.sync_api import Browser, Page, expect

from core import installation
from pages.components import shell
from tests.browser.app import Served, new_context, serve, settled

pytestmark = pytest.mark.browser


def test_the_page_says_that_the_server_has_stopped_until_it_is_back(
    served: Served, page: Page
) -> None:
    page.goto(f"{served.url}/runs")
    settled(page)
    served.stop()
    panel = page.get_by_role("alertdialog", name="Thaw has stopped")
    expect(panel).to_contain_text(installation.start())
    expect(panel).to_be_in_viewport(ratio=1)
    expect(panel.get_by_role("heading")).to_be_focused()
    # Streamlit's own message comes after some seconds, and stays hidden.
    page.get_by_text("Is Streamlit still running?").wait_for(state="attached")
    expect(page.get_by_text("Is Streamlit still running?")).to_be_hidden()
    for _ in range(2):
        page.keyboard.press("Escape")
    expect(panel).to_be_visible()
    served.start()
    expect(panel).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("tab", name="Data sets").click()
    settled(page)
    expect(page.get_by_role("tab", name="Data sets")).to_have_attribute("aria-selected", "true")


@pytest.mark.exhaustive  # test_bringing opens every page as well
@pytest.mark.parametrize("base", ["", "some/where"])
def test_no_request_of_a_deep_link_fails(
    served: Served, browser: Browser, base: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if base:
        with serve(tmp_path_factory.mktemp("base") / "thaw", base, warm=False) as elsewhere:
            _open_every_page(elsewhere, browser)
    else:
        _open_every_page(served, browser)


def _open_every_page(served: Served, browser: Browser) -> None:
    failed: list[str] = []
    for name in shell.PAGES:
        context = new_context(browser)
        context.on("response", lambda a: failed.append(a.url) if a.status >= 400 else None)
        context.on("requestfailed", lambda asked: failed.append(asked.url))
        page = context.new_page()
        page.goto(f"{served.url}/{name}")
        settled(page)
        assert page.url.partition("?")[0] == f"{served.url}/{name}"
        context.close()
    assert not failed
