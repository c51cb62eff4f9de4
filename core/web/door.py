"""What every request meets first, Streamlit's own pages, files and lines included.

It has to call the server by one of its names, come from a page of this server or from a program,
and know the token. Its body has to keep coming.

A website can point its own name at 127.0.0.1 and have its visitors' browsers talk to Thaw (DNS
rebinding). Such a request carries that name in `Host`. A page of another app on this computer has
another port in its `Origin`.
"""

import re
from collections.abc import Callable
from html import escape
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.web import addresses, entry, text_page
from core.web.pace import Paced

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\s:/@\[\]?#\\]+?)\.?)(?::[0-9]{1,5})?")
_STYLE = """
:root { color-scheme: light dark }
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
  padding: 0 1rem }
input, button { font: inherit; padding: .5rem .8rem; border-radius: .6rem; border: 1px solid }
input { width: 100%; box-sizing: border-box; margin: .4rem 0 }
"""
_PRIVATE = text_page.headers(_STYLE, forms="'self'")
_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Thaw</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style></head><body><main>
<h1>Thaw asks for its token</h1>
<p>SENTENCE</p>
<form method="get">
<label for="token">Or paste that address, or the token, here:</label>
<input id="token" name="token" required autofocus autocomplete="off" spellcheck="false">
<button>Open Thaw</button>
</form></main></body></html>
"""
_ASK = (
    "Open the address that Thaw printed when it was started: it ends in “?token=…”. You find it "
    "in the window where Thaw runs."
)
_WRONG = f"That token does not fit; perhaps it is another Thaw's. {_ASK}"


def _nowhere(path: str) -> bool:
    return False


class Door:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, own_token: Callable[[str], bool] = _nowhere) -> None:
        """
        Args:
            app: What it guards.
            own_token: Whether a path needs its own token, or none.
        """
        self._app = app
        self._own_token = own_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket" and self._refusal(HTTPConnection(scope)):
            await WebSocketClose()(scope, receive, send)  # before it is accepted: 403
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        paced = Paced(scope, receive, send)
        try:
            answer = self._refusal(HTTPConnection(scope)) or self._app
            await answer(scope, paced.receive, paced.send)
        except ClientDisconnect:
            if not paced.late:
                raise
        if paced.late and not paced.answered:
            await PlainTextResponse("The rest did not come in time.", 408)(
                scope, paced.receive, paced.send
            )

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        """What is answered instead of the app; None where it may answer."""
        headers, path = Headers(scope=asked.scope), asked.scope["path"]
        if not path.startswith("/"):
            return _plain("Expected a path as the address.", 400)
        if not _is_ours(headers):
            return _plain(
                "Thaw does not answer to this name. Whoever runs it can add the name: "
                f"{addresses.site().hosts_are_set}.",
                403,
            )
        if _is_elsewhere(headers):
            return _plain("This request comes from another website, so it was refused.", 403)
        if not entry.is_needed() or path == addresses.path("_stcore/health"):
            return None
        if self._own_token(path):
            return None
        return self._without_token(asked)

    def _without_token(self, asked: HTTPConnection) -> Response | None:
        known = entry.has_cookie(asked)
        told = asked.query_params.get(entry.QUERY)
        if told is None or asked.scope.get("method") not in ("GET", "HEAD"):
            return None if known else _asking(asked, _ASK)
        if entry.fits(told):
            answer = _onward(asked)
            entry.set_cookie(answer, secure=asked.url.scheme == "https")
            return answer
        return _onward(asked) if known else _asking(asked, _WRONG)


def _onward(asked: HTTPConnection) -> Response:
    """To the same address without the token, which is not to stay in it."""
    rest = [(n, value) for n, value in asked.query_params.multi_items() if n != entry.QUERY]
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in rest)
    # Two slashes at its beginning would lead to another host.
    path = "/" + quote(asked.scope["path"].lstrip("/\\"))
    return RedirectResponse(path + (f"?{query}" if query else ""), 303, headers=_PRIVATE)


def _asking(asked: HTTPConnection, sentence: str) -> Response:
    if "text/html" not in asked.headers.get("accept", ""):
        return _plain(sentence, 403)
    return HTMLResponse(_PAGE.replace("SENTENCE", escape(sentence)), 403, headers=_PRIVATE)


def _plain(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status, headers=_PRIVATE)


def _is_ours(headers: Headers) -> bool:
    """Whether a request calls the server by one of its names.

    `X-Forwarded-Host` is not looked at, since anybody can send it.
    """
    given = headers.getlist("host")
    match = _HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
    if match is None:
        return False
    name = match["six"] or match["name"]
    return any(_is_named(name, pattern) for pattern in addresses.site().hosts)


def _is_elsewhere(headers: Headers) -> bool:
    """Whether a page of another website or app asks. A program has no origin."""
    given = headers.getlist("origin")
    if not given:
        return False
    origin, host = given[0].lower(), headers.get("host", "").lower()
    if len(given) > 1:
        return True
    if origin in (f"http://{host}", f"https://{host}"):
        return False
    return origin not in addresses.site().origins


def _is_named(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
