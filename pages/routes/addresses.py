"""Where the app's own routes lie, and the permits by which they know the pages of this server.

A permit is good for one purpose, such as one data set's pictures. It says that this server drew the
page that asks: one that a server before it drew knows none, nor does any other website's.
"""

import hashlib
import hmac
import secrets

from streamlit import config

_SECRET = secrets.token_bytes(32)


def path(name: str) -> str:
    """Where a route lies, as a browser asks for it."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/{name}" if base else f"/{name}"


def permit(purpose: str) -> str:
    """What a page of this server says to be let in."""
    return hmac.new(_SECRET, purpose.encode(), hashlib.sha256).hexdigest()


def is_permit(told: str, purpose: str) -> bool:
    """Whether that is what a page of this server would say."""
    return hmac.compare_digest(told.encode(), permit(purpose).encode())
