"""Pictures named one by one, in folders or in archives: read one at a time, however many."""

import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from core.datasets.dataset import Skipped
from core.errors import UserError
from core.intake.archives import tar_safety, unpacking
from core.intake.archives.archive import (
    UnreadableMember,
    open_source,
    refuse_large,
    utf8,
)
from core.intake.limits import Limits
from core.saying import say

_HEAD = 512
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # a path has lost its second slash


def is_url(text: str) -> bool:
    """Whether this is the address of something on the network rather than a path."""
    return _URL.match(text) is not None and not Path(text).exists()


def pictures(paths: Iterable[Path]) -> Iterator[tuple[str, bytes] | Skipped]:
    """The files that some paths lead to, in order; nothing is decoded yet.

    Args:
        paths: Files, folders of them (links in them are followed), zips and tars.

    Yields:
        A file's name and its bytes, or why it cannot be read. The name is the path as given, or
        inside a folder or an archive the path there, behind that of the folder or archive where
        several paths were given.
    """
    paths = list(paths)
    for path in paths:
        shown = utf8(path)
        try:
            if is_url(shown):
                reason = say("a URL, which Thaw does not open: download it and name the file")
                yield Skipped(shown, reason)
            elif path.is_dir() or _is_archive(path):
                for name, data in _inside(path):
                    full = name if len(paths) == 1 else f"{shown}/{name}"
                    yield (full, data) if isinstance(data, bytes) else Skipped(full, data)
            else:
                yield shown, contents(path)
        except (UnreadableMember, UserError) as error:
            yield Skipped(shown, error.said)
        except OSError as error:
            yield Skipped(shown, error.strerror or str(error))


def _inside(path: Path) -> Iterator[tuple[str, bytes | str]]:
    """Every file in a folder or an archive, with its bytes or the reason why there are none."""
    with closing(open_source(path, follow=True)) as source:
        yield from source.left_out
        for member in source.members:
            try:
                data: bytes | str = source.read(member)
            except UnreadableMember as error:
                data = error.said
            yield member.name, data


def _is_archive(path: Path) -> bool:
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.startswith(b"PK") or bool(unpacking.compression_of(head)) or tar_safety.is_tar(head)


def contents(path: Path) -> bytes:
    """The bytes of a file that may be a picture; no more of them than a picture has.

    Raises:
        UnreadableMember: It is too large, or no file: a pipe may never end.
        OSError: It cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableMember("not a file")
    refuse_large(status.st_size)
    with path.open("rb") as file:
        data = file.read(Limits.member_bytes + 1)
    refuse_large(len(data))  # it may be growing
    return data
