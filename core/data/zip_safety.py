"""What a zip archive must not be: a bomb, a maze of links, a way out of its folder, a ruin.

All of it is looked at before a single member is read.
"""

import re
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError


@dataclass(frozen=True)
class Limits:
    """What an archive may ask for before it is taken for a bomb.

    Attributes:
        entries: Files and folders in one archive or folder.
        directory_bytes: Size of a zip's table of contents, all of which is loaded.
        depth: Folders and the file's name in one path.
        total_bytes: Sum of all files once unpacked.
        member_bytes: One file; a larger one is left out, the rest is read.
        ratio: Unpacked to packed size, looked at only above `ratio_from_bytes`.
        ratio_from_bytes: Small files may be packed as tightly as they like.
        total_ratio_from_bytes: The same for the archive as a whole.
    """

    entries: int = 100_000
    directory_bytes: int = 24 * 2**20  # 100,000 entries with paths of 190 bytes
    depth: int = 100
    total_bytes: int = 20 * 2**30
    member_bytes: int = 200 * 2**20
    ratio: int = 200
    ratio_from_bytes: int = 10 * 2**20
    total_ratio_from_bytes: int = 100 * 2**20


LIMITS = Limits()

_END = 22  # bytes of the record at a zip's end; before it, where a zip is large, stand two more:
_LOCATOR = 20
_END64 = 56
_COMMENT = 2**16  # so far back zipfile looks for the end record
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others cannot be unpacked bounded
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_JUNK = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin"}
_OTHER_ARCHIVES = (
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\xff\xd8\xff", "a single picture"),
    (b"\x89PNG", "a single picture"),
)


def is_junk(name: str) -> bool:
    """Whether a path is a hidden file or one that systems leave behind (`.DS_Store`, …)."""
    return any(part.startswith(".") or part.lower() in _JUNK for part in name.split("/"))


def damaged(name: str) -> UserError:
    """The error for an archive that has lost a part of itself."""
    return UserError(
        f"Expected a whole zip archive, but “{name}” is damaged or cut off. "
        "Make or download it again."
    )


def too_deep(name: str) -> UserError:
    """The error for a source with a maze of folders."""
    return UserError(
        f"Expected class folders at most {LIMITS.depth} folders deep, but “{name}” goes deeper. "
        "Take the deep folders out."
    )


def _refused(name: str, why: str) -> UserError:
    return UserError(f"“{name}” was refused because {why}. Make a plain zip of the class folders.")


def check_ends(path: Path, name: str) -> None:
    """Look at the first and last bytes, so that no table of contents of any size is loaded."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        start = max(0, size - _COMMENT - _END - _LOCATOR - _END64)
        file.seek(start)
        tail = file.read()
    if not head:
        raise UserError(f"Expected a zip archive, but “{name}” is an empty file. Upload it again.")
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        if head.startswith(b"PK"):
            raise damaged(name)
        kind = next((kind for magic, kind in _OTHER_ARCHIVES if head.startswith(magic)), None)
        raise UserError(
            f"Expected a zip archive, but “{name}” is {kind or 'something else'}. "
            "Put the class folders in a zip and try again."
        )
    if len(tail) < at + _END:
        raise damaged(name)
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    locator = at - _LOCATOR
    if locator >= 0 and tail.startswith(b"PK\x06\x07", locator):
        record = locator - _END64
        if record < 0 or not tail.startswith(b"PK\x06\x06", record):
            raise damaged(name)
        entries, directory, offset = struct.unpack_from("<QQQ", tail, record + 32)
        # zipfile reads the record before the locator, others the one that the locator names: it
        # must be the same. Offsets do not count what was put before the archive.
        (named,) = struct.unpack_from("<Q", tail, locator + 8)
        if named not in (start + record, offset + directory):
            raise damaged(name)
    if directory > size:
        raise damaged(name)
    if entries > LIMITS.entries or directory > LIMITS.directory_bytes:
        raise _refused(name, f"it holds more than {LIMITS.entries:,} entries")


def checked(archive: zipfile.ZipFile, name: str, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members worth reading, by the name shown, once all of them are known to be harmless."""
    infos = archive.infolist()
    if len(infos) > LIMITS.entries:
        raise _refused(name, f"it holds more than {LIMITS.entries:,} entries")
    total = sum(info.file_size for info in infos)
    if total > LIMITS.total_bytes:
        raise _refused(name, f"it would unpack to {total / 2**30:,.0f} GB")
    if total > max(LIMITS.total_ratio_from_bytes, size * LIMITS.ratio):
        raise _refused(name, f"it would unpack to {total // max(size, 1):,} times its size")
    found: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in infos:
        shown = _safe_name(info, name)
        _check_member(info, name)
        if info.is_dir() or info.orig_filename.endswith("\\") or not shown:
            continue
        if shown in seen:
            raise _refused(name, f"it holds “{shown}” twice")
        seen.add(shown)
        if not is_junk(shown):
            found[shown] = info
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < 0:
            raise damaged(name)
        if info.header_offset < end:
            raise _refused(name, "its files overlap")
        end = info.header_offset + 30 + info.compress_size  # 30: a local header without its name
    if end > size:
        raise damaged(name)
    return found


def _safe_name(info: zipfile.ZipInfo, name: str) -> str:
    """The member's path with forward slashes; old Windows tools write backward ones."""
    raw = info.orig_filename
    path = raw.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts or "\0" in raw:
        shown = raw[:80].replace("\0", "?")
        raise _refused(name, f"the path “{shown}” inside it leads out of the archive")
    parts = [part for part in parts if part not in ("", ".")]
    if len(parts) > LIMITS.depth:
        raise too_deep(name)
    return "/".join(parts)


def _check_member(info: zipfile.ZipInfo, name: str) -> None:
    shown = info.filename[:80]
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(name, f"“{shown}” inside it is a link or a device, not a file")
    if info.flag_bits & _ENCRYPTED:
        raise UserError(
            f"Expected a zip archive without a password, but “{shown}” in “{name}” is encrypted. "
            "Make the archive again without one."
        )
    if info.compress_type not in _METHODS:
        raise UserError(
            f"Expected an ordinary zip archive, but “{name}” is packed in an unusual way. "
            "Make it again with the method “Deflate”."
        )
    if info.file_size > max(LIMITS.ratio_from_bytes, info.compress_size * LIMITS.ratio):
        raise _refused(name, f"“{shown}” inside it unpacks to far more than a picture would")
