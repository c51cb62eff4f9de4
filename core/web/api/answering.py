"""The routes by which programs ask a network. `thaw serve` and the app have the same ones.

    POST predict        a picture, as the body or as a form's only file; the answer is an `ANSWER`
    GET  health         {"status": "ok"}
    GET  openapi.json   these routes, for programs
    GET  thaw_client.py a client in Python
    GET  (the address)  the same as a page

A picture needs the network's token, as `Authorization: Bearer …`. A browser would have to ask
first whether its page may send that header: it may where the page's origin is named, and `door`
refuses every other origin.
"""

import hmac
import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from core.errors import UserError
from core.results.prediction import Prediction
from core.web import addresses
from core.web.api import document
from core.web.api.limits import Limits
from core.web.guarded import GuardedRoute, Refused, body, whole_number

CLIENT = Path(__file__).with_name("thaw_client.py")

_CLIENT = CLIENT.read_text(encoding="utf-8")
_MOST_FIELDS = 8  # of a form, beside its file
_CHARSET = re.compile(r";\s*charset=[^;]*", re.IGNORECASE)
_DAY = 86_400  # seconds that a browser may remember that its page may ask


@dataclass(frozen=True)
class Network:
    """A network that programs may ask.

    Attributes:
        token: What they have to know.
        look: What it sees in a picture, given the picture's bytes and how many classes to name.
            Called from a thread; raises `UserError`.
        limits: How much they may ask.
    """

    token: str
    look: Callable[[bytes, int], Prediction]
    limits: Limits

    def lets_in(self, request: Request) -> bool:
        """Whether a request has its token."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(told.strip().encode(), self.token.encode())
        return same and scheme.lower() == "bearer"


class _InMemory(MultiPartParser):
    """A form that is in memory already need not be written to the disk."""

    spool_max_size = sys.maxsize


def routes(where: str, find: Callable[[Request], Awaitable[Network]]) -> list[GuardedRoute]:
    """The routes of one network, or of several.

    Args:
        where: The path that they lie under, with a slash at its end; "" for the root.
        find: Which network a request is about. Raises `Refused` where there is none.
    """

    async def predict(request: Request) -> Response:
        network = await find(request)
        if not network.lets_in(request):
            raise Refused(
                401,
                "Expected the token in the header “Authorization: Bearer TOKEN”, but it is missing "
                "or wrong.",
            )
        top = _top(request)
        with network.limits.request():
            data = await _picture(request, network.limits.size)
            threads = network.limits.threads
            said = await to_thread.run_sync(network.look, data, top, limiter=threads)
        if said.error:
            raise Refused(422, "Expected a picture, but it cannot be read: {why}.", why=said.error)
        return JSONResponse(said.answer(), headers={"Cache-Control": "no-store"})

    async def health(request: Request) -> Response:
        await find(request)
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def described(request: Request) -> Response:
        return JSONResponse(document.openapi((await find(request)).limits.size))

    async def client(request: Request) -> Response:
        await find(request)
        return PlainTextResponse(_CLIENT, headers={"X-Content-Type-Options": "nosniff"})

    async def page(request: Request) -> Response:
        network = await find(request)
        asked = str(request.url.replace(query="", fragment=""))
        return HTMLResponse(document.page(asked, network.limits.size), headers=document.HEADERS)

    async def options(request: Request) -> Response:
        return Response(status_code=204, headers={"Allow": "POST, OPTIONS"})

    return [
        _route(f"{where}predict", predict, "POST"),
        _route(f"{where}predict", options, "OPTIONS"),
        _route(f"{where}health", health, "GET"),
        _route(f"{where}openapi.json", described, "GET"),
        _route(f"{where}{CLIENT.name}", client, "GET"),
        _route(where, page, "GET"),
    ]


def _route(
    path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str
) -> GuardedRoute:
    """A route that pages of the named origins may read; of those `door` lets none but them in."""
    origins = sorted(addresses.site().origins)
    across = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("Authorization", "Content-Type"),
        max_age=_DAY,
    )
    return GuardedRoute(path, endpoint, method, [across] if origins else [])


def _top(request: Request) -> int:
    told = request.query_params.get("top", str(document.TOP))
    top = whole_number(told, document.MOST_TOP)
    if not top:
        raise UserError(
            "Expected in “top” how many classes to name, from 1 to {most}.", most=document.MOST_TOP
        )
    return top


async def _picture(request: Request, most: int) -> bytes:
    """The picture that a request holds, as the whole body or as the only file of a form."""
    data = await body(request, most)
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() == "multipart/form-data":
        data = await _of_form(request, data)
    if not data:
        raise UserError("Expected a picture as the body, but the body is empty.")
    return data


async def _of_form(request: Request, data: bytes) -> bytes:
    """The only file of a form."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield data

    kind = _CHARSET.sub("", request.headers["content-type"])  # some are slow, and none is needed
    headers = Headers({"content-type": kind})
    parser = _InMemory(headers, stream(), max_files=1, max_fields=_MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise UserError(
            "Expected a form (multipart/form-data) with one file, but it cannot be read: {why}",
            why=error.message,
        ) from error
    files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
    found = [await each.read() for each in files]
    await form.close()
    if not found:
        raise UserError("Expected a form (multipart/form-data) with one file, received none.")
    return found[0]
