"""Takes pictures of every page as it really is: python -m tests.browser.screenshots FOLDER

At the sizes of a desk and a phone, light and dark; `--one` takes the desk in light alone.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.app import (
    Served,
    bring_sketches,
    chromium,
    new_context,
    press,
    serve,
    settled,
    train,
)

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


def shoot(page: Page, path: Path) -> None:
    """The whole page, not only what a screen holds."""
    settled(page)
    page.wait_for_timeout(800)  # charts and fonts fade in
    size = page.viewport_size
    assert size
    height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    page.wait_for_timeout(400)
    page.screenshot(path=path)
    page.set_viewport_size(size)


def tour(browser: Browser, served: Served, folder: Path, one: bool) -> None:
    """A data set, a run, and a look at everything."""
    first = new_context(browser)
    page = first.new_page()
    dataset = bring_sketches(page, served)
    train(page, served, dataset, epochs=20)
    page.get_by_role("button", name="Look at the results").wait_for()
    run = page.url.partition("run=")[2]
    first.close()
    pages = {
        "welcome": "/",
        "data": f"/?data={dataset}",
        "train": f"/train?data={dataset}",
        "run": f"/train?run={run}",
        "evaluate": f"/evaluate?run={run}",
        "predict": f"/predict?run={run}",
        "runs": f"/runs?run={run}",
    }
    for scheme in ("light",) if one else ("light", "dark"):
        for size, (width, height) in SIZES.items():
            if one and size != "desk":
                continue
            context = new_context(browser, width, height, scheme)
            ending = "" if one else f"-{size}-{scheme}"
            for name, address in pages.items():
                page = context.new_page()
                page.goto(served.url + address)
                if name == "predict":
                    for number in (1, 2, 3):
                        press(page, f"Try {number}")
                        page.get_by_text("sure").nth(number - 1).wait_for()
                shoot(page, folder / f"{name}{ending}.png")
                page.close()
            page = context.new_page()
            train(page, served, dataset, epochs=300)
            page.locator(".st-key-chart-accuracy .js-line").first.wait_for()
            page.wait_for_timeout(4000)
            page.screenshot(path=folder / f"live{ending}.png")
            press(page, "Stop and keep the best so far")
            page.get_by_role("button", name="Train again").wait_for()
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("test-output"))
    parser.add_argument("--one", action="store_true")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home) / "thaw") as served,
        chromium() as browser,
    ):
        tour(browser, served, wanted.folder, wanted.one)


if __name__ == "__main__":
    main()
