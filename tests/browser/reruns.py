"""How long a page takes after a click: python -m tests.browser.reruns

Twenty clicks a control, idle, while something trains, and with a thousand runs. A rerun is from
where the page's script begins until the page is drawn and no script runs; before it, the browser
waits a moment in case more is chosen in a table or a list. A row says the median and the 95th
percentile of a rerun, and of all of it from the click on, in milliseconds.
"""

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page

from core.settings import TrainingSettings
from tests.browser.app import Served, chromium, new_context, serve, settled, train
from tests.browser.states import Scene
from tests.pages.painting import paint_run, store_dataset

CLICKS = 20
RUNS = 1000
# From a click, and from the beginning of the script that it started, until that has ended.
_WATCH = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    const running = () => app.dataset.testScriptState === "running";
    window.drawn = new Promise((resolve) => {
        let began = null, ran = null;
        document.addEventListener("pointerdown", () => (began = performance.now()),
                                  {capture: true}); // of a list, the click that chooses counts
        new MutationObserver((_, observer) => {
            if (running()) ran ??= performance.now();
            else if (ran !== null && began !== null) {
                observer.disconnect();
                const now = performance.now();
                resolve([now - ran, now - began]);
            }
        }).observe(app, {attributes: true, attributeFilter: ["data-test-script-state"]});
    });
}"""


@dataclass(frozen=True)
class Control:
    """Something that people press again and again.

    Attributes:
        name: What is pressed, and where.
        address: The page.
        click: Presses it for the so-many-th time; each press changes something.
    """

    name: str
    address: str
    click: Callable[[Page, int], None]


def in_turn(*names: str) -> Callable[[Page, int], None]:
    """Presses the text that is next."""
    return lambda page, turn: page.get_by_text(names[turn % len(names)], exact=True).first.click()


def slide(page: Page, turn: int) -> None:
    """Puts the slider somewhere else."""
    box = page.get_by_test_id("stSlider").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * (0.2 + 0.6 * (turn % 2)), box["y"] + 46)


def controls(scene: Scene) -> list[Control]:
    """One of each kind."""
    return [
        Control("Data: class", f"/?data={scene.sketches}", in_turn("cat (60)", "boat (60)")),
        Control(
            "Data: tab", f"/?data={scene.sketches}", in_turn("Pictures per class", "All pictures")
        ),
        Control("Train: frozen layers", f"/train?data={scene.sketches}", slide),
        Control("Train: augmentation", f"/train?data={scene.sketches}", in_turn("Light", "Strong")),
        Control("Predict: try", f"/predict?run={scene.run}", in_turn("Try 1", "Try 2", "Try 3")),
    ]


def leaf(page: Page, turn: int) -> None:
    """Turns to another page of a table."""
    page.get_by_role("button").filter(has_text=re.compile(f"^{2 + turn % 2}$")).click()


def order(page: Page, turn: int) -> None:
    """Sorts in another way."""
    page.get_by_label("Sort").click()
    name = ("by backbone", "most accurate first")[turn % 2]
    page.get_by_role("option", name=name).click()


def tick(page: Page, turn: int) -> None:
    """Ticks another row, or it no longer."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 53 + 35 * (turn % 8))


OF_RUNS = [
    Control("Runs: page", "/runs", leaf),
    Control("Runs: sort", "/runs", order),
    Control("Runs: tick", "/runs", tick),
]


def measured(page: Page, served: Served, control: Control) -> list[tuple[float, float]]:
    """Milliseconds of each rerun, and from its click on."""
    page.goto(served.url + control.address)
    settled(page)
    taken = []
    for turn in range(CLICKS):
        page.evaluate(_WATCH)
        control.click(page, turn)
        rerun, whole = page.evaluate("window.drawn")
        taken.append((rerun, whole))
    return taken


def table(browser: Browser, served: Served, every: Sequence[Control]) -> None:
    """Print it, a row as soon as it is known."""
    print("| control | rerun: median | p95 | from the click: median | p95 |", flush=True)
    print("|---|---|---|---|---|", flush=True)
    for control in every:
        context = new_context(browser)
        taken = measured(context.new_page(), served, control)
        context.close()
        numbers = [
            f"{number:.0f}"
            for times in zip(*taken, strict=True)
            for number in (median(times), quantiles(times, n=20)[-1])
        ]
        print("|", " | ".join([control.name, *numbers]), "|", flush=True)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home) / "thaw") as served,
        chromium() as browser,
    ):
        scene = Scene(browser, served, Path(home))
        print("Idle, milliseconds:")
        table(browser, served, controls(scene))
        context = new_context(browser)
        page = context.new_page()
        train(page, served, scene.sketches, epochs=1000)
        page.locator(".st-key-chart-accuracy .js-line").first.wait_for()
        print("While another one trains, milliseconds:")
        table(browser, served, controls(scene))
        context.close()
    with_many_runs()


def with_many_runs() -> None:
    """What is measured with more runs than anybody scrolls through."""
    with tempfile.TemporaryDirectory() as there, chromium() as browser:
        os.environ["THAW_HOME"] = str(Path(there) / "thaw")
        data = store_dataset("pets", {"cat": 3, "dog": 3})
        for number in range(RUNS):
            name = ("efficientnet_lite0", "resnet18", "mobilenet_v2")[number % 3]
            paint_run(data, settings=TrainingSettings(backbone=name), epochs=40)
        with serve(Path(there) / "thaw", warm=False) as served:
            print(f"With {RUNS:,} runs, milliseconds:")
            table(browser, served, OF_RUNS)


if __name__ == "__main__":
    main()
