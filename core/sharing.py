"""Links to one file of this server, which expire or can be withdrawn.

`share.json` in the folder of what is shared holds the token and the time. The address holds only
ids and the token.
"""

import hmac
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from core.errors import UserError
from core.storage import files, home

DURATIONS = {"hour": 3600, "day": 86_400, "week": 604_800}  # seconds


@dataclass(frozen=True)
class Share:
    """A link that is good.

    Attributes:
        token: The secret in its address.
        until: When it expires, in seconds since 1970.
    """

    token: str
    until: float

    def fits(self, token: str) -> bool:
        """Whether this is its token."""
        return hmac.compare_digest(token.encode(), self.token.encode())


def begin(folder: Path, seconds: float) -> Share:
    """Create a link. An earlier one stops working.

    Args:
        folder: The folder of what is shared.
        seconds: How long it is good.

    Raises:
        OSError: It cannot be written.
    """
    link = Share(token_urlsafe(24), time.time() + seconds)
    files.write_json(folder / home.SHARE, {"token": link.token, "until": link.until})
    return link


def at(folder: Path) -> Share | None:
    """The link to what is in a folder; None if there is none or it has expired.

    Raises:
        UserError: It is damaged.
    """
    if not (folder / home.SHARE).is_file():
        return None
    try:
        facts = files.read_json(folder / home.SHARE)
        token, until = facts["token"], facts["until"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged() from error
    if not isinstance(token, str) or not isinstance(until, int | float):
        raise _damaged()
    return Share(token, until) if time.time() < until else None


def end(folder: Path) -> None:
    """Withdraw the link."""
    (folder / home.SHARE).unlink(missing_ok=True)


def _damaged() -> UserError:
    return UserError("This link is damaged. Share it again.")
