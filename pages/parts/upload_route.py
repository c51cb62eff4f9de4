"""The way in for large files: routes of Thaw's own, which write to disk what Streamlit would hold.

Streamlit keeps an uploaded file in memory as long as a page may need it. Here a file comes in
blocks, and each may be sent again:

    POST   uploads        {"name", "size"}: begins one; answers {"id", "secret"}
    GET    uploads/<id>   where it stands: {"offset"}
    PATCH  uploads/<id>   the bytes from `Upload-Offset` on; answers {"offset"}
    DELETE uploads/<id>   gives it up

Only a page that this server has drawn may begin one (`Upload-Permit`), and only who began it knows
its `Upload-Secret`. Both are headers that no other website's page can send without being asked
first, and nobody here answers that question; its `Origin` is refused besides. What goes wrong is
answered with {"error"}: a sentence to show.
"""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import config

from core import errors
from core.data import incoming
from core.errors import UserError
from core.jobs.tasks import sentence_of
from pages.parts import addresses

BLOCK = 8 << 20  # bytes that a page sends at once; a proxy in between must let them pass
_WRITE = 1 << 20  # bytes that are held in memory for each sender
_ASKED = 4096  # bytes that the beginning of an upload may take
_LARGEST = 2**53  # what a browser can count to
_PURPOSE = "upload"
PERMIT = addresses.permit(_PURPOSE)

_Endpoint = Callable[[Request], Awaitable[Response]]


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path("uploads")


def routes() -> list[Route]:
    """What the app answers besides its pages."""
    one = f"{path()}/{{upload_id}}"
    return [
        Route(path(), _guarded(_begin), methods=["POST"]),
        Route(one, _guarded(_tell), methods=["GET"]),
        Route(one, _guarded(_receive), methods=["PATCH"]),
        Route(one, _guarded(_give_up), methods=["DELETE"]),
    ]


def _guarded(endpoint: _Endpoint) -> _Endpoint:
    """Refuse other websites, and tell in a sentence what goes wrong."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            if not _is_ours(request):
                return _refusal(403, "This request comes from another website, so it was refused.")
            return await endpoint(request)
        except incoming.NoSuchUpload as error:
            return _refusal(404, str(error))
        except incoming.OutOfPlace as error:
            return _refusal(409, str(error))
        except UserError as error:
            return _refusal(400, str(error))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            await run_in_threadpool(errors.record, error)
            return _refusal(500, sentence_of(error))

    return answer


def _is_ours(request: Request) -> bool:
    """Whether a page of this server asks, or a program, which has no origin."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    host = urlsplit(origin).netloc.lower()
    return host == request.headers.get("host", "").lower() or origin in {
        allowed.strip() for allowed in config.get_option("server.corsAllowedOrigins")
    }


async def _begin(request: Request) -> Response:
    permit = request.headers.get("upload-permit", "")
    if not addresses.is_permit(permit, _PURPOSE):
        return _refusal(403, "This page is older than the server. Reload it and try again.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _ASKED:
            return _refusal(413, "Expected a file's name and size, but far more came.")
    try:
        asked = json.loads(body)
        name, size = asked["name"], asked["size"]
    except (ValueError, TypeError, KeyError, RecursionError):
        name, size = None, None
    if not isinstance(name, str) or type(size) is not int or size > _LARGEST:
        raise UserError("Expected the name of a file and its size in bytes.")
    begun, secret = await run_in_threadpool(incoming.begin, name, size)
    return JSONResponse({"id": begun.folder.name, "secret": secret}, 201)


async def _tell(request: Request) -> Response:
    return _standing(await _found(request))


async def _receive(request: Request) -> Response:
    """Write what comes in blocks that fit into memory, up to the moment the line is cut."""
    found = await _found(request)
    told = request.headers.get("upload-offset", "")
    if not told.isdecimal():
        raise UserError("Expected in Upload-Offset how many bytes have come before.")
    offset = start = int(told)
    waiting = bytearray()

    async def write() -> None:
        nonlocal offset
        await run_in_threadpool(incoming.append, found, offset, bytes(waiting))
        offset += len(waiting)
        waiting.clear()

    try:
        async for chunk in request.stream():
            waiting += chunk
            if offset + len(waiting) - start > BLOCK:
                return _refusal(413, f"Expected at most {BLOCK:,} bytes at once.")
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
    return await run_in_threadpool(incoming.find, request.path_params["upload_id"], secret)


def _standing(found: incoming.Incoming) -> Response:
    return JSONResponse({"offset": found.offset}, headers={"Cache-Control": "no-store"})


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
