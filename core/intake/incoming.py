"""Uploads on their way in, kept as they come: a dropped connection goes on where it was.

`uploads/<id>/` holds `content`, which grows, and until it is taken `incoming.json`: its name, its
size in the end, and a digest of the secret that only its sender knows. How far it is is the size
of `content`, so a restarted server goes on as well. No name that a user typed becomes a path.
"""

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from core import config
from core.errors import UserError
from core.intake import limits, room
from core.intake.archives import archive
from core.storage import files, home
from core.storage.home import Space

_STILL = 3600.0  # seconds after which an upload that has not grown is given up
_HARDLY_BEGUN = 300.0  # the same, where it has hardly begun
_LITTLE = 1 << 20  # bytes
_TOGETHER = 5  # times the limit for one: so much may be on its way in all
_TOGETHER_OF_ONE = 2  # the same, of one page
_AT_ONCE = 100
_AT_ONCE_OF_ONE = 20
_NAME = 200  # letters
# Beginning counts what is there, and a block is written where the one before it ended.
_JUMP = 60.0  # seconds between what a clock and a stopwatch say
_offset = time.time() - time.monotonic()
_lock = threading.Lock()


class NoSuchUpload(UserError):
    """It was never begun, is given up or taken; or the asker does not know its secret."""

    def __init__(self) -> None:
        super().__init__("This upload is no longer there. Choose the file again.")


class OutOfPlace(UserError):
    """A block does not begin where the one before it ended; ask where that was, and go on there."""


@dataclass(frozen=True)
class Incoming:
    """One upload.

    Attributes:
        folder: Directly below the uploads; its name is the upload's id.
        name: What the user calls it, without the ending of an archive.
        size: Bytes in the end.
    """

    folder: Path
    name: str
    size: int

    @property
    def path(self) -> Path:
        """What has come."""
        return self.folder / home.CONTENT

    @property
    def offset(self) -> int:
        """Bytes that have come.

        Raises:
            NoSuchUpload: It was given up.
        """
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            raise NoSuchUpload from None


def begin(space: Space, name: str, size: int, page: str) -> tuple[Incoming, str]:
    """Make a place for an upload, if there is room for it and for its import.

    Args:
        space: Whose upload it is.
        name: The file's, which may be anything.
        size: Bytes that will come.
        page: An id of the page that sends it; no page can keep all others from sending.

    Returns:
        The upload, and its secret.

    Raises:
        UserError: It is empty or too large, too much is on its way already, or the disk is full.
    """
    if size < 1:
        raise UserError("This file is empty. Choose a zip or a folder with pictures in it.")
    most = limits.current().upload_bytes
    if size > most:
        raise UserError(
            "That is {size:,.1f} GB, but at most {most:g} GB can be sent at once. Send fewer "
            "or smaller pictures. {raised_by}",
            size=size / 1e9,
            most=most / 1e9,
            raised_by=limits.raised_by(config.UPLOAD),
        )
    secret = secrets.token_urlsafe(32)
    incoming = Incoming(space.uploads() / home.new_id(), _title(name), size)
    with _lock:
        others = _without_abandoned()
        own = [each for each in others if each.page == page]
        if len(own) >= _AT_ONCE_OF_ONE or _announced(own) + size > _TOGETHER_OF_ONE * most:
            raise UserError(
                "Too much is being sent from this page at the moment. Wait until some of it has "
                "come, or cancel it."
            )
        if len(others) >= _AT_ONCE or _announced(others) + size > _TOGETHER * most:
            raise UserError(
                "Too much is being sent to this server at the moment. Try again in a few minutes."
            )
        # What is imported is kept once more, before the upload goes.
        to_come = sum(2 * each.announced - each.come for each in others)
        room.check(to_come + 2 * size)
        incoming.folder.mkdir(parents=True)
        incoming.path.touch()
        record = {"name": incoming.name, "size": size, "secret": _digest(secret), "page": page}
        files.write_json(incoming.folder / home.INCOMING, record)
    return incoming, secret


