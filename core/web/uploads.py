"""The way in for large files: routes of Thaw's own, which write to disk what Streamlit would hold.

Streamlit keeps an uploaded file in memory as long as a page may need it. Here a file comes in
blocks, and each may be sent again:

    POST   uploads        {"name", "size"}: begins one; answers {"id", "secret"}
    GET    uploads/<id>   how far it is: {"offset"}
    PATCH  uploads/<id>   the bytes from `Upload-Offset` on; answers {"offset"}
    DELETE uploads/<id>   gives it up

Only a page that this server has drawn may begin one (`Upload-Permit`, which also says which page it
is), and only who began it knows its `Upload-Secret`. Both are headers that no other website's page
can send without being asked first, and nobody here answers that question; `door` refuses its
`Origin` besides. What goes wrong is answered with {"error"}: a sentence to show.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.errors import UserError
from core.intake import incoming
from core.storage import home, incidents
from core.storage.home import Space
from core.web import addresses
from core.web.guarded import (
    GuardedRoute,
    Refused,
    body,
    permitted,
    whole_number,
)

BLOCK = 8 << 20  # bytes that a page sends at once; a proxy in between must let them pass
_WRITE = 1 << 20  # bytes that are held in memory for each sender
_ASKED = 4096  # bytes that the beginning of an upload may take
_LARGEST = 2**53  # what a browser can count to
_TIDY = 1800.0  # seconds between two looks for uploads whose senders have left
_NAME = "uploads"
Answer = TypeVar("Answer")
_ONE = f"{_NAME}/{{upload_id}}"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def permit(space: Space, page: str) -> str:
    """What a page says to begin an upload.

    Args:
        space: Where the upload goes.
        page: Its id, by which its uploads are counted.
    """
    return f"{page}.{addresses.permit(space, _purpose(page))}"


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [
        GuardedRoute(_NAME, _begin, "POST"),
        GuardedRoute(_ONE, _tell, "GET"),
        GuardedRoute(_ONE, _receive, "PATCH"),
        GuardedRoute(_ONE, _give_up, "DELETE"),
    ]


async def tidy(every: float = _TIDY) -> None:
    """Remove uploads whose senders have left, for as long as the server runs.

    Args:
        every: Seconds between two looks; the first look waits too, for senders to come back to a
            server that was restarted.
    """
    while True:
        await asyncio.sleep(every)
        try:
            await run_in_threadpool(incoming.remove_abandoned)
        except (OSError, ValueError) as error:  # one that cannot be removed or read now
            incidents.record(error)


async def _begin(request: Request) -> Response:
    page, _, permit = request.headers.get("upload-permit", "").rpartition(".")
    space = permitted(permit if page else "", _purpose(page))
    try:
        asked = json.loads(await body(request, _ASKED))
        name, size = asked["name"], asked["size"]
    except (ValueError, TypeError, KeyError, RecursionError):
        name, size = None, None
    if not isinstance(name, str) or type(size) is not int or size > _LARGEST:
        raise UserError("Expected the name of a file and its size in bytes.")
    begun, secret = await run_in_threadpool(incoming.begin, space, name, size, page)
    return JSONResponse({"id": begun.folder.name, "secret": secret}, 201)


async def _tell(request: Request) -> Response:
    return _standing(await _found(request))


async def _receive(request: Request) -> Response:
    """Write what comes in blocks that fit into memory, up to the moment the line is cut."""
    found = await _found(request)
    told = whole_number(request.headers.get("upload-offset", ""), _LARGEST)
    if told is None:
        raise UserError("Expected in Upload-Offset how many bytes have come before.")
    offset = start = told
    waiting = bytearray()

    async def write() -> None:
        nonlocal offset
        await _known(incoming.append, found, offset, bytes(waiting))
        offset += len(waiting)
        waiting.clear()

    try:
        async for chunk in request.stream():
            waiting += chunk
            if offset + len(waiting) - start > BLOCK:
                raise Refused(413, "Expected at most {most} bytes at once.", most=BLOCK)
            if len(waiting) >= _WRITE:
                await write()
    except ClientDisconnect:
        await write()
        raise
    await write()
    return _standing(found)


async def _give_up(request: Request) -> Response:
    await run_in_threadpool(incoming.give_up, await _found(request))
    return Response(status_code=204)


async def _found(request: Request) -> incoming.Incoming:
    secret = request.headers.get("upload-secret", "")
    asked = request.path_params["upload_id"], secret
    return await _known(incoming.find, *asked, home.spaces())  # the secret says which


async def _known(function: Callable[..., Answer], *args: Any) -> Answer:
    """Do something to an upload, and answer as its sender expects where that fails."""
    try:
        return await run_in_threadpool(function, *args)
    except incoming.NoSuchUpload as error:
        raise Refused(404, error.said) from error
    except incoming.OutOfPlace as error:
        raise Refused(409, error.said) from error


def _standing(found: incoming.Incoming) -> Response:
    return JSONResponse({"offset": found.offset}, headers={"Cache-Control": "no-store"})


def _purpose(page: str) -> str:
    return f"upload {page}"
