"""How this server is reached, where its routes lie, and the permits by which they know its pages.

A permit is good for one purpose in one space, such as one data set's pictures. It says that this
server drew the page that asks: one that a server before it drew knows none, nor does any other
website's.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from core.storage import home
from core.storage.home import Space

LOCAL = ("localhost", "127.0.0.1", "::1")
_SECRET = secrets.token_bytes(32)


@dataclass(frozen=True)
class Site:
    """How this server is reached; `use` is called once, when the server starts.

    Attributes:
        base: The path before every route, such as "/thaw".
        hosts: The names that the server answers to, in lower case; "*" stands for any name, and
            "*.example.org" for any below it.
        origins: Other websites whose pages may ask, such as that of a proxy.
        urls: Where a browser gets in.
        hosts_are_set: Where the server's owner says what `hosts` are, in words.
        translated: Puts a sentence into the language that an `Accept-Language` header asks for.
        language: Which language that is, as HTML writes it.
    """

    base: str = ""
    hosts: tuple[str, ...] = LOCAL
    origins: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ()
    hosts_are_set: str = "server.allowedHosts in .streamlit/config.toml"
    translated: Callable[[str, str | None], str] = lambda sentence, _: sentence
    language: Callable[[str | None], str] = lambda _: "en"


_site = Site()


def use(site: Site) -> None:
    """Take over how this server is reached."""
    global _site
    _site = site


def site() -> Site:
    """How this server is reached."""
    return _site


def path(name: str) -> str:
    """Where a route lies, as a browser asks for it."""
    return f"{_site.base}/{name}"


def permit(space: Space, purpose: str) -> str:
    """What a page of this server says to be let in.

    Args:
        space: The visitor's.
        purpose: What for.
    """
    signed = hmac.new(_SECRET, f"{space.name} {purpose}".encode(), hashlib.sha256)
    return f"{space.name}-{signed.hexdigest()}"


def space_of(told: str, purpose: str) -> Space | None:
    """The space in which a permit is good for a purpose; None if it isn't one of this server's."""
    space = Space(told.rpartition("-")[0])
    good = hmac.compare_digest(told.encode(), permit(space, purpose).encode())
    return space if good and home.is_id(space.name) else None
