"""Takes pictures of every page and state, and looks for faults: python -m tests.browser.screenshots

They go to docs/images, at the sizes of a desk, a laptop and a phone, light and dark, with a digest
of the sources that each state shows beside them. `--only NAME …` takes some states alone; `--to
FOLDER` keeps them elsewhere, as PNG.
"""

import argparse
import ast
import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.app import chromium, new_context, serve, settled
from tests.browser.states import STATES, Scene, reached

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
DIGESTS = IMAGES / "sources.json"
SIZES = {"1440": (1440, 900), "1366": (1366, 768), "390": (390, 844)}
SCHEMES = ("light", "dark")
_FIRST_SCREEN = ("data-large", "train-live")  # what must be seen without scrolling
_TALLEST = 4000  # pixels of a picture
_PAGES = {"start": "data", "nothing": "evaluate"}  # of states that are not called after theirs
_HEIGHT = """() => (document.querySelector("[data-testid=stMain]")
    ?? document.documentElement).scrollHeight"""
_FAULTS = """
(phone) => {
    const faults = [];
    const seen = (element) => element.checkVisibility({visibilityProperty: true})
        && element.getBoundingClientRect().width > 1;
    const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    for (const element of [document.scrollingElement, ...all("[data-testid=stMain]")])
        if (element.scrollWidth > element.clientWidth + 1)
            faults.push(`${element.tagName} is ${element.scrollWidth} px wide`);
    for (const tab of all("[role=tab]"))
        if (tab.scrollWidth > tab.clientWidth + 1)
            faults.push(`a tab's words run into the next: ${tab.innerText}`);
    for (const image of all("img"))
        if (!image.complete || !image.naturalWidth) faults.push(`no picture: ${image.alt}`);
    for (const element of all("[data-testid=stSkeleton], [data-testid=stException]"))
        faults.push(`${element.dataset.testid} is left`);
    if (document.body.innerText.includes("Something went wrong")) faults.push("an error is left");
    if (phone)
        for (const element of all("button, a[href], summary, [role=tab], [role=radio],"
                                  + " label:has(input[type=checkbox])")) {
            const {width, height} = element.getBoundingClientRect();
            if (Math.min(width, height) < 43.5)
                faults.push(`${Math.round(width)} × ${Math.round(height)} px to touch: `
                            + (element.ariaLabel || element.innerText || element.outerHTML)
                                .slice(0, 60));
        }
    return faults;
}
"""


def faults(page: Page) -> list[str]:
    """What must not be on any page: overflow, empty pictures, errors, small things to touch."""
    size = page.viewport_size
    assert size
    found: list[str] = page.evaluate(_FAULTS, size["width"] < 500)
    return found


def shoot(page: Page, name: str) -> Image.Image:
    """The whole page, or its first screen where that is what counts."""
    page.wait_for_timeout(600)  # charts and fonts fade in
    size = page.viewport_size
    assert size
    if name not in _FIRST_SCREEN:
        height = page.evaluate(_HEIGHT)
        tall = min(max(size["height"], height), _TALLEST)
        page.set_viewport_size({"width": size["width"], "height": tall})
        page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.set_viewport_size(size)
    return picture.convert("RGB")


def digest(name: str) -> str:
    """Of all that a state shows: its page, what that imports of `pages`, and the theme.

    Comments, docstrings, imports and the places of files play no part.
    """
    found: set[Path] = set()
    first = name.partition("-")[0]
    page = f"{_PAGES.get(first, first)}.py"
    waiting = [ROOT / "pages" / "start.py", ROOT / "pages" / page]
    if first == "shared":  # no page of Streamlit's
        waiting = [ROOT / "core" / "web" / "shares" / "page.py"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".py":
            waiting += _imported(path)
    total = hashlib.sha256((ROOT / ".streamlit" / "config.toml").read_bytes())
    for meaning in sorted(map(_meaning, found)):
        total.update(meaning)
    return total.hexdigest()[:16]


@cache
def _imported(path: Path) -> list[Path]:
    """The modules of `pages` that one imports; with a component its browser code."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = []
    for module in named:
        place = ROOT.joinpath(*module.split("."))
        if not module.startswith("pages."):
            continue
        if place.with_suffix(".py").is_file():
            files.append(place.with_suffix(".py"))
        elif (place / "__init__.py").is_file():
            files += [each for each in place.iterdir() if each.is_file()]
    return files


@cache
def _meaning(path: Path) -> bytes:
    if path.suffix == ".py":
        return "\n".join(_told(_Shown().visit(ast.parse(path.read_bytes())))).encode()
    lines = (line.strip() for line in path.read_bytes().splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"#"))


def _told(node: object) -> Iterator[str]:
    """A syntax tree, the same from each version of Python: `ast.dump` is not."""
    if isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:
                yield name
                yield from _told(value)
    elif isinstance(node, list):
        for each in node:
            yield from _told(each)
    else:
        yield repr(node)


class _Shown(ast.NodeTransformer):
    """Takes out what nobody sees on a page."""

    def visit_Import(self, node: ast.stmt) -> None:
        return None

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else node


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=STATES, default=list(STATES))
    parser.add_argument("--to", type=Path)
    wanted = parser.parse_args()
    folder, ending = (wanted.to, "png") if wanted.to else (IMAGES, "webp")
    folder.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home) / "thaw") as served,
        chromium() as browser,
    ):
        scene = Scene(browser, served, Path(home))
        for name in wanted.only:
            for size, (width, height) in SIZES.items():
                context = new_context(browser, width, height)
                with reached(name, context.new_page(), scene) as page:
                    for scheme in SCHEMES:
                        page.emulate_media(color_scheme=scheme)
                        settled(page)
                        found += [f"{name} {size} {scheme}: {each}" for each in faults(page)]
                        picture = shoot(page, name)
                        picture.save(folder / f"{name}-{size}-{scheme}.{ending}", quality=80)
                context.close()
    if not wanted.to:
        known = json.loads(DIGESTS.read_text()) if DIGESTS.is_file() else {}
        known |= {name: digest(name) for name in wanted.only}
        kept = {name: known[name] for name in STATES if name in known}
        DIGESTS.write_text(json.dumps(kept, indent=1) + "\n")
    print("\n".join(found) or "No faults.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
