"""Keeps what Thaw writes from the other users of this computer."""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.storage import home

_users_umask: int | None = None


def make_private() -> None:
    """Keep what this process writes to its user, and shut others out of THAW_HOME.

    Does nothing on Windows, where a user's folders are the user's own. A THAW_HOME that others
    are meant to write to as well, such as /tmp, stays open; what is Thaw's in it does not.
    """
    global _users_umask
    before = os.umask(0o077)
    _users_umask = before if _users_umask is None else _users_umask
    for folder in (home.root(), *home.everything()):
        with suppress(OSError):  # not there yet, somebody else's, or on a read-only disk
            if not folder.stat().st_mode & stat.S_ISVTX:
                folder.chmod(0o700)


def close_existing() -> None:
    """Take what an earlier Thaw left readable to others from them; takes time in a large home."""
    if os.name == "nt":
        return
    for ours in home.everything():
        for folder, folders, files in os.walk(ours):
            for each in (*folders, *files):
                path = Path(folder, each)
                with suppress(OSError):  # it is deleted just now, or somebody else's
                    mode = path.lstat().st_mode
                    if mode & 0o077 and not stat.S_ISLNK(mode):
                        path.chmod(stat.S_IMODE(mode) & 0o700)


@contextmanager
def to_share() -> Generator[None]:
    """Files made in here are as readable as the user's own: they were asked for by name."""
    if _users_umask is None:
        yield
        return
    ours = os.umask(_users_umask)
    try:
        yield
    finally:
        os.umask(ours)
