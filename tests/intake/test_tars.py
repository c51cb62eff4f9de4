"""Tars, plain and compressed: ordinary, odd and hostile."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zlib
from collections import namedtuple
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.datasets import reading
from core.datasets.dataset import Dataset
from core.errors import StopRequested, UserError
from core.intake.archives import tar_safety, unpacking
from core.intake.archives.archive import ENDINGS, open_source, without_ending
from core.settings import SplitSettings
from core.storage import home
from tests.intake.painted import classes, png, zip_of

GOOD = classes({"a": 3, "b": 3})


def read(path: Path) -> Dataset:
    return reading.read(open_source(path), split=SplitSettings())


def tar_of(
    files: Mapping[str, bytes], *others: tarfile.TarInfo, format: int = tarfile.PAX_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as made:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
        for info in others:
            made.addfile(info)
    return buffer.getvalue()


def entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def header(name: str, kind: bytes, size: int) -> bytes:
    """One that claims any size."""
    info = entry(name, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def at(tmp_path: Path, data: bytes, name: str = "mine.tar") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip in pieces": lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]) + bytes(9),
}


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_read_as_a_zip_is(packing: str, format: int, tmp_path: Path) -> None:
    files = classes({"rose": 4, "gänseblümchen": 3}, f"{'long ' * 19}/") | {"rose/.DS_Store": b"x"}
    # its bytes say what it is, whatever its name
    found = read(at(tmp_path, PACKERS[packing](tar_of(files, format=format)), "flowers.zip"))
    assert found == read(zip_of(tmp_path / "flowers.tar", files))
    assert found.counts == {"gänseblümchen": 3, "rose": 4}
    assert found.name == "flowers"


@pytest.mark.parametrize("ending", ENDINGS)
def test_names_lose_their_ending(ending: str) -> None:
    assert without_ending(f"my.flowers.{ending}") == "my.flowers"
    assert without_ending(f"FLOWERS.{ending.upper()}") == "FLOWERS"


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_names_are_shown_as_they_were_written(encoding: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding
    ) as made:
        for name, data in classes({"猫の写真": 3, "表": 3}).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    assert read(at(tmp_path, buffer.getvalue())).classes == ("猫の写真", "表")


def test_links_and_odd_files_are_left_out(tmp_path: Path) -> None:
    sparse = entry("a/holes.png", tarfile.REGTYPE)
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    others = (
        entry("a/soft.png", tarfile.SYMTYPE, "/etc/passwd"),
        entry("b/hard.png", tarfile.LNKTYPE, "a/0.png"),
        entry("linked", tarfile.SYMTYPE, "/etc"),
        entry("a/label", b"V"),
        entry("a/empty folder", tarfile.DIRTYPE),
        sparse,
    )
    found = read(at(tmp_path, tar_of(GOOD, *others)))
    assert found.counts == {"a": 3, "b": 3}
    assert {one.file: one.reason for one in found.skipped} == {
        "a/soft.png": tar_safety.LINK,
        "b/hard.png": tar_safety.LINK,
        "linked": tar_safety.LINK,
        "a/label": tar_safety.NO_FILE,
        "a/holes.png": tar_safety.SPARSE,
    }


def test_the_last_of_two_counts(tmp_path: Path) -> None:
    later = tar_of({"a/0.png": png(99)}, format=tarfile.GNU_FORMAT)
    end = -(-len(png(0)) // 512) * 512 + 512
    source = open_source(at(tmp_path, tar_of({"a/0.png": png(0)})[:end] + later))
    assert source.read(source.members[0]) == png(99)


def bomb() -> bytes:
    """130 MB of zeros as one file."""
    parts = io.BytesIO()
    with gzip.open(parts, "wb", compresslevel=1) as made:
        made.write(header("a/1.png", tarfile.REGTYPE, 130 << 20))
        for _ in range(130):
            made.write(bytes(1 << 20))
    return parts.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute": (lambda: tar_of({"/etc/x.png": b"x"}), "leads out"),
    "parent": (lambda: tar_of({"a/../../x.png": b"x"}), "leads out"),
    "drive": (lambda: tar_of({"C:\\x.png": b"x"}), "leads out"),
    "device": (lambda: tar_of({}, entry("a/null", tarfile.CHRTYPE)), "a device"),
    "pipe": (lambda: tar_of({}, entry("a/pipe", tarfile.FIFOTYPE)), "a device"),
    "deep": (lambda: tar_of({"a/" * 200 + "x.png": b"x"}), "at most 100 folders deep"),
    "cut off": (lambda: tar_of(GOOD)[:1500], "damaged or incomplete"),
    "cut off in gzip": (lambda: gzip.compress(tar_of(GOOD))[:-40], "damaged or incomplete"),
    "cut off in bzip2": (lambda: bz2.compress(tar_of(GOOD))[:-40], "damaged or incomplete"),
    "cut off in xz": (lambda: lzma.compress(tar_of(GOOD))[:-40], "damaged or incomplete"),
    "rubbish behind gzip": (lambda: gzip.compress(tar_of(GOOD)) + b"x", "damaged or incomplete"),
    "claims more": (lambda: header("a/1.png", tarfile.REGTYPE, 1 << 40), "damaged or incomplete"),
    "negative size": (lambda: header("a/1.png", tarfile.REGTYPE, -9), "damaged or incomplete"),
    "endless name": (
        lambda: header("x", tarfile.GNUTYPE_LONGNAME, 1 << 33),
        "damaged or incomplete",
    ),
    "endless headers": (lambda: header("x", tarfile.XHDTYPE, 0) * 9999, "damaged or incomplete"),
    "backward": (
        lambda: header("x", tarfile.XHDTYPE, 512) + b"13 size=-999\n".ljust(512, b"\0")
        + tar_of(GOOD), "damaged or incomplete",
    ),
    "endless holes": (lambda: with_holes(3000), "damaged or incomplete"),
    "holes cut off": (lambda: with_holes(3)[:1500], "damaged or incomplete"),
    "endless attributes": (lambda: header("x", tarfile.XHDTYPE, 1 << 21), "damaged or incomplete"),
    "digits": (
        lambda: header("x", tarfile.XHDTYPE, 60_000) + b"1" * 60_416 + tar_of(GOOD),
        "damaged or incomplete",
    ),
    "no tar": (lambda: gzip.compress(b"These are my flowers."), "something else than a tar"),
    "picture in gzip": (lambda: gzip.compress(png(1)), "something else than a tar"),
    "7-Zip": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7-Zip archive"),
    "gzip bomb": (bomb, "over 200 times its size"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_tar_is_refused_in_a_sentence_and_leaves_nothing(
    kind: str, tmp_path: Path
) -> None:
    make, part = HOSTILE[kind]
    with pytest.raises(UserError) as caught:
        open_source(at(tmp_path, make()))
    message = str(caught.value)
    assert part in message
    assert "mine.tar" in message
    assert "\n" not in message
    assert message.count(". ") <= 2
    assert not list(home.cache().glob("*"))


def test_xz_may_not_ask_for_much_memory(tmp_path: Path) -> None:
    """The dictionary's size is one number in a header; it is raised from 8 MB to 2 GB."""
    data = bytearray(lzma.compress(tar_of(GOOD)))
    start, size = 12, (data[12] + 1) * 4  # the block's header, behind that of the stream
    at_filter = data.index(b"\x21\x01", start)
    data[at_filter + 2] = 38
    check = zlib.crc32(data[start : start + size - 4])
    data[start + size - 4 : start + size] = check.to_bytes(4, "little")
    assert lzma.decompress(data) == tar_of(GOOD), "all is well with it but for what it asks"
    with pytest.raises(UserError, match="damaged or incomplete"):
        open_source(at(tmp_path, bytes(data)))


