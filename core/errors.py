"""The two kinds of error: a user's mistake, told plainly, and everything else, logged in full."""

import logging
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger("thaw")


class UserError(Exception):
    """Something the user can put right.

    The message is one or two plain sentences: what was expected, what came, what to do. It is
    shown as it is, so it holds no path of the server and no traceback.
    """


class StopRequested(Exception):
    """Raised by a `report` callback to end work that the user has stopped."""


def record(error: BaseException) -> str:
    """Write an unexpected error to the log in full, and to standard error.

    Where the log cannot be written, on a full or read-only disk, standard error has it alone.

    Returns:
        A short id that stands in the log beside the traceback.
    """
    incident = secrets.token_hex(4)
    try:
        write(error, incident)
    except (OSError, UserError) as unwritten:
        logger.error("incident %s could not be written to the log: %s", incident, unwritten)
    return incident


def write(error: BaseException, incident: str) -> None:
    """Write an unexpected error to the log, under an id.

    Raises:
        OSError: The log cannot be written.
        UserError: THAW_HOME cannot be used.
    """

    text = "".join(traceback.format_exception(error))
    logger.error("incident %s\n%s", incident, text)
    log = log_path()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(
            f"{datetime.now(UTC).isoformat(timespec='seconds')} incident {incident}\n{text}\n"
        )


def log_path() -> Path:
    """The file that `write` appends to."""
    from core import home  # which needs UserError

    return home.logs() / "errors.log"
