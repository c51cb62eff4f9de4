"""Zip archives and folders that people hand in: is it safe to open, and what is in it?

Members are read straight from where they lie. Nothing is ever unpacked to disk, so a member's
name is only ever shown, never used as a path.
"""

import os
import stat
import struct
import threading
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.data.zip_safety import LIMITS, check_ends, checked, damaged, is_junk, too_deep
from core.errors import UserError


class UnreadableMember(Exception):
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
    """Files of one archive or folder, sorted by name, hidden and system files left out."""

    @property
    def name(self) -> str:
        """What people call it: "flowers" for flowers.zip."""
        ...

    @property
    def members(self) -> tuple[Member, ...]: ...

    def read(self, member: Member) -> bytes:
        """The bytes of one member; safe to call from many threads.

        Raises:
            UnreadableMember: It is damaged, too large or gone.
        """
        ...

    def close(self) -> None: ...


def open_source(path: Path, name: str | None = None) -> Source:
    """Open a zip archive or a folder after checking that it is safe.

    Args:
        path: Where it lies.
        name: What the user calls it, where `path` is a name of ours.

    Raises:
        UserError: There is nothing there, it is neither, or it is damaged or hostile.
    """
    # A name that is no UTF-8 must not break the manifest, which is.
    shown = name or _utf8(path.resolve().name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return FolderSource(path, shown)
        if stat.S_ISREG(mode):
            return ZipSource(path, shown)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"Expected a zip archive or a folder, but there is no “{shown}”. Check the name."
        ) from None
    except PermissionError:
        raise UserError(
            f"“{shown}” may not be read. Give Thaw the permission to read it."
        ) from None
    raise UserError(f"Expected a zip archive or a folder, but “{shown}” is neither.")


class FolderSource:
    """A folder read in place. Links are not followed, neither to files nor to folders."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        found: dict[str, tuple[Path, int]] = {}
        for folder, folders, files in os.walk(path):
            if len(Path(folder).relative_to(path).parts) >= LIMITS.depth:
                raise too_deep(name)
            folders[:] = [each for each in folders if not is_junk(each)]
            for file in files:
                where = Path(folder, file)
                status = where.lstat()
                if is_junk(file) or not stat.S_ISREG(status.st_mode):
                    continue
                shown = _utf8(str(where.relative_to(path)))
                found[shown.replace(os.sep, "/")] = (where, status.st_size)
                if len(found) > LIMITS.entries:
                    raise UserError(
                        f"Expected at most {LIMITS.entries:,} files, but “{name}” holds more. "
                        "Choose the folder that holds the class folders, and only that."
                    )
        self._paths = {shown: where for shown, (where, _) in found.items()}
        self.members = tuple(Member(shown, found[shown][1]) for shown in sorted(found))

    def read(self, member: Member) -> bytes:
        refuse_large(member.size)
        try:
            handle = os.open(self._paths[member.name], os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                data = file.read(LIMITS.member_bytes + 1)
        except OSError as error:
            raise UnreadableMember(f"cannot be opened ({error.strerror})") from error
        refuse_large(len(data))
        return data

    def close(self) -> None:
        """Nothing is held open."""


class ZipSource:
    """A zip archive read in place."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name[:-4] if name.lower().endswith(".zip") and len(name) > 4 else name
        self._lock = threading.Lock()
        check_ends(path, name)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
            # ValueError: names that are not the UTF-8 they claim to be, impossible offsets
            raise damaged(name) from error
        try:
            self._infos = checked(self._zip, name, path.stat().st_size)
        except BaseException:
            self._zip.close()
            raise
        self.members = tuple(
            Member(shown, self._infos[shown].file_size) for shown in sorted(self._infos)
        )

    def read(self, member: Member) -> bytes:
        refuse_large(member.size)
        try:
            # ZipFile shares its file between threads under a lock of its own, but it counts its
            # open members without one: hence ours around open and close.
            with self._lock:
                file = self._zip.open(self._infos[member.name])
            try:
                data = file.read(member.size + 1)
            finally:
                with self._lock:
                    file.close()
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
            raise UnreadableMember("damaged inside the archive") from error
        except (OSError, ValueError, NotImplementedError, RuntimeError) as error:
            raise UnreadableMember("cannot be read from the archive") from error
        if len(data) != member.size:
            raise UnreadableMember("damaged inside the archive")
        return data

    def close(self) -> None:
        """Let go of the archive's file."""
        self._zip.close()


def refuse_large(size: int) -> None:
    """Refuse a file that is larger than any picture.

    Raises:
        UnreadableMember: It is.
    """
    if size > LIMITS.member_bytes:
        raise UnreadableMember(
            f"too large: {size / 2**20:.0f} MB, at most {LIMITS.member_bytes / 2**20:.0f} MB"
        )


def _utf8(name: str) -> str:
    """A name of the file system as text that can be written."""
    return os.fsencode(name).decode("utf-8", "replace")
