"""The door: `streamlit run streamlit_app.py` serves Thaw at http://localhost:8501.

This is the server: it starts or finds the cluster, takes in large files, and answers for errors
nobody expected. What it shows is `pages/start.py`.
"""

import asyncio
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


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Start or find the cluster, if it is ours, so that the first page does not wait for it.

    What the server writes from here on is for its user alone.
    """
    privacy.make_private()
    Thread(target=_start_cluster, name="cluster", daemon=True).start()
    _greet()
    tidying = asyncio.create_task(uploads.tidy())
    yield
    tidying.cancel()
    _say_what_goes_on()


def _say_what_goes_on() -> None:
    """Ctrl-C ends the server; a training must survive that, so its processes do."""
    if ending.programs():
        tell(
            "\nThe page is closed. A training that has begun goes on in the background; start Thaw "
            f"again to see it.\nTo end everything now: {installation.stop()}. By itself it ends "
            "half an hour (THAW_IDLE) after its last work."
        )


def _greet() -> None:
    """Print the address, with the token in it: the one line that whoever starts Thaw needs."""
    for address in entry.addresses():
        print(f"\n  Open Thaw in your browser:  {address}\n", flush=True)  # noqa: T201


def _start_cluster() -> None:
    try:
        queue.ensure_started()
    except Exception as error:  # nobody is there to be told; the first job says it again
        incidents.record(error)


def explain(error: Exception) -> bool:
    """Show what a page did not catch as one sentence; what nobody expected gets an id."""
    if isinstance(error, UserError):
        st.error(words.plain(str(error)), icon=":material/error:")
    elif told := room.told(error):
        st.error(words.plain(told), icon=":material/error:")
    else:
        st.error(
            "Something went wrong in Thaw itself. What you made is safe; reload the page to go "
            f"on. If it happens again, report it with the number {incidents.record(error)}.",
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
