"""Is there room on the disk? Asked before something large begins, not found out midway."""

import errno
import shutil

from core import home
from core.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)  # what the system says where it was not asked in time
_SPARE = 500_000_000  # bytes left to what is at work meanwhile: runs, the cache, the log


def check(needed: int) -> None:
    """Refuse what would fill the disk that holds everything.

    Args:
        needed: Bytes that are about to be written.

    Raises:
        UserError: So many are not free.
    """
    home.space().mkdir(parents=True, exist_ok=True)
    free = max(0, shutil.disk_usage(home.space()).free - _SPARE)
    if needed > free:
        raise UserError(
            f"These pictures need {_size(needed)} on the server's disk, but only {_size(free)} are "
            "free. Open Runs to delete data sets or runs that are no longer needed."
        )


def full(what: str) -> UserError:
    """The error where the disk was found to be full midway.

    Args:
        what: What there was no room for.
    """
    return UserError(
        f"There is no room left on the server's disk for {what}. Open Runs to delete data sets or "
        "runs that are no longer needed."
    )


def _size(amount: int) -> str:
    return f"{amount / 1e9:,.1f} GB" if amount >= 10**9 else f"{-(-amount // 10**6)} MB"
