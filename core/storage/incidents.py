"""Unexpected errors: each in full in the log, under an id that a person can report."""

import logging
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core.errors import UserError
from core.storage import home

logger = logging.getLogger("thaw")


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
    return home.error_log()
