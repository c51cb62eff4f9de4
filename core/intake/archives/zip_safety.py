"""What a zip archive must not be: a bomb, a maze of links, a way out of its folder, a ruin.

All of it is looked at before a single member is read.
"""

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from core.errors import UserError
from core.intake import limits
from core.intake.archives import litter
from core.intake.archives.member_names import (
    TOO_LONG,
    encoding_of,
    is_too_long,
    safe_path,
    shortened,
    signs_of,
)
from core.intake.archives.refusals import (
    damaged,
    refused,
    too_large,
    too_many,
)
from core.intake.limits import Limits
from core.saying import Sentence, say

_END_MAGIC = b"PK\x05\x06"
_END = 22  # bytes of the record at a zip's end; before it, where a zip is large, stand two more:
_LOCATOR = 20
_END64 = 56
_COMMENT = 2**16  # so far back zipfile looks for the end record
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others cannot be unpacked bounded
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8 = 0x800
_UNICODE_PATH = 0x7075


def has_end(path: Path) -> bool:
    """Whether a file ends as a zip does; it may begin with anything."""
    return _END_MAGIC in _tail(path)[0]


def _tail(path: Path) -> tuple[bytes, int]:
    """The last bytes, as far back as an end record and what belongs to it may lie, and where."""
    start = max(0, path.stat().st_size - _COMMENT - _END - _LOCATOR - _END64)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(), start


def opened(path: Path, name: str) -> zipfile.ZipFile:
    """An archive whose end has been looked at; its members have not been yet, see `checked`.

    Raises:
        UserError: It is damaged or too much.
    """
    check_end(path, name)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        # ValueError: names that are not the UTF-8 they claim to be, impossible offsets
        raise damaged(name) from error


def check_end(path: Path, name: str) -> None:
    """Look at the last bytes, so that no table of contents of any size is loaded.

    Raises:
        UserError: There is no end record, or it says what cannot be or is too much.
    """
    tail, start = _tail(path)
    size = start + len(tail)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) < at + _END:
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
    if entries > limits.current().entries or directory > Limits.directory_bytes:
        raise too_many(name)


def checked(
    archive: zipfile.ZipFile, name: str, size: int
) -> tuple[dict[str, zipfile.ZipInfo], dict[str, Sentence]]:
    """What an archive holds, once all of it is known to be harmless.

    Returns:
        Members worth reading by the name shown, and the reasons why others are left out.

    Raises:
        UserError: It is damaged, hostile or larger than the owner allows.
    """
    infos = archive.infolist()
    if len(infos) > limits.current().entries:
        raise too_many(name)
    _check_sizes(infos, name, size)
    found: dict[str, zipfile.ZipInfo] = {}
    left_out: dict[str, Sentence] = {}
    seen: set[str] = set()
    for info, raw in zip(infos, _names(infos), strict=True):
        shown = safe_path(raw, name)
        _check_member(info, name)
        if raw.endswith(("/", "\\")) or not shown:
            continue
        if shown in seen:
            raise refused(name, say("it holds “{file}” twice", file=shortened(shown)))
        seen.add(shown)
        if left := litter.found(shown):
            left_out[shortened(left[0])] = left[1]
        elif is_too_long(shown):
            left_out[shortened(shown)] = TOO_LONG
        else:
            found[shown] = info
    _check_places(infos, name, size)
    return found, left_out


def _check_sizes(infos: list[zipfile.ZipInfo], name: str, size: int) -> None:
    total = sum(info.file_size for info in infos)
    if total > limits.current().unpacked_bytes:
        raise too_large(name)
    if total > max(Limits.total_ratio_from_bytes, size * Limits.ratio):
        times = total // max(size, 1)
        raise refused(name, say("it would unpack to {times} times its size", times=times))


def _check_places(infos: list[zipfile.ZipInfo], name: str, size: int) -> None:
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < 0:
            raise damaged(name)
        if info.header_offset < end:
            raise refused(name, say("its files overlap"))
        end = info.header_offset + 30 + info.compress_size  # 30: a local header without its name
    if end > size:
        raise damaged(name)


def _names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Paths as their authors wrote them, where the archive may not say in which encoding."""
    old = [info for info in infos if not info.flag_bits & _UTF8]
    encoding = encoding_of((info.orig_filename.encode("cp437") for info in old), "cp437")
    names = []
    for info in infos:
        if not info.flag_bits & _UTF8:
            raw = info.orig_filename.encode("cp437")  # what zipfile has decoded it from
            text = signs_of(raw) if encoding == "cp437" else raw.decode(encoding)
            names.append(_unicode_path(info, raw) or text)
        else:
            names.append(info.orig_filename)
    return names


def _unicode_path(info: zipfile.ZipInfo, raw: bytes) -> str | None:
    """The path in UTF-8 that Info-ZIP and others write beside the old one."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and field[:5] == b"\1" + struct.pack("<I", zlib.crc32(raw)):
            try:
                return field[5:].decode()
            except UnicodeDecodeError:
                return None
    return None


def _check_member(info: zipfile.ZipInfo, name: str) -> None:
    shown = shortened(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        why = say("“{file}” inside it is a link or a device, not a file", file=shown)
        raise refused(name, why)
    if info.flag_bits & _ENCRYPTED:
        raise UserError(
            "Expected a zip archive without a password, but “{shown}” in “{name}” is "
            "encrypted. Make the archive again without one.",
            shown=shown,
            name=name,
        )
    if info.compress_type not in _METHODS:
        raise UserError(
            "Expected an ordinary zip archive, but “{name}” is packed in an unusual way. "
            "Make it again with the method “Deflate”.",
            name=name,
        )
    if info.file_size > max(Limits.ratio_from_bytes, info.compress_size * Limits.ratio):
        why = say("“{file}” inside it unpacks to far more than a picture would", file=shown)
        raise refused(name, why)
