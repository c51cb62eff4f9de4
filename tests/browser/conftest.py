"""One served app and one browser for all scenarios; each scenario has a context of its own."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from core.datasets.samples import samples
from tests.browser.app import (
    PATIENCE,
    TRAINED,
    Served,
    bring_sketches,
    chromium,
    new_context,
    serve,
    train,
)

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("browser") / "thaw") as app:
        yield app


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that looks that nothing is asked of any other machine, and that no script fails."""
    context = new_context(browser)
    abroad: list[str] = []
    errors: list[str] = []

    def look(asked: Request) -> None:
        if urlparse(asked.url).hostname not in (None, "localhost"):
            abroad.append(asked.url)

    context.on("request", look)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert not abroad
    assert not errors


@pytest.fixture(scope="session")
def sketches(served: Served, browser: Browser) -> str:
    """The starter set, brought in once by the press of its button."""
    context = new_context(browser)
    dataset = bring_sketches(context.new_page(), served)
    context.close()
    return dataset


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter set as class folders."""
    folder = tmp_path_factory.mktemp("drawn")
    samples.write("sketches", folder, lambda *_: None)
    return folder


@pytest.fixture(scope="session")
def few(
    served: Served, browser: Browser, drawn: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The id of a data set of two classes, too few to thaw layers for, so a training is short."""
    path = tmp_path_factory.mktemp("few") / "few.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("boat", "cat"):
            for picture in sorted((drawn / label).iterdir())[:15]:
                archive.write(picture, f"{label}/{picture.name}")
    context = new_context(browser)
    page = context.new_page()
    page.goto(served.url)
    page.locator("input.zip").set_input_files(path)
    page.get_by_role("button", name="Choose how to train").wait_for()
    data = page.url.partition("data=")[2].partition("&")[0]
    context.close()
    return data


@pytest.fixture(scope="session")
def trained(served: Served, browser: Browser, sketches: str) -> str:
    """The id of a run that is done."""
    context = new_context(browser)
    page = context.new_page()
    train(page, served, sketches, epochs=5)
    expect(page.get_by_text("Finished. It gets")).to_be_visible(timeout=TRAINED)
    run = page.url.partition("run=")[2]
    context.close()
    return run
