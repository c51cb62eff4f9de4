"""Archives and folders that people hand in: is it safe to open, and what is in it?

Members are read straight from where they lie. Nothing is ever unpacked to disk, so a member's
name is only ever shown, never used as a path.
"""

import os
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from core.errors import Said, UserError
from core.intake.archives import (
    folders,
    tar_safety,
    unpacking,
    zip_safety,
)
from core.intake.archives.refusals import a_project, no_archive
from core.intake.layouts.labelling import Reading
from core.intake.limits import Limits
from core.intake.pictures import kinds
from core.saying import say
from core.shown import natural

ENDINGS = ("zip", "tar", "tar.gz", "tgz", "tar.bz2", "tbz2", "tar.xz", "txz", "thaw", "tm")

_HEAD = 8 * tarfile.BLOCKSIZE
_PROJECT = {"project.json", "dataset/manifest.json"}  # files of a project: see `core/projects`
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")


class UnreadableMember(Said):
    """One file of an otherwise good archive cannot be read; the message says why in plain words."""


@dataclass(frozen=True)
class Member:
    """One file in a source.

    Attributes:
        name: Path inside the source, with forward slashes, as shown to people.
        size: Bytes once unpacked, as the archive claims.
    """

    name: str
    size: int


class Source(Protocol):
    """Files of one archive or folder, in natural order; `left_out` tells what is not among them.

    Attributes:
        reading: How its owner says that paths become classes; None leaves that to what can be seen.
    """

    reading: Reading | None

    @property
    def name(self) -> str:
        """What people call it: "flowers" for flowers.zip."""
        ...

    @property
    def members(self) -> tuple[Member, ...]: ...

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """Names of files that cannot be read at all, each with the reason."""
        ...

    def read(self, member: Member, most: int | None = None) -> bytes:
        """The bytes of one member; safe to call from many threads.

        Args:
            member: One of `members`.
            most: Only so many, from its beginning; None for all.

        Raises:
            UnreadableMember: It is damaged, too large or gone.
        """
        ...

    def head(self, member: Member, size: int) -> bytes:
        """The first bytes of one member, empty if they cannot be read."""
        ...

    def close(self) -> None: ...


def open_source(
    path: Path,
    name: str | None = None,
    report: Callable[[int, int], None] | None = None,
    reading: Reading | None = None,
    *,
    follow: bool = False,
) -> Source:
    """Open an archive or a folder after checking that it is safe.

    What kind of archive it is, its bytes say. A compressed tar is unpacked into one nameless file.

    Args:
        path: Where it lies.
        name: What the user calls it, where `path` is a name of ours.
        report: Called with bytes done and bytes in all while something is unpacked; raise
            StopRequested in it to stop.
        reading: How paths become classes, where somebody has said so.
        follow: Whether links in a folder may lead to files and folders elsewhere: only where
            whoever owns it has named it, never for what somebody sent.

    Raises:
        UserError: There is nothing there, it is neither, or it is damaged or hostile.
    """
    # A name that is no UTF-8 must not break the manifest, which is.
    shown = name or utf8(Path(os.path.realpath(path)).name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return FolderSource(path, shown, reading, follow=follow)
        if stat.S_ISREG(mode):
            return _open_archive(path, shown, report, reading)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            "Expected an archive or a folder, but there is no “{shown}”. Check the name.",
            shown=shown,
        ) from None
    except PermissionError:
        raise UserError(
            "“{shown}” may not be read. Give Thaw the permission to read it.",
            shown=shown,
        ) from None
    except OSError as error:
        raise UserError(
            "“{shown}” cannot be read ({strerror}). Copy it to another place and try again.",
            shown=shown,
            strerror=error.strerror or error,
        ) from error
    raise UserError(
        "Expected an archive or a folder, but “{shown}” is neither.",
        shown=shown,
    )


def _open_archive(
    path: Path,
    name: str,
    report: Callable[[int, int], None] | None,
    reading: Reading | None,
) -> "ZipSource | TarSource":
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise UserError(
            "Expected an archive, but “{name}” is an empty file. Upload it again.",
            name=name,
        )
    packing = unpacking.compression_of(head)
    if packing:
        return TarSource(unpacking.unpacked(path, packing, name, report), name, packing, reading)
    if tar_safety.is_tar(head):
        return TarSource(path.open("rb"), name, reading=reading)
    if head.startswith(b"PK") or zip_safety.has_end(path):
        return ZipSource(path, name, reading)
    if head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        raise no_archive(name, say("a single picture"))
    raise no_archive(name, kinds.what(head) or say("something else"))


def without_ending(name: str) -> str:
    """What people call an archive: "flowers" for flowers.tar.gz."""
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.lower().endswith(f".{ending}") and len(name) > len(ending) + 1:
            return name[: -len(ending) - 1]
    return name


