"""The key to this Thaw: a token in the address that is printed, then a cookie that holds it.

The app listens on this computer, and so do the apps of everybody else who uses it. Whoever opens
the printed address has the token in it; the browser keeps it as a cookie from then on. The token
is kept in THAW_HOME, so that a restarted server still knows its visitors. THAW_TOKEN=0 lets
everybody in.
"""

import hashlib
import hmac
import logging
import secrets
from functools import cache
from pathlib import Path

from filelock import FileLock
from starlette.requests import HTTPConnection
from starlette.responses import Response

from core import config
from core.storage import files, home
from core.web.addresses import site

logger = logging.getLogger("thaw")

QUERY = "token"
_YEAR = 365 * 86_400  # seconds that a browser keeps the cookie


def is_needed() -> bool:
    """Whether only those who know the token are let in (THAW_TOKEN, default 1)."""
    return config.TOKEN.value


def fits(told: str) -> bool:
    """Whether this is the token, or the whole address that was printed."""
    given = told.rpartition(f"{QUERY}=")[2].strip()
    return hmac.compare_digest(given.encode(errors="replace"), _token().encode())


def has_cookie(connection: HTTPConnection) -> bool:
    """Whether the visitor was let in before."""
    return fits(connection.cookies.get(_cookie_name(), ""))


def set_cookie(answer: Response, *, secure: bool) -> None:
    """Let the visitor in from now on.

    Args:
        answer: What is sent.
        secure: Whether it is sent over HTTPS.
    """
    answer.set_cookie(
        _cookie_name(), _token(), max_age=_YEAR, httponly=True, samesite="lax", secure=secure
    )


def addresses() -> list[str]:
    """Where a browser gets in; this is what is printed when the server starts."""
    query = f"/?{QUERY}={_token()}" if is_needed() else ""
    return [f"{url.rstrip('/')}{query}" for url in site().urls]


def _cookie_name() -> str:
    """Ports share cookies, so each Thaw on a computer calls its own by another name."""
    return f"thaw-{hashlib.sha256(_token().encode()).hexdigest()[:12]}"


def _token() -> str:
    return kept(home.token())


@cache
def kept(path: Path) -> str:
    """The token in a file, made when it is first asked for.

    Where nothing can be written it lasts as long as the server.
    """
    fresh = secrets.token_urlsafe(32)
    try:
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                files.write_bytes(path, fresh.encode())
            path.chmod(0o600)
            return path.read_text(encoding="utf-8").strip() or fresh
    except OSError as error:
        logger.warning("the token cannot be kept: %s", error.strerror)
        return fresh
