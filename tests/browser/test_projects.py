"""A project leaves one Thaw and is used in another, by its file and by a link."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.projects import opening
from tests.browser.app import TRAINED, Served, new_context, press, serve, settled

pytestmark = pytest.mark.browser


def test_a_project_is_used_elsewhere(
    served: Served, page: Page, sketches: str, trained: str, tmp_path: Path
) -> None:
    file = saved(page, served, sketches, tmp_path)
    # Below another's address, where nothing is trained.
    with serve(tmp_path / "elsewhere", base="teaching/thaw", warm=False) as other:
        opened(page, other, file)
        press(page, "Show it a picture")
        press(page, "Try 1")
        expect(page.get_by_text(re.compile(r"boat, .*sure"))).to_be_visible(timeout=TRAINED)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_whoever_has_the_link_tries_a_shared_project_and_takes_it_along(
    served: Served, browser: Browser, page: Page, sketches: str, trained: str, tmp_path: Path
) -> None:
    file = saved(page, served, sketches, tmp_path)
    with serve(tmp_path / "elsewhere", base="teaching/thaw", warm=False) as other:
        opened(page, other, file)
        share(page)
        address = page.get_by_text(re.compile("/shares/projects/")).inner_text().strip()
        assert address.startswith(f"{other.url}/shares/projects/")
        visitor = new_context(browser)
        visiting = visitor.new_page()
        visiting.goto(address)
        expect(visiting.get_by_role("heading", name="sketches")).to_be_visible()
        visiting.get_by_role("link", name="Try it in your browser").click()
        expect(visiting.get_by_text(re.compile("as in Thaw"))).to_be_visible(timeout=TRAINED)
        visiting.go_back()
        with visiting.expect_download() as coming:
            visiting.get_by_role("link", name=re.compile("^Download")).click()
        coming.value.save_as(tmp_path / "shared.thaw")
        assert opening.is_project(tmp_path / "shared.thaw")
        press(page, "Stop sharing")
        settled(page)
        assert visiting.request.get(address).status == 404
        visitor.close()


def saved(page: Page, served: Served, data: str, folder: Path) -> Path:
    """The project of a data set, as a file."""
    page.goto(f"{served.url}/?data={data}")
    settled(page)
    press(page, "Save project")
    link = page.get_by_role("link", name="Save sketches.thaw").get_attribute("href")
    assert link is not None
    answer = page.request.get(link if link.startswith("http") else f"{served.url}{link}")
    file = folder / "sketches.thaw"
    file.write_bytes(answer.body())
    return file


def opened(page: Page, served: Served, project: Path) -> None:
    """Bring a project in."""
    page.goto(served.url)
    page.locator("input.zip").set_input_files(project)
    came = page.get_by_text(re.compile("trained runs? came with this project"))
    expect(came).to_be_visible(timeout=TRAINED)
    settled(page)


def share(page: Page) -> None:
    press(page, "Share")
    press(page, "For an hour")
    expect(page.get_by_text("Good until")).to_be_visible(timeout=2 * TRAINED)  # with its page
