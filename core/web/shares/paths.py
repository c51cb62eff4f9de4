"""The paths of shared links, and the answer for a link that doesn't work."""

from core.web import addresses
from core.web.guarded import Refused

NAME = "shares"


def is_path(path: str) -> bool:
    """Whether this is the path of a shared link, which contains its own token."""
    return path.startswith(addresses.path(f"{NAME}/"))


def over() -> Refused:
    """The answer for a link that has expired, was withdrawn or never existed."""
    return Refused(404, "This link is over. Ask for a new one.")
