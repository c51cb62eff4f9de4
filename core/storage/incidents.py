"""Unexpected errors: each in full in the log, under an id that a person can report.

A second log keeps of each only what comes from code: its type, and the files, lines and functions
it went through. It keeps no message, since messages hold names of files and classes. A report of a
problem is made of this second log.
"""

import json
import logging
import os
import re
import secrets
import sysconfig
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from core import installation
from core.errors import UserError
from core.storage import home, logs

logger = logging.getLogger("thaw")

_OURS = ("core", "pages", "streamlit_app.py")
_FROZEN = re.compile(r"<frozen [\w.]+>")
_MOST = 30  # frames of one error: a recursion has a thousand


def record(error: BaseException) -> str:
    """Write an unexpected error to the log in full, and to standard error.

    Where the log cannot be written, on a full or read-only disk, standard error has it alone.

    Returns:
        A short id, which is in the log beside the traceback.
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
    logger.error("incident %s\n%s", incident, text, extra={"incident": incident})
    time_ = datetime.now(UTC).isoformat(timespec="seconds")
    logs.append(log_path(), f"{time_} incident {incident}\n{text}\n")
    _keep_facts(incident=incident, errors=list(_facts(error)))


def log_path() -> Path:
    """The file that `write` appends to."""
    return home.error_log()


def watch() -> None:
    """Keep facts of this process's warnings too, Dask's among them: it never raises those at us."""
    for name in (None, "distributed"):  # Dask's loggers do not hand on to the root
        watched = logging.getLogger(name)
        if not any(isinstance(each, _Facts) for each in watched.handlers):
            watched.addHandler(_Facts(logging.WARNING))


class _Facts(logging.Handler):
    """Keeps where a warning was logged, without its words."""

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "incident"):
            return  # kept already, by `write` or by another logger's handler
        record.incident = None
        error = record.exc_info[1] if record.exc_info else None
        place = _place(record.pathname)
        with suppress(OSError, UserError):  # the warning itself goes to cluster.log
            _keep_facts(
                level=record.levelno,
                frames=[(place, record.lineno, record.funcName if place else "")],
                errors=list(_facts(error)),
            )


def _keep_facts(**facts: Any) -> None:
    logs.append(home.facts_log(), json.dumps({"time": round(time.time()), **facts}) + "\n")


def _facts(error: BaseException | None) -> Iterator[dict[str, Any]]:
    """An error and those it came from, the first one last."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        frames = list(_frames(error.__traceback__))
        yield {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "errno": error.errno if isinstance(error, OSError) else None,
            "frames": frames[-_MOST:],
        }
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(came: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    for frame, line in traceback.walk_tb(came):
        place = _place(frame.f_code.co_filename)
        yield place, line, frame.f_code.co_qualname if place else ""


def _place(file: str) -> str:
    """A file of code without what lies above it on this computer; empty for any other file."""
    if not os.path.isabs(file):
        return file if _FROZEN.fullmatch(file) else ""
    path = os.path.normpath(file)
    for kind in ("purelib", "platlib"):
        if path.startswith(above := sysconfig.get_path(kind) + os.sep):
            return path.removeprefix(above).replace(os.sep, "/")
    ours = path.removeprefix(f"{installation.ROOT}{os.sep}").replace(os.sep, "/")
    if ours.partition("/")[0] in _OURS:
        return ours
    if path.startswith(above := sysconfig.get_path("stdlib") + os.sep):
        return "python/" + path.removeprefix(above).replace(os.sep, "/")
    return ""
