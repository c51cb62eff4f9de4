"""Hostile, damaged and ordinary archives and folders."""

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import UserError
from core.intake.archives.archive import UnreadableMember, open_source
from core.intake.limits import Limits


def packed(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in members:
            made.writestr(name, data, method)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def device(name: str) -> zipfile.ZipInfo:
    info = link(name)
    info.external_attr = (stat.S_IFCHR | 0o666) << 16
    return info


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Put another name of the same length into both headers."""
    assert len(old) == len(new)
    assert data.count(old) == 2
    return data.replace(old, new)


def encrypted() -> bytes:
    data = bytearray(packed(("a/1.jpg", b"secret")))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    """The second entry of the table of contents points at the first file."""
    data = bytearray(packed(("a/1.jpg", b"x" * 200), ("a/2.jpg", b"y" * 200)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def twice() -> bytes:
    return renamed(packed(("a/1.jpg", b"x"), ("a/2.jpg", b"y")), b"a/2.jpg", b"a/1.jpg")


def zeros(megabytes: int) -> bytes:
    return packed(("a/1.jpg", bytes(megabytes << 20)), method=zipfile.ZIP_DEFLATED)


def many_zeros() -> bytes:
    """No file is large, all together are."""
    members = [(f"a/{number}.jpg", bytes(9 << 20)) for number in range(12)]
    return packed(*members, method=zipfile.ZIP_DEFLATED)


def zip64(*, entries: int = 1, named: int | None = None) -> bytes:
    """A zip whose ZIP64 records, which Python writes for large ones only, may say anything."""
    data = packed(("a/1.jpg", b"x"))
    end = data.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", data, end + 12)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end if named is None else named, 1)
    return data[:end] + record + locator + data[end:]


def zip64_with_a_decoy() -> bytes:
    """The locator names a modest record; the one before it, which zipfile reads, is not."""
    honest = zip64()
    at = honest.rindex(b"PK\x06\x06")
    decoy = honest[at : at + 56]
    return decoy + zip64(entries=2**31, named=0)


def zip64_out_of_sight() -> bytes:
    """The end record lies as far back as zipfile looks, its locator just before."""
    return zip64(entries=2**31) + bytes(2**16)


def claims_large_directory() -> bytes:
    data = bytearray(packed(("a/1.jpg", b"x")))
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 2**31)
    return bytes(data)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", "empty file"),
    "text": (lambda: b"These are my flowers.\n" * 50, "is text"),
    "html": (lambda: b"<!doctype html><p>404", "is a web page"),
    "rar": (lambda: b"Rar!\x1a\x07\x01" + bytes(100), "a RAR archive"),
    "picture": (lambda: b"\xff\xd8\xff\xe0" + bytes(100), "a single picture"),
    "cut off": (lambda: packed(("a/1.jpg", b"x" * 999))[:-30], "damaged or incomplete"),
    "cut in the middle": (lambda: packed(("a/1.jpg", b"x" * 999))[:500], "damaged or incomplete"),
    "start missing": (lambda: packed(("a/1.jpg", b"x" * 999))[500:], "damaged or incomplete"),
    "no directory": (lambda: b"PK\x05\x06" + bytes([0] * 8 + [99] * 10), "damaged or incomplete"),
    "encrypted": (encrypted, "without a password"),
    "parent": (lambda: packed(("../evil.jpg", b"x")), "leads out"),
    "parent inside": (lambda: packed(("a/../../evil.jpg", b"x")), "leads out"),
    "parent with backslash": (lambda: packed(("a\\..\\..\\evil.jpg", b"x")), "leads out"),
    "absolute": (lambda: packed(("/etc/evil.jpg", b"x")), "leads out"),
    "absolute with backslash": (lambda: packed(("\\evil.jpg", b"x")), "leads out"),
    "drive": (lambda: packed(("C:/evil.jpg", b"x")), "leads out"),
    "drive with backslash": (lambda: packed(("c:\\evil.jpg", b"x")), "leads out"),
    "NUL": (lambda: renamed(packed(("a/1+jpg", b"x")), b"a/1+jpg", b"a/1\0jpg"), "leads out"),
    "folder that leads out": (lambda: packed(("../", b"")), "leads out"),
    "link": (lambda: packed((link("a/1.jpg"), b"/etc/passwd")), "link or a device"),
    "device": (lambda: packed((device("a/1.jpg"), b"")), "link or a device"),
    "twice": (twice, "twice"),
    "overlapping": (overlapping, "overlap"),
    "bomb": (lambda: zeros(64), "far more than a picture"),
    "many small bombs": (many_zeros, "times its size"),
    "directory beyond the end": (claims_large_directory, "damaged or incomplete"),
    "ZIP64 of many": (lambda: zip64(entries=2**31), "at most 80,000 files"),
    "ZIP64 with a decoy": (zip64_with_a_decoy, "damaged or incomplete"),
    "ZIP64 elsewhere": (lambda: zip64(named=7), "damaged or incomplete"),
    "ZIP64 out of sight": (zip64_out_of_sight, "at most 80,000 files"),
    "deep": (lambda: packed(("a/" * 2000 + "x.jpg", b"x")), "at most 100 folders deep"),
    "LZMA": (lambda: packed(("a/1.jpg", b"x"), method=zipfile.ZIP_LZMA), "unusual way"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archive_is_refused_in_a_sentence_and_leaves_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, part = HOSTILE[kind]
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "mine.zip").write_bytes(make())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError) as caught:
        open_source(folder / "mine.zip")
    message = str(caught.value)
    assert part in message
    assert "mine.zip" in message
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert message.count(". ") <= 2
    assert sorted(tmp_path.rglob("*")) == before


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_ENTRIES", "3")
    path = tmp_path / "a.zip"
    path.write_bytes(packed(*[(f"a/{number}.jpg", b"x") for number in range(4)]))
    with pytest.raises(UserError, match=r"at most 3 files.*THAW_ENTRIES"):
        open_source(path)
    for number in range(4):
        (tmp_path / f"{number}.jpg").touch()
    with pytest.raises(UserError, match=r"at most 3 files.*THAW_ENTRIES"):
        open_source(tmp_path)


def test_total_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UNPACKED_GB", "1e-7")
    (tmp_path / "a.zip").write_bytes(packed(("a/1.jpg", b"x" * 101)))
    with pytest.raises(UserError, match=r"at most 1e-07 GB once unpacked.*THAW_UNPACKED_GB"):
        open_source(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["nothing.zip", "nothing"])
def test_nothing_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"there is no “{name}”"):
        open_source(tmp_path / name)


def test_neither_file_nor_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is neither"):
        open_source(tmp_path / "pipe")


def test_shown_name_is_the_users(tmp_path: Path) -> None:
    path = tmp_path / "3f9a.part"
    path.write_bytes(packed(("a/1.jpg", b"x")))
    assert open_source(path, "Flowers.ZIP").name == "Flowers"
    assert open_source(path, ".zip").name == ".zip"
    path.write_bytes(b"text")
    with pytest.raises(UserError, match=r"“flowers\.zip”"):
        open_source(path, "flowers.zip")


def test_members_are_sorted_and_without_junk(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    files = ["b/2.jpg", "a/1.jpg", "./a//3.jpg", "win\\dir\\4.jpg", "ü/猫.jpg", "a/no_extension"]
    junk = ["__MACOSX/a/._1.jpg", "a/.DS_Store", "a/Thumbs.db", "a/Desktop.ini", ".git/x.png",
            "a/._1.jpg", ".hidden.jpg"]  # fmt: skip
    folders = [("a/", b""), ("empty/", b"")]
    path.write_bytes(packed(*folders, *[(name, name.encode()) for name in files + junk]))
    source = open_source(path)
    names = [member.name for member in source.members]
    assert names == sorted(
        ["a/1.jpg", "a/3.jpg", "a/no_extension", "b/2.jpg", "win/dir/4.jpg", "ü/猫.jpg"]
    )
    assert source.read(source.members[1]) == b"./a//3.jpg"


def test_zip_with_a_prefix_and_a_comment_opens(tmp_path: Path) -> None:
    buffer = io.BytesIO(b"#!/bin/sh self-extracting\n" * 20)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as made:
        made.writestr("a/1.jpg", b"x")
        made.comment = b"from the camera" * 100
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    source = open_source(tmp_path / "a.zip")
    assert source.read(source.members[0]) == b"x"


def test_a_colon_is_no_drive(tmp_path: Path) -> None:
    names = ["a:b/1.jpg", "c:d.jpg", "pets/a: b/1.jpg"]
    (tmp_path / "a.zip").write_bytes(packed(*[(name, b"x") for name in names]))
    assert [member.name for member in open_source(tmp_path / "a.zip").members] == names


def test_zip64_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as made,
        made.open("a/1.jpg", "w", force_zip64=True) as member,
    ):
        member.write(b"x")
    assert open_source(path).members[0].size == 1
    for prefix in (b"", b"#!/bin/sh"):
        path.write_bytes(prefix + zip64())
        source = open_source(path)
        assert source.read(source.members[0]) == b"x"
    path.write_bytes(b"#!/bin/sh" + zip64(named=9 + zip64().rindex(b"PK\x06\x06")))
    with suppress(UserError):  # newer Pythons refuse a file of which one half counts the prefix
        assert open_source(path).members[0].size == 1


def test_damaged_member_is_told_apart_from_a_damaged_archive(tmp_path: Path) -> None:
    data = packed(("a/1.jpg", b"first" * 9), ("a/2.jpg", b"other" * 9), ("a/3.jpg", b"third" * 9))
    (tmp_path / "a.zip").write_bytes(data.replace(b"other", b"OTHER", 1))
    source = open_source(tmp_path / "a.zip")
    assert source.read(source.members[0]) == b"first" * 9
    with pytest.raises(UnreadableMember, match="damaged inside the archive"):
        source.read(source.members[1])
    assert source.read(source.members[2]) == b"third" * 9


def test_member_that_unpacks_to_more_than_it_says(tmp_path: Path) -> None:
    data = bytearray(packed(("a/1.jpg", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED))
    for magic, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(magic) + offset
        data[at : at + 4] = struct.pack("<I", 100)
    (tmp_path / "a.zip").write_bytes(data)
    source = open_source(tmp_path / "a.zip")
    with pytest.raises(UnreadableMember, match="damaged inside the archive"):
        source.read(source.members[0])


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_one_large_member_does_not_refuse_the_rest(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "member_bytes", 1 << 20)
    path = tmp_path / "a"
    if kind == "zip":
        path.write_bytes(packed(("1.jpg", bytes(2 << 20)), ("2.jpg", b"x")))
    else:
        path.mkdir()
        (path / "1.jpg").write_bytes(bytes(2 << 20))
        (path / "2.jpg").write_bytes(b"x")
    source = open_source(path)
    with pytest.raises(UnreadableMember, match="too large: 2 MB, at most 1 MB"):
        source.read(source.members[0])
    assert source.read(source.members[1]) == b"x"


def test_many_threads_read_the_right_bytes(tmp_path: Path) -> None:
    members = [(f"a/{number}.jpg", os.urandom(3000)) for number in range(300)]
    (tmp_path / "a.zip").write_bytes(packed(*members, method=zipfile.ZIP_DEFLATED))
    source = open_source(tmp_path / "a.zip")
    with ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            read = list(pool.map(source.read, source.members))
            assert read == [dict(members)[member.name] for member in source.members]
    source.close()
