"""Logs of a bounded size: what is older goes to a second file, and what is older still is gone.

Several processes write to each. One that grows too large is copied to the second file and emptied,
not renamed: the cluster's processes keep theirs open, and appending goes on at its new end.
"""

import os
from pathlib import Path

from filelock import FileLock

from core.storage import files

LARGEST = 2_000_000  # bytes of one file
_LONGEST = 100_000  # letters of one entry; a message may hold a whole array
_SECONDS = 5.0  # to wait for another process


def append(log: Path, entry: str) -> None:
    """Add an entry to a log.

    Args:
        log: A file in `home.logs()`.
        entry: Its middle is left out where it is very long.

    Raises:
        OSError: It cannot be written, or other processes write all the time.
        UserError: THAW_HOME cannot be used.
    """
    if len(entry) > _LONGEST:
        half = _LONGEST // 2
        left_out = len(entry) - 2 * half
        entry = f"{entry[:half]}\n… {left_out} letters left out …\n{entry[-half:]}"
    data = entry.encode("utf-8", errors="backslashreplace")
    log.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(log.parent / ".lock", timeout=_SECONDS):
        _turn_over(log, len(data))
        with log.open("ab") as file:
            file.write(data)


def keep_small(log: Path) -> None:
    """Make room in a log that others append to, if it needs that.

    Raises:
        OSError: It cannot be written.
    """
    if log.exists() and log.stat().st_size > LARGEST:  # looked at once a second
        with FileLock(log.parent / ".lock", timeout=_SECONDS):
            _turn_over(log, 0)


def earlier(log: Path) -> Path:
    """The second file of a log."""
    return log.with_name(f"{log.name}.1")


def _turn_over(log: Path, coming: int) -> None:
    """Empty a log into its second file where so many bytes more would be too many."""
    size = log.stat().st_size if log.exists() else 0
    if size + coming <= LARGEST:
        return
    with log.open("r+b") as file:
        file.seek(max(0, size - LARGEST))
        files.write_bytes(earlier(log), file.read())
        os.truncate(file.fileno(), 0)
