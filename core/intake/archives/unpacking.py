"""A compressed tar becomes a plain one in a nameless file, so that any member is read at once.

The file has no name, so nothing is left behind, whatever happens.
"""

import bz2
import lzma
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from core.intake import limits, room
from core.intake.archives.refusals import (
    damaged,
    refused,
    too_large,
    unwritable,
)
from core.intake.limits import Limits
from core.saying import say
from core.storage import files, home

_READ = 64 << 10
_CHUNK = 1 << 20
_SPARE = 10**9  # left free on the disk for what trainings write meanwhile
_XZ_MEMORY = 128 << 20  # xz -9 takes 65 MB; it could ask for 4 GB

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}


def compression_of(head: bytes) -> str | None:
    """gzip, bzip2 or xz, told from a file's first bytes; None where it is none of these."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def unpacked(
    path: Path, kind: str, name: str, report: Callable[[int, int], None] | None = None
) -> IO[bytes]:
    """What a compressed file holds, in a file that is gone once closed.

    Args:
        path: The compressed file.
        kind: As `compression_of` says.
        name: What the user calls it.
        report: Called with bytes read and bytes in all; what it raises ends the work.

    Raises:
        UserError: It is damaged, unpacks to more than the owner allows or than the disk holds, or
            is a bomb; or Thaw cannot write to its own folder.
    """
    size = path.stat().st_size
    most = limits.current().unpacked_bytes
    bomb = max(Limits.total_ratio_from_bytes, size * Limits.ratio)
    into = _nameless(name)
    try:
        free = shutil.disk_usage(home.cache()).free - _SPARE
        if size > free:
            raise room.full(f"“{name}”")
        with path.open("rb") as file:
            done = 0
            for chunk in _chunks(file, kind):
                done += len(chunk)
                if done > most:
                    raise too_large(name)
                if done > bomb:
                    why = say("it unpacks to over {times} times its size", times=Limits.ratio)
                    raise refused(name, why)
                if done > free:
                    raise room.full(f"“{name}”")
                into.write(chunk)
                if report:
                    report(file.tell(), size)
        into.seek(0)
    except BaseException as error:
        into.close()
        if isinstance(error, OSError) and error.errno in files.FULL:
            raise room.full(f"“{name}”") from error
        if isinstance(error, (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)):
            raise damaged(name) from error
        raise
    return into


def _nameless(name: str) -> IO[bytes]:
    folder = home.cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        if error.errno in files.FULL:
            raise room.full(f"“{name}”") from error
        raise unwritable(folder, error.strerror or str(error)) from error


class _Gunzip:
    """zlib's decompressor with the face of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._one = zlib.decompressobj(wbits=31)  # 31: gzip's header and checksum around it

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._one.decompress(self._one.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._one.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._one.eof

    @property
    def unused_data(self) -> bytes:
        return self._one.unused_data


_NEW: dict[str, Callable[[], _Gunzip | bz2.BZ2Decompressor | lzma.LZMADecompressor]] = {
    "gzip": _Gunzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}


def _chunks(file: IO[bytes], kind: str) -> Iterator[bytes]:
    """What a compressed file holds, at most _CHUNK at a time, some of them empty.

    The library's own files read on until they have something to give, which for a hostile file is
    hours, and leave xz as much memory as it asks for.

    Raises:
        EOFError, OSError, ValueError, zlib.error, lzma.LZMAError: It is damaged.
    """
    one = _NEW[kind]()
    while True:
        data = b""
        if one.eof:  # such files may be laid end to end, with zeros between
            data = (one.unused_data or file.read(_READ)).lstrip(b"\0")
            if not data:
                return
            one = _NEW[kind]()
        elif one.needs_input:
            data = file.read(_READ)
        chunk = one.decompress(data, _CHUNK)
        if not (data or chunk or one.eof):
            raise EOFError
        yield chunk
