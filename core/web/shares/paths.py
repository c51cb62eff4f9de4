"""The paths of shared links, what they lead to, and the answer for a link that doesn't work."""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from core import sharing
from core.errors import UserError
from core.sharing import Share
from core.storage import home
from core.storage.home import Space
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused

NAME = "shares"
# The headers of a page that lets people try a network: what they show it stays in their browser.
TALKS_TO_NOBODY = {
    "Content-Security-Policy": "default-src 'none'; img-src data: blob:; media-src blob:; "
    "style-src 'unsafe-inline'; connect-src data: blob:; worker-src blob:; "
    "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; frame-ancestors 'none'; "
    "form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=600",
}


def is_path(path: str) -> bool:
    """Whether this is the path of a shared link, which contains its own token."""
    return path.startswith(addresses.path(f"{NAME}/"))


def routes() -> list[GuardedRoute]:
    """What answers where a link was cut off as somebody passed it on; it has to come last."""
    return [GuardedRoute(f"{NAME}/{{rest:path}}", _cut_off, "GET")]


async def _cut_off(request: Request) -> Response:
    raise over()


def found(place: Callable[[Space], Path], token: str) -> tuple[Path, Share]:
    """What a link leads to, in the space where its token fits.

    Args:
        place: The folder of what is shared, in a space. Raises `UserError` where it has none.
        token: The link's.

    Raises:
        Refused: It fits in no space.
    """
    for space in home.spaces():
        try:
            folder = place(space)
            share = sharing.at(folder)
        except UserError:
            continue  # it isn't in this one, or it is damaged
        if share is not None and share.fits(token):
            return folder, share
    raise over()


def over() -> Refused:
    """The answer for a link that has expired, was withdrawn, is not whole or never existed."""
    return Refused(
        404,
        "This link is over, or a part of it is missing. Open it as you got it, or ask for a new "
        "one.",
    )
