"""The HTML that a browser loads for every page: Streamlit's own, with a script of Thaw's in it.

The script tells Streamlit where the server is. Left to itself, it looks below the page's own
address first, which costs two requests that fail on every deep link. And it covers the page with
a message of Thaw's own while the server can't be reached.
"""

import json
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit import file_util

from core import installation
from core.web.guarded import GuardedRoute
from pages.components import spoken
from pages.language import catalogue
from pages.language.catalogue import LANGUAGES

PAGES = ("", "train", "evaluate", "predict", "export", "runs")
_FOLDER = Path(__file__).parent
_HEAD = "<head>"


def routes() -> list[GuardedRoute]:
    """The address of every page."""
    return [GuardedRoute(page, _send, "GET") for page in PAGES]


async def _send(_: Request) -> Response:
    return HTMLResponse(_html(), headers={"Cache-Control": "no-cache"})


@cache
def _html() -> str:
    page = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    script = f"{spoken.SAYING}\n{(_FOLDER / 'shell.js').read_text(encoding='utf-8')}"
    texts = {language: catalogue.for_script(script, language) for language in LANGUAGES}
    # "<" is escaped, so that no folder's name ends the script.
    told = json.dumps({"start": installation.start(), "texts": texts}).replace("<", "\\u003c")
    style = (_FOLDER / "shell.css").read_text(encoding="utf-8")
    ours = f"<style>{style}</style><script type='module'>const THAW = {told};\n{script}</script>"
    return page.replace(_HEAD, _HEAD + ours, 1)
