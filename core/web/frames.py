"""Frames of a camera, each answered at once by a run's network: a route of Thaw's own.

    POST frames/<run>?viewer=…&permit=…   a picture; answers as `prediction.ANSWER` describes

A viewer is a page of this server with a camera. Each has at most one frame that waits here: a newer
one takes its place, so no answer is about what was in view seconds ago. Few frames are answered at
a time, the others in the order in which they came. So a viewer who got an answer waits until
everybody else has had one.

Only a page that this server has drawn knows the permit, which is for one run and one viewer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from anyio import CancelScope, CapacityLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.errors import UserError
from core.jobs import queue, tasks
from core.storage.home import Space
from core.storage.runs import Run, open_run
from core.web import addresses
from core.web.guarded import OLDER, GuardedRoute, Refused, body, permitted

TOP = 8  # classes that an answer names
_NAME = "frames"
_LARGEST = 1 << 20  # bytes of a frame; a page sends about 20,000
_MOST = 64  # viewers who can have a frame here at the same time
_AT_ONCE = CapacityLimiter(2)  # one is answered while the next is on its way to the worker
_here: dict[str, CancelScope] = {}  # each viewer's frame


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(run: Run, viewer: str) -> str:
    """Where a page sends its frames.

    Args:
        run: The run whose network answers.
        viewer: An id of the page, by which it gets its turn.
    """
    asked = {"viewer": viewer, "permit": addresses.permit(run.space, _purpose(run.id, viewer))}
    return f"{path()}/{run.id}?{urlencode(asked)}"


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{run_id}}", _answer, "POST")]


async def _answer(request: Request) -> Response:
    run_id, asked = request.path_params["run_id"], request.query_params
    viewer = asked.get("viewer", "")
    space = permitted(asked.get("permit", ""), _purpose(run_id, viewer), OLDER)
    with _latest_of(viewer):
        frame = await body(request, _LARGEST)
        async with _AT_ONCE:
            if await request.is_disconnected():
                raise ClientDisconnect
            answer = await run_in_threadpool(_seen, space, run_id, frame)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})
    raise Refused(409, "A newer picture came from the same page.")


@contextmanager
def _latest_of(viewer: str) -> Iterator[None]:
    """The block is left as soon as the viewer sends another frame, unless it is being answered."""
    before = _here.get(viewer)
    if before is not None:
        before.cancel()
    elif len(_here) >= _MOST:
        raise Refused(503, "Too many people are using the live view. It tries again by itself.")
    with CancelScope() as mine:
        _here[viewer] = mine
        try:
            yield
        finally:
            if _here.get(viewer) is mine:  # a newer one may have come and gone
                del _here[viewer]


def _seen(space: Space, run_id: str, frame: bytes) -> dict[str, Any]:
    try:
        run = open_run(space, run_id)
    except UserError as error:
        raise Refused(404, error.said) from error
    return queue.ask(tasks.predict_frame, run.folder, frame, TOP)


def _purpose(run_id: str, viewer: str) -> str:
    return f"frames {run_id} {viewer}"