def find(upload_id: str, secret: str, spaces: Iterable[Space]) -> Incoming:
    """An upload that is not taken yet.

    Args:
        upload_id: Its id.
        secret: Its secret.
        spaces: Where it may be.

    Raises:
        NoSuchUpload: There is none, or this is not its secret.
    """
    for space in spaces if home.is_id(upload_id) else ():
        folder = space.uploads() / upload_id
        with suppress(OSError):
            record = files.read_json(folder / home.INCOMING)
            if secrets.compare_digest(record["secret"], _digest(secret)):
                return Incoming(folder, record["name"], record["size"])
    raise NoSuchUpload


def append(incoming: Incoming, offset: int, block: bytes) -> None:
    """Write the next block. Of two senders the slower one is out of place.

    Args:
        incoming: Where to.
        offset: Bytes before this block.
        block: At most a few megabytes.

    Raises:
        OutOfPlace: Another number of bytes has come so far.
        NoSuchUpload: It was given up meanwhile.
        UserError: These are more bytes than were announced, or the disk is full.
    """
    if offset + len(block) > incoming.size:
        raise UserError(
            "More than the {size} bytes came that were announced. Choose the file again.",
            size=incoming.size,
        )
    try:
        with _lock, incoming.path.open("r+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END) != offset:
                raise OutOfPlace("Another part of this upload is expected.")
            rest = memoryview(block)
            while rest:
                rest = rest[file.write(rest) :]
    except FileNotFoundError:
        raise NoSuchUpload from None
    except OSError as error:
        if error.errno not in files.FULL:
            raise
        raise room.full("these pictures") from error


def take(space: Space, upload_id: str, secret: str) -> Incoming:
    """Hand over an upload of a space that has come whole, once.

    Raises:
        NoSuchUpload: As for `find`, or somebody has taken it.
        UserError: A part of it is missing.
    """
    incoming = find(upload_id, secret, (space,))
    if incoming.offset < incoming.size:
        raise UserError("A part of this upload is missing. Choose the file again.")
    try:
        (incoming.folder / home.INCOMING).unlink()
    except FileNotFoundError:
        raise NoSuchUpload from None
    return incoming


def give_up(incoming: Incoming) -> None:
    """Delete what has come."""
    files.remove(incoming.folder)


def remove_abandoned() -> None:
    """Remove the uploads that have not grown for long, even where nobody begins another."""
    with _lock:
        _without_abandoned()


def is_begun(folder: Path) -> bool:
    """Whether this holds an upload on its way, which makes way for others in time."""
    return (folder / home.INCOMING).is_file()


class _Unfinished(NamedTuple):
    """An upload on its way: the page that sends it, and bytes announced and come."""

    page: str
    announced: int
    come: int


def _announced(uploads: list[_Unfinished]) -> int:
    return sum(each.announced for each in uploads)


def _without_abandoned() -> list[_Unfinished]:
    """Remove what has not grown for long; returns the others that are on their way."""
    found = []
    jumped = _clock_jumped()
    records = (each.uploads().glob(f"*/{home.INCOMING}") for each in home.spaces())
    for record in chain.from_iterable(records):
        try:
            told = files.read_json(record)
            content = (record.parent / home.CONTENT).stat()
        except FileNotFoundError:
            continue  # it is just given up or taken
        patience = _STILL if content.st_size >= _LITTLE else _HARDLY_BEGUN
        if jumped or content.st_mtime > time.time():  # it was set back: count from now
            os.utime(record.parent / home.CONTENT)
        elif content.st_mtime < time.time() - patience:
            files.remove(record.parent)
            continue
        found.append(_Unfinished(told.get("page", ""), told["size"], content.st_size))
    return found


def _clock_jumped() -> bool:
    """Whether the clock was set since this was last asked, or the computer slept."""
    global _offset
    before, _offset = _offset, time.time() - time.monotonic()
    return abs(_offset - before) > _JUMP


def _title(name: str) -> str:
    """The last part of a file's name, without what cannot be printed and an archive's ending."""
    last = PurePosixPath("".join(c for c in name.replace("\\", "/") if c.isprintable())).name
    return archive.without_ending(last)[:_NAME].strip() or "pictures"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
