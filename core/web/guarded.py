"""The one way to make a route of Thaw's own: with bounds for all that a request may hold.

What is out of bounds gets a sentence and leaves nothing in the log. Who may ask at all, `door`
has decided before. A request's body keeps its pace there, too.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.errors import UserError
from core.jobs.worker import sentence_of
from core.saying import later
from core.storage import incidents
from core.storage.home import Space
from core.web import addresses, text_page

_LONGEST = 200  # letters of a header, a value in the query, or a part of the path
_QUERY = 1000  # letters
_NUMBER = re.compile("[0-9]{1,16}")
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}  # what HTTP wants
_OWN = "upload-"  # how the headers begin that Thaw reads
_STYLE = """
:root { color-scheme: light dark }
body { font: 1.25rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
  padding: 0 1.25rem; overflow-wrap: anywhere }
"""
_PAGE = f"""<!doctype html>
<html lang="LANGUAGE"><head><meta charset="utf-8"><title>Thaw</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main><p>SENTENCE</p></main></body></html>
"""
OLDER = later("This page is older than the server. Reload it.")

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(UserError):
    """A request that is refused, with the status to answer."""

    def __init__(self, status: int, template: str, **values: Any) -> None:
        super().__init__(template, **values)
        self.status = status


def permitted(
    told: str,
    purpose: str,
    otherwise: str = later("This page is older than the server. Reload it and try again."),
) -> Space:
    """The space in which a permit is good.

    Args:
        told: What the request gives as its permit.
        purpose: What for.
        otherwise: The sentence for whoever has none.

    Raises:
        Refused: It is no permit of this server's, or one for something else.
    """
    space = addresses.space_of(told, purpose)
    if space is None:
        raise Refused(403, otherwise)
    return space


class GuardedRoute(Route):
    """A route that answers for whatever comes; the app is given no other kind."""

    def __init__(
        self, path: str, endpoint: Endpoint, method: str, middleware: Sequence[Middleware] = ()
    ) -> None:
        """Make one.

        Args:
            path: Below the base path, with its parameters in braces.
            endpoint: Raises `UserError` for what the asker can mend.
            method: Of HTTP.
            middleware: What its requests pass besides, before they come here.
        """

        async def answer(request: Request) -> Response:
            try:
                _check(request)
                return await endpoint(request)
            except Refused as error:
                return refusal(request, error.status, error.said)
            except UserError as error:
                return refusal(request, 400, error.said)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except Exception as error:
                await run_in_threadpool(incidents.record, error)
                return refusal(request, 500, sentence_of(error))

        super().__init__(addresses.path(path), answer, methods=[method], middleware=middleware)


def refusal(request: Request, status: int, sentence: str) -> Response:
    """A sentence for a person who followed a link, or for a page's script, in their language."""
    accepted, site = request.headers.get("accept-language"), addresses.site()
    sentence = site.translated(sentence, accepted)
    headers = _HEADERS.get(status, {})
    if "text/html" in request.headers.get("accept", ""):
        page = _PAGE.replace("LANGUAGE", site.language(accepted))
        page = page.replace("SENTENCE", escape(sentence, quote=False))
        return HTMLResponse(page, status, headers | text_page.headers(_STYLE))
    return JSONResponse({"error": sentence}, status, headers)


def to_keep(name: str) -> dict[str, str]:
    """The headers of what a browser keeps under a name, and never in its cache."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
    }


def whole_number(text: str, most: int) -> int | None:
    """The number that a text of ASCII digits says; None where it is another text or too large."""
    number = int(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and number <= most else None


async def body(request: Request, most: int) -> bytes:
    """A small body, whole.

    Args:
        request: The request.
        most: Bytes.

    Raises:
        Refused: It is larger.
    """
    come = bytearray()
    async for chunk in request.stream():
        come += chunk
        if len(come) > most:
            raise Refused(413, "Expected at most {most} bytes, but more came.", most=most)
    return bytes(come)


def _check(request: Request) -> None:
    """Refuse what no page of Thaw's sends.

    Raises:
        UserError: A part of the request is too long or there twice.
    """
    own = [(name, value) for name, value in request.headers.items() if name.startswith(_OWN)]
    asked = request.query_params.multi_items()
    values = [value for _, value in own + asked] + [*request.path_params.values()]
    if len(request.url.query) > _QUERY or any(len(value) > _LONGEST for value in values):
        raise UserError(
            "Expected a shorter request: a part of it is longer than anything that Thaw sends."
        )
    for named in (own, asked):
        if any(times > 1 for times in Counter(name for name, _ in named).values()):
            raise UserError("Expected each part of the request once, but one is there twice.")
