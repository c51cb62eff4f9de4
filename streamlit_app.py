"""The door: `streamlit run streamlit_app.py` serves Thaw at http://localhost:8501.

This is the server: it starts or finds the cluster, takes in large files, and handles unexpected
errors. What it shows is `pages/start.py`.
"""

import asyncio
import gc
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import config, installation
from core.cli.messages import tell
from core.errors import UserError
from core.intake import room
from core.jobs import queue
from core.jobs.cluster import ending
from core.storage import incidents, privacy
from core.web import addresses, entry, uploads
from core.web.guarded import GuardedRoute
from pages.components import shell
from pages.parts.shared import words
from pages.routes import mount

_EVERY = 2.0  # seconds between two looks at what has been imported
_TURNS = 300  # of these, between two searches of everything


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Start or find the cluster, if it is ours, so that the first page does not wait for it.

    What the server writes from here on is for its user alone.
    """
    privacy.make_private()
    Thread(target=_start_cluster, name="cluster", daemon=True).start()
    _greet()
    beside = [asyncio.create_task(each) for each in (uploads.tidy(), spare_what_stays())]
    yield
    for task in beside:
        task.cancel()
    _say_what_still_runs()


async def spare_what_stays() -> None:
    """Take what modules hold out of the search for garbage.

    Streamlit searches after every script, which took up to a tenth of a second of each: hundreds of
    thousands of objects belong to modules. Pages import theirs when they are first shown. What else
    was there then, such as pages that are closed by now, is searched every ten minutes.
    """
    known = 0
    for turn in itertools.count():
        if len(sys.modules) != known or turn % _TURNS == 0:
            known = len(sys.modules)
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        await asyncio.sleep(_EVERY)


def _say_what_still_runs() -> None:
    """Ctrl-C ends the server; a training must survive that, so its processes do."""
    if ending.programs():
        tell(
            "\nThe page is closed. A training that has started keeps running in the background; "
            f"start Thaw again to see it.\nTo stop everything now: {installation.stop()}. "
            "Otherwise it stops half an hour (THAW_IDLE) after its last work."
        )


def _greet() -> None:
    """Print the address, with the token in it: the one line needed after the start."""
    for address in entry.addresses():
        print(f"\n  Open Thaw in your browser:  {address}\n", flush=True)  # noqa: T201


def _start_cluster() -> None:
    try:
        queue.ensure_started()
    except Exception as error:  # nobody sees it yet; the first job meets it again
        incidents.record(error)


def explain(error: Exception) -> bool:
    """Show an uncaught error of a page as one sentence; an unexpected one gets an id."""
    if isinstance(error, UserError):
        st.error(words.plain(error.said), icon=":material/error:")
    elif message := room.told(error):
        st.error(words.plain(message), icon=":material/error:")
    else:
        st.error(
            words.say(
                "Something went wrong in Thaw itself. Your work is safe; reload the page to "
                "continue. If it happens again, report it with the number {number}.",
                number=incidents.record(error),
            ),
            icon=":material/error:",
        )
    return True


def refuse_wrong_settings() -> None:
    """End before anything is served, with one sentence, where a setting cannot be used."""
    try:
        config.check()
        room.check_home()
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)


refuse_wrong_settings()


async def _to_first_page(request: Request) -> Response:
    """Streamlit serves the first page at the root alone, and calls its own name unknown."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(addresses.path("") + query)


ROUTES = [
    *mount.routes(),
    *shell.routes(),
    GuardedRoute("data", _to_first_page, "GET"),
]

app = st.App(
    Path(__file__).parent / "pages" / "start.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=mount.MIDDLEWARE,
    on_script_error=explain,
)