def test_names_may_not_fill_the_memory(tmp_path: Path) -> None:
    named = header("x", tarfile.GNUTYPE_LONGNAME, 60_000) + b"n" * 60_000 + bytes(416)
    data = (named + entry("y", tarfile.REGTYPE).tobuf(tarfile.GNU_FORMAT)) * 450
    with pytest.raises(UserError, match="holds more"):
        open_source(at(tmp_path, gzip.compress(data)))


def test_what_stands_behind_the_end_is_not_lost_in_silence(tmp_path: Path) -> None:
    whole = tar_of(GOOD, format=tarfile.GNU_FORMAT)
    other = tar_of(classes({"c": 3}), format=tarfile.GNU_FORMAT)
    second = whole.index(b"a/1.png")
    hole = whole[:second] + bytes(512) + whole[second + 512 :]
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    odd = (whole + other, hole, whole[:end] + bytes(512) + other, whole + bytes(1 << 20) + b"x")
    for data in (*odd, gzip.compress(whole) + gzip.compress(other)):
        with pytest.raises(UserError, match=r"mine\.tar” has data after its end marker"):
            open_source(at(tmp_path, data))
    for data in (whole[:end], whole[:end] + bytes(512), whole + bytes((1 << 20) + 7)):
        assert len(open_source(at(tmp_path, data)).members) == 6