class FolderSource:
    """A folder read in place. Links are followed only where that is asked for."""

    def __init__(
        self, path: Path, name: str, reading: Reading | None = None, *, follow: bool = False
    ) -> None:
        self.name = name
        self.reading = reading
        self._found, left_out = folders.checked(path, name, follow=follow)
        self.members = tuple(
            Member(shown, self._found[shown].size) for shown in sorted(self._found, key=natural)
        )
        self.left_out = tuple(left_out.items())

    def read(self, member: Member, most: int | None = None) -> bytes:
        refuse_large(member.size)
        try:
            where = self._found[member.name].path
            handle = os.open(where, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                # Python sets aside the memory for all that it is asked to read, so not the limit.
                data = file.read(member.size + 1 if most is None else most)
                if most is None and len(data) > member.size:  # it has grown since it was listed
                    data += file.read(Limits.member_bytes + 1 - len(data))
        except OSError as error:
            raise UnreadableMember("cannot be opened ({error})", error=error.strerror) from error
        refuse_large(len(data))
        return data

    def head(self, member: Member, size: int) -> bytes:
        try:
            where = self._found[member.name].path
            handle = os.open(where, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                return file.read(size)
        except OSError:
            return b""

    def close(self) -> None:
        """Nothing is held open."""


class ZipSource:
    """A zip archive read in place."""

    def __init__(self, path: Path, name: str, reading: Reading | None = None) -> None:
        self.name = without_ending(name)
        self.reading = reading
        self._lock = threading.Lock()
        self._zip = zip_safety.opened(path, name)
        try:
            self._infos, left_out = zip_safety.checked(self._zip, name, path.stat().st_size)
            document = kinds.document(self._infos)
            if document:
                raise no_archive(name, document)
            if self._infos.keys() >= _PROJECT:
                raise a_project(self.name)
        except BaseException:
            self._zip.close()
            raise
        self.members = tuple(
            Member(shown, self._infos[shown].file_size)
            for shown in sorted(self._infos, key=natural)
        )
        self.left_out = tuple(left_out.items())

    def read(self, member: Member, most: int | None = None) -> bytes:
        refuse_large(member.size)
        try:
            # ZipFile shares its file between threads under its own lock, but it counts its
            # open members without one: hence ours around open and close.
            with self._lock:
                file = self._zip.open(self._infos[member.name])
            try:
                data = file.read(member.size + 1 if most is None else most)
            finally:
                with self._lock:
                    file.close()
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
            raise UnreadableMember("damaged inside the archive") from error
        except (OSError, ValueError, NotImplementedError, RuntimeError) as error:
            raise UnreadableMember("cannot be read from the archive") from error
        if most is None and len(data) != member.size:
            raise UnreadableMember("damaged inside the archive")
        return data

    def head(self, member: Member, size: int) -> bytes:
        try:
            with self._lock, self._zip.open(self._infos[member.name]) as file:
                return file.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error):
            return b""
        except (OSError, ValueError, NotImplementedError, RuntimeError):
            return b""

    def close(self) -> None:
        """Let go of the archive's file."""
        self._zip.close()


class TarSource:
    """A plain tar read in place.

    Args:
        file: The tar, open; closed with the source.
        name: What the user calls it.
        packing: How it was compressed, if it was.
        reading: As for `open_source`.
    """

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        packing: str | None = None,
        reading: Reading | None = None,
    ) -> None:
        self.name = without_ending(name)
        self.reading = reading
        self._file = file
        self._lock = threading.Lock()
        try:
            if packing and not tar_safety.is_tar(file.read(_HEAD)):
                raise no_archive(
                    name, say("something else than a tar, packed with {packing}", packing=packing)
                )
            self._places, left_out = tar_safety.checked(file, name, file.seek(0, os.SEEK_END))
        except BaseException:
            file.close()
            raise
        self.members = tuple(
            Member(shown, self._places[shown].size) for shown in sorted(self._places, key=natural)
        )
        self.left_out = tuple(left_out.items())

    def read(self, member: Member, most: int | None = None) -> bytes:
        refuse_large(member.size)
        size = member.size if most is None else min(most, member.size)
        try:
            with self._lock:
                self._file.seek(self._places[member.name].offset)
                data = self._file.read(size)
        except OSError as error:
            raise UnreadableMember("cannot be read from the archive") from error
        if len(data) != size:
            raise UnreadableMember("damaged inside the archive")
        return data

    def head(self, member: Member, size: int) -> bytes:
        try:
            with self._lock:
                self._file.seek(self._places[member.name].offset)
                return self._file.read(min(size, member.size))
        except OSError:
            return b""

    def close(self) -> None:
        """Let go of the tar, which vanishes where it was unpacked."""
        self._file.close()


class WithFiles:
    """A source with some files that lie elsewhere, such as a table of labels beside an archive.

    Args:
        source: It; closed with this one.
        files: Where they lie, by the names that they go by.
    """

    def __init__(self, source: Source, files: Mapping[str, Path]) -> None:
        self.name = source.name
        self.reading = source.reading
        self.left_out = source.left_out
        self._source = source
        self._files = files
        sizes = ((name, path.stat().st_size) for name, path in sorted(files.items()))
        self.members = (*source.members, *(Member(name, size) for name, size in sizes))

    def read(self, member: Member, most: int | None = None) -> bytes:
        path = self._files.get(member.name)
        if path is None:
            return self._source.read(member, most)
        refuse_large(member.size)
        try:
            with path.open("rb") as file:
                return file.read(Limits.member_bytes if most is None else most)
        except OSError as error:
            raise UnreadableMember("cannot be opened ({error})", error=error.strerror) from error

    def head(self, member: Member, size: int) -> bytes:
        try:
            return self.read(member, size)
        except UnreadableMember:
            return b""

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def refuse_large(size: int) -> None:
    """Refuse a file that is larger than any picture.

    Raises:
        UnreadableMember: It is.
    """
    if size > Limits.member_bytes:
        raise UnreadableMember(
            "too large: {size:.0f} MB, at most {most:.0f} MB",
            size=size / 2**20,
            most=Limits.member_bytes / 2**20,
        )


def utf8(name: str | Path) -> str:
    """A name of the file system as text that can be written."""
    return os.fsencode(name).decode("utf-8", "replace")
