"""What a tar archive holds, read header by header; no file in it is read yet.

tarfile reads single headers here but not whole archives: in Pythons that are still about, what a
header may say beyond its 512 bytes is read into memory whatever its size, recursively and with
expressions that take minutes for some (CVE-2024-6232, CVE-2025-8194).
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from core.intake import limits
from core.intake.archives import litter
from core.intake.archives.member_names import (
    TOO_LONG,
    is_too_long,
    safe_path,
    shortened,
    texts_of,
)
from core.intake.archives.refusals import (
    damaged,
    goes_on,
    refused,
    too_large,
    too_many,
)
from core.intake.limits import Limits
from core.saying import Sentence, later, say

LINK = later("a link, which is not followed")
SPARSE = later("stored with holes (a sparse file)")
NO_FILE = later("not an ordinary file")

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_ABOUT_THE_NEXT = (*_PAX, tarfile.XGLTYPE, *_LONG)
_MOST_EXTENDED = 8  # headers that only speak of the file that follows
_MOST_SAID = 1 << 20  # bytes of one: a Mac tells icons and more, and only names are kept
_MORE_HOLES = 482  # where a sparse file's header says that its list goes on in the next block,
_MORE_STILL = 504  # and where such a block says so
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)


@dataclass(frozen=True)
class Place:
    """Where a file's bytes lie in the tar."""

    offset: int
    size: int


@dataclass(frozen=True)
class _Entry:
    name: bytes
    kind: bytes
    place: Place


def is_tar(head: bytes) -> bool:
    """Whether these are the first bytes of a tar: its first header has a valid checksum."""
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def checked(file: IO[bytes], name: str, size: int) -> tuple[dict[str, Place], dict[str, Sentence]]:
    """What an archive holds, once all of it is known to be harmless.

    Args:
        file: The plain tar.
        name: What the user calls it.
        size: Its bytes.

    Returns:
        Members worth reading by the name shown, and the reasons why others are left out.

    Raises:
        UserError: It is damaged, hostile or larger than the owner allows.
    """
    most = limits.current()
    if size > most.unpacked_bytes:
        raise too_large(name)
    entries: list[_Entry] = []
    named = 0  # bytes
    try:
        for entry in islice(_entries(file, name), most.entries + 1):
            if entry.place.offset + entry.place.size > size:
                raise damaged(name)
            entries.append(entry)
            named += len(entry.name)
            if named > Limits.directory_bytes:
                raise too_many(name)
    except (tarfile.HeaderError, ValueError, EOFError) as error:
        raise damaged(name) from error
    if len(entries) > most.entries:
        raise too_many(name)
    found: dict[str, Place] = {}
    left_out: dict[str, Sentence] = {}
    for entry, text in zip(entries, texts_of([entry.name for entry in entries]), strict=True):
        shown = safe_path(text, name)
        if entry.kind == tarfile.DIRTYPE or not shown:
            continue
        # A tar may hold a file twice, when it was brought up to date: the last one counts.
        found.pop(shown, None)
        left_out.pop(shown, None)
        if left := litter.found(shown):
            left_out[shortened(left[0])] = left[1]
        elif is_too_long(shown):
            left_out[shortened(shown)] = TOO_LONG
        elif entry.kind in _LINKS:
            left_out[shown] = LINK
        elif entry.kind == tarfile.GNUTYPE_SPARSE:
            left_out[shown] = SPARSE
        elif entry.kind in _DEVICES:
            why = say("“{file}” inside it is a device, not a file", file=shortened(shown))
            raise refused(name, why)
        elif entry.kind not in _FILES:
            left_out[shown] = NO_FILE
        else:
            found[shown] = entry.place
    return found, left_out


def _entries(file: IO[bytes], name: str) -> Iterator[_Entry]:
    """Every file, folder, link and device, with what extended headers say of it.

    Raises:
        EOFError, ValueError, tarfile.HeaderError: The tar is damaged.
        UserError: Something lies behind its end.
    """
    said: dict[bytes, bytes] = {}
    at = extended = 0
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        if not block.strip(b"\0"):
            # Two empty blocks end a tar, some programs write one or none; zeros may follow. What
            # else does is the rest of a tar with a hole, or another one.
            if any(chunk.strip(b"\0") for chunk in iter(lambda: file.read(_CHUNK), b"")):
                raise goes_on(name)
            return
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        at += _BLOCK
        if header.type not in _ABOUT_THE_NEXT:
            if header.type == tarfile.GNUTYPE_SPARSE:
                at += _list_of_holes(file, block)
            entry = _entry(header, said, at)
            yield entry
            said, extended = {}, 0
            at += _whole_blocks(entry.place.size)
            continue
        extended += 1
        most = Limits.header_bytes if header.type in _LONG else _MOST_SAID
        if extended > _MOST_EXTENDED or not 0 <= header.size <= most:
            raise ValueError("headers without end")
        body = file.read(header.size)
        if len(body) < header.size:
            raise EOFError
        if header.type == tarfile.GNUTYPE_LONGNAME:
            said[b"path"] = body.rstrip(b"\0")
        elif header.type in _PAX:
            said |= _records(body)
        at += _whole_blocks(header.size)


def _entry(header: tarfile.TarInfo, said: dict[bytes, bytes], at: int) -> _Entry:
    kind, size = header.type, int(said.get(b"size", header.size))
    if kind in (*_LINKS, tarfile.DIRTYPE):
        size = 0  # they have no bytes, whatever they say
    if size < 0:
        raise ValueError("a negative size")
    if any(key.startswith(b"GNU.sparse.") for key in said):
        kind = tarfile.GNUTYPE_SPARSE
    name = (
        said.get(b"GNU.sparse.name")
        or said.get(b"path")
        or header.name.encode("utf-8", "surrogateescape")
    )
    return _Entry(name, kind, Place(at, size))


def _list_of_holes(file: IO[bytes], header: bytes) -> int:
    """Bytes of the list between a sparse file's header and the file.

    Raises:
        EOFError, ValueError: The tar is damaged.
    """
    size, more = 0, header[_MORE_HOLES]
    while more:
        block = file.read(_BLOCK)
        if len(block) < _BLOCK:
            raise EOFError
        size, more = size + _BLOCK, block[_MORE_STILL]
        if size > _MOST_SAID:
            raise ValueError("holes without end")
    return size


def _records(data: bytes) -> dict[bytes, bytes]:
    """What an extended header says that matters here.

    It is lines such as "30 path=ü/1.jpg", each with its length.
    """
    found = {}
    at = 0
    while at < len(data):
        space = data.index(b" ", at, at + 8)
        length = int(data[at:space])
        key, equals, value = data[space + 1 : at + length - 1].partition(b"=")
        if length < 5 or not equals:
            raise ValueError("no record")
        if key in (b"path", b"size") or key.startswith(b"GNU.sparse."):
            found[key] = value
        at += length
    return found


def _whole_blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