def with_holes(lists: int) -> bytes:
    """A sparse file as GNU tar writes it, with so many blocks more that list its holes."""
    first = bytearray(header("a/holes.png", tarfile.GNUTYPE_SPARSE, 700))
    first[482] = lists > 0
    first[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(first))[0]
    more = b"".join(
        bytes(504) + bytes([number < lists]) + bytes(7) for number in range(1, lists + 1)
    )
    return bytes(first) + more + b"x" * 700 + bytes(324)


@pytest.mark.parametrize("lists", [0, 1, 7])
def test_a_file_with_many_holes_spoils_nothing(lists: int, tmp_path: Path) -> None:
    found = read(at(tmp_path, with_holes(lists) + tar_of(GOOD)))
    assert found.counts == {"a": 3, "b": 3}
    assert [(one.file, one.reason) for one in found.skipped] == [("a/holes.png", tar_safety.SPARSE)]


def test_what_a_mac_tells_of_a_file_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as made:
        for name, data in GOOD.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.pax_headers = {"LIBARCHIVE.xattr.com.apple.ResourceFork": "A" * 70_000}
            made.addfile(info, io.BytesIO(data))
    assert read(at(tmp_path, buffer.getvalue())).counts == {"a": 3, "b": 3}


def test_a_folder_of_ours_that_takes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError) as caught:
        open_source(at(tmp_path, gzip.compress(tar_of(GOOD))))
    assert str(caught.value) == (
        f"Expected a folder that Thaw can write to, but {home.cache()} cannot be written "
        "(Not a directory). Set THAW_HOME to one that can."
    )


@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_limits(packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = at(tmp_path, PACKERS[packing](tar_of(GOOD)))
    monkeypatch.setenv("THAW_ENTRIES", "5")
    with pytest.raises(UserError, match=r"at most 5 files and folders.*THAW_ENTRIES"):
        open_source(path)
    monkeypatch.delenv("THAW_ENTRIES")
    monkeypatch.setenv("THAW_UNPACKED_GB", "0.000005")
    with pytest.raises(UserError, match=r"at most 5e-06 GB once unpacked.*THAW_UNPACKED_GB"):
        open_source(path)
    assert not list(home.cache().glob("*"))


def test_the_disk_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = namedtuple("space", "total used free")
    path = at(tmp_path, gzip.compress(tar_of(GOOD)))
    for free in (10**9 + 10, 10**9 + 5000):  # less than it has packed, and than it has unpacked
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: space(0, 0, free))
        with pytest.raises(UserError, match="no room left"):
            open_source(path)
    assert not list(home.cache().glob("*"))


def test_stop_ends_the_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_READ", 100)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            raise StopRequested

    path = at(tmp_path, gzip.compress(tar_of(GOOD)))
    with pytest.raises(StopRequested):
        open_source(path, "x.tgz", stop)
    assert seen == [(done, path.stat().st_size) for done in (100, 200, 300)]
    assert not list(home.cache().glob("*"))


@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_many_threads_read_the_right_bytes(packing: str, tmp_path: Path) -> None:
    files = {f"a/{number}.jpg": os.urandom(3000) for number in range(200)}
    source = open_source(at(tmp_path, PACKERS[packing](tar_of(files))))
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(source.read, source.members)) == [
            files[member.name] for member in source.members
        ]
    source.close()
    assert not list(home.cache().glob("*"))
