"""Writing files so that nobody ever sees half of one, and reading and removing what was written."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core import saying
from core.errors import UserError
from core.storage import home

Stamp = tuple[int, int, int]

# What the system says of a disk that takes nothing.
FULL = (errno.ENOSPC, errno.EDQUOT)
SHUT = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def replacing(path: Path, *, sync: bool = False) -> Generator[Path]:
    """Write a file or a folder aside; it takes its place, whole, when the block has ended.

    Gives a path of the same name in a new hidden folder beside it. Where the block raises, what
    lies there is deleted and `path` stays as it was.

    Args:
        path: What is replaced. Its folder must exist: one that was deleted meanwhile does not come
            back. If `path` is a folder that is there already, it stays: another process was faster.
        sync: Whether the file must have reached the disk first, so that even a power cut leaves
            either the old one or the new one. It takes milliseconds.
    """
    room = path.with_name(f".new-{secrets.token_hex(8)}")
    room.mkdir()
    aside = room / path.name
    try:
        yield aside
        if sync:
            _reach_the_disk(aside)
        if not (aside.is_dir() and path.is_dir()):
            aside.replace(path)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _reach_the_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def scratch(folder: Path) -> Generator[Path]:
    """A place for a file or a folder, gone when the block has ended, whatever happens.

    Args:
        folder: On the disk that is meant to hold it; it must exist.
    """
    place = folder / f".new-{secrets.token_hex(8)}"
    try:
        yield place
    finally:
        place.unlink(missing_ok=True) if place.is_file() else shutil.rmtree(place, True)


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replace a file atomically, readable to its owner alone.

    As with `replacing`, but without a folder: pictures are written by the thousand.
    """
    with scratch(path.parent) as aside:
        aside.touch(0o600)
        aside.write_bytes(data)
        if sync:
            _reach_the_disk(aside)
        aside.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically. An object gets the number of the present format."""
    if isinstance(value, Mapping):
        value = {"format": home.FORMAT, **value}
    write_bytes(path, _lines(saying.packed(value), 2).encode())


def _lines(value: Any, depth: int) -> str:
    """JSON, with what is in its outermost lists and objects on a line each.

    `json.dumps` indents all or nothing, and to indent takes four times as long.
    """
    if not depth or not value or not isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        inside = ",\n".join(_lines(each, depth - 1) for each in value)
        return f"[\n{inside}\n]"
    inside = ",\n".join(
        f"{json.dumps(str(name), ensure_ascii=False)}: {_lines(each, depth - 1)}"
        for name, each in value.items()
    )
    return f"{{\n{inside}\n}}"


def read_json(path: Path) -> Any:
    """The value in a JSON file, without the number of its format; the first Thaws wrote none.

    Raises:
        OSError: It can't be read.
        ValueError: It isn't JSON, or is nested deeper than anything we write.
        UserError: A newer Thaw has written it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_hook=saying.unpacked)
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    if isinstance(value, dict):
        refuse_newer(value.pop("format", 1))
    return value


def refuse_newer(format: object) -> None:
    """See that this version can read what has the number of a format.

    Raises:
        ValueError: It isn't a number.
        UserError: A newer Thaw has written it.
    """
    if not isinstance(format, int):
        raise ValueError(f"expected the number of a format, received {format!r}")
    if format > home.FORMAT:
        raise UserError(
            "This was made by a newer Thaw: its format is {format}, and this version reads up to "
            "{newest}. Update Thaw to open it.",
            format=format,
            newest=home.FORMAT,
        )


def mark(path: Path) -> None:
    """Replace an empty file, or make it, so that it has another stamp."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, b"", sync=False)


def stamp(path: Path) -> Stamp:
    """What changes whenever a file is replaced: time in nanoseconds, inode and size.

    The time alone would miss a second write within one tick of the clock. (0, 0, 0) where there is
    no file.
    """
    try:
        facts = path.stat()
    except OSError:
        return 0, 0, 0
    return facts.st_mtime_ns, facts.st_ino, facts.st_size


def disk_used(folder: Path) -> int:
    """Bytes in all files below a folder; 0 where there is none."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except FileNotFoundError:
                continue  # deleted while we looked
    return total


def remove(folder: Path) -> None:
    """Delete a folder: at once for anybody who looks, then its contents.

    It is renamed first, so that nobody takes a half-deleted folder for a whole one.
    """
    doomed = folder.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed)
