"""Is there room on the disk? Asked before something large begins, not found out midway."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import UserError
from core.intake.archives.refusals import unwritable
from core.saying import Sentence, say
from core.storage import files, home

LITTLE = 32 << 20  # bytes without which no training can begin: a converted network takes half
_DEEPER = 200  # bytes of a path that lie below Thaw's folder, at least
_SPARE = 500_000_000  # bytes left to what is at work meanwhile: runs, the cache, the log


class NoRoom(UserError):
    """The disk that holds everything is full. A page and a terminal advise different things."""


def check(needed: int) -> None:
    """Refuse what would fill the disk that holds everything.

    Args:
        needed: Bytes that are about to be written.

    Raises:
        UserError: So many are not free.
    """
    home.root().mkdir(parents=True, exist_ok=True)
    left = max(0, free(home.root()) - _SPARE)
    if needed > left:
        raise NoRoom(
            "These pictures need {size} on the server's disk, but only {size2} are free. "
            "Delete data sets or runs that are no longer needed.",
            size=_size(needed),
            size2=_size(left),
        )


def ready(needed: int = 0) -> None:
    """Find out whether anything can be kept at all, before work that would end in vain.

    Nothing is left behind, not even the folder where there is none yet.

    Args:
        needed: Bytes that must be free.

    Raises:
        OSError: Nothing can be written there, or so many bytes are not free; it names the folder.
    """
    root = home.root()
    try:
        with suppress(FileNotFoundError):
            os.lstat(root / ("x" * _DEEPER))  # a file in the way, a name or a path that is too long
        there = _nearest(root)
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryFile(dir=there):
            pass
        if free(there) < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(root)) from error


def check_home() -> None:
    """Find out at the start whether Thaw's own folder can be used. Nothing is left behind.

    Raises:
        UserError: It cannot.
    """
    try:
        ready()
    except OSError as error:
        raise unwritable(home.root(), error.strerror or "it cannot be made") from error


def free(folder: Path) -> int:
    """Bytes that are free on the disk where a folder lies, or will lie."""
    return shutil.disk_usage(_nearest(folder)).free


def _nearest(folder: Path) -> Path:
    """The folder, or what there is of the way to it."""
    return next(each for each in (folder, *folder.parents) if os.path.lexists(each))


def full(what: str) -> NoRoom:
    """The error where the disk was found to be full midway.

    Args:
        what: What there was no room for.
    """
    return NoRoom(
        "There is no room left on the server's disk for {what}. Delete data sets or runs that are "
        "no longer needed.",
        what=what,
    )


def told(error: BaseException) -> Sentence | None:
    """What a page says where the disk did not take something.

    Returns:
        A sentence without a path; None where it is another error.
    """
    if not isinstance(error, OSError):
        return None
    if error.errno in files.FULL:
        return say(
            "The disk is full. Delete data sets or runs that you no longer need, or empty the "
            "cache."
        )
    if error.errno in files.SHUT:
        return say(
            "Thaw cannot write to its own folder: it is read-only or belongs to somebody else. "
            "The person who runs Thaw can fix that or set THAW_HOME to another folder."
        )
    return None


@contextmanager
def in_words() -> Iterator[None]:
    """Raises what the disk did not take as a `UserError`, as `told` says it."""
    try:
        yield
    except OSError as error:
        sentence = told(error)
        if sentence is None:
            raise
        raise UserError(sentence) from error


def _size(amount: int) -> str:
    return f"{amount / 1e9:,.1f} GB" if amount >= 10**9 else f"{-(-amount // 10**6)} MB"
