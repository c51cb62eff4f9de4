"""axe-core finds nothing on any page and in any state, but for what Streamlit itself draws."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.app import Served, new_context, settled
from tests.browser.states import STATES, Scene, reached

pytestmark = pytest.mark.browser
GROUND = "app => getComputedStyle(app).backgroundColor"
# What is about to be drawn anew is faint for a moment, over and over while a run is watched.
NOT_FADED = "[data-stale] { opacity: 1 !important; transition: none !important }"
AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Allowed:
    """A violation in what Streamlit draws, which an app cannot change.

    Attributes:
        rule: As axe calls it.
        selector: Matches the element, or one that it lies in.
        upstream: Where Streamlit's maintainers know of it.
    """

    rule: str
    selector: str
    upstream: str


ALLOWED = (
    Allowed(
        "presentation-role-conflict",
        "[data-testid=stFileUploaderDropzone]",
        "https://github.com/streamlit/streamlit/issues/15921",
    ),
    Allowed(  # white text whatever the primary colour, which has to stand out on dark as well
        "color-contrast",
        "[kind=primary], [kind=primaryFormSubmit]",
        "https://github.com/streamlit/streamlit/issues/12801",
    ),
)


@pytest.fixture(scope="module")
def scene(
    served: Served,
    browser: Browser,
    sketches: str,
    trained: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Scene:
    """With the data set and the run that other tests look at as well."""
    made = Scene(browser, served, tmp_path_factory.mktemp("scene"))
    made.sketches, made.run = sketches, trained
    return made


def violations(page: Page) -> list[tuple[str, str]]:
    """Rule and element of everything that axe objects to, what is allowed aside."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: list[tuple[str, str]] = page.evaluate(
        """async (allowed) => {
            const {violations} = await axe.run(
                document, {resultTypes: ["violations"], elementRef: true});
            return violations.flatMap(({id, nodes}) => nodes
                .filter(({element}) =>
                    !allowed.some(({rule, selector}) => rule === id && element.closest(selector)))
                .map(({html, failureSummary}) => [id, `${html} ${failureSummary}`]));
        }""",
        [asdict(each) for each in ALLOWED],
    )
    return found


_GROUND_OF = "[data-testid=stApp], body:not(:has([data-testid=stApp]))"


def every_page_first() -> Iterator[Any]:
    """The states; one of each page in `make test`, the others in `make test-all`."""
    first = {"start", "data", "train-settings", "train-done", "evaluate", "predict", "runs"}
    for name in STATES:
        yield name if name in first else pytest.param(name, marks=pytest.mark.exhaustive)


@pytest.mark.parametrize("name", tuple(every_page_first()))
def test_axe_finds_nothing(browser: Browser, scene: Scene, name: str) -> None:
    objections: dict[str, list[str]] = defaultdict(list)
    context = new_context(browser)
    with reached(name, context.new_page(), scene) as page:
        if name != "shared":  # whose policy lets no other style in
            page.add_style_tag(content=NOT_FADED)
        grounds = set()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            settled(page)
            grounds.add(page.locator(_GROUND_OF).evaluate(GROUND))
            for rule, element in violations(page):
                objections[rule].append(f"{scheme}: {element}")
        assert len(grounds) == 2
    context.close()
    assert not objections, json.dumps(objections, indent=1, ensure_ascii=False)


def test_the_list_of_exceptions_stays_short() -> None:
    assert len(ALLOWED) <= 5
