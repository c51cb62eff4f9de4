"""Zips from all kinds of programs and systems: odd names, nested archives, bombs by number."""

import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from core.datasets import reading
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.archives.member_names import encoding_of
from core.settings import SplitSettings
from tests.intake.painted import classes, png, zip_of
from tests.intake.quine import quine


def read(path: Path) -> Dataset:
    return reading.read(open_source(path), split=SplitSettings())


def unflagged(path: Path, files: dict[str, bytes], encoding: str) -> Path:
    """As old programs write it: names in their own encoding, and no word about which."""
    body, directory = bytearray(), bytearray()
    for name, data in files.items():
        raw, check, size = name.encode(encoding), zlib.crc32(data), len(data)
        start = len(body)
        body += struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, check, size, size, len(raw), 0)
        body += raw + data
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, check, size, size, len(raw),
            0, 0, 0, 0, 0, start,
        ) + raw  # fmt: skip
    count = min(len(files), 65_535)  # as high as it can count without ZIP64
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(bytes(body + directory + end))
    return path


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp437", ["Vögel", "Füße"]),
        ("cp437", ["Öl", "Übung"]),
        ("cp437", ["été", "pâtes"]),
        ("cp437", ["niño", "jamón"]),
        ("utf-8", ["Vögel", "猫"]),
        ("cp932", ["猫", "犬"]),
        ("cp932", ["ねこ", "表情"]),  # 表 ends in a backslash
        ("cp932", ["A組", "チューリップ"]),
    ],
)
def test_names_are_shown_as_they_were_written(
    encoding: str, names: list[str], tmp_path: Path
) -> None:
    files = classes(dict.fromkeys(names, 3))
    found = read(unflagged(tmp_path / "x.zip", files, encoding))
    assert set(found.classes) == set(names)
    assert {record.file for record in found.records} == set(files)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("cp850", "Löwe Bär Tür Schön Öl"), ("cp850", "Ål älg öga rådjur"), ("cp866", "кошки собаки"),
     ("cp852", "żółw łoś źrebię"), ("gbk", "向日葵 玫瑰"), ("cp949", "고양이 강아지"),
     ("cp857", "çiçek gül şeker")],
)  # fmt: skip
def test_no_other_encoding_is_taken_for_japanese(encoding: str, names: str) -> None:
    assert encoding_of((each.encode(encoding) for each in names.split()), "cp437") == "cp437"


def test_the_path_in_utf8_beside_the_old_one_is_believed(tmp_path: Path) -> None:
    old = b"pets/?/1.jpg"
    beside = b"\1" + struct.pack("<I", zlib.crc32(old)) + "pets/кошка/1.jpg".encode()
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        for extra, data in ((beside, b"x"), (beside[:1] + b"wrong" + beside[5:], b"y")):
            info = zipfile.ZipInfo(old.decode() if data == b"x" else "pets/!/1.jpg")
            info.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
            made.writestr(info, data)
    names = [member.name for member in open_source(tmp_path / "x.zip").members]
    assert names == ["pets/!/1.jpg", "pets/кошка/1.jpg"]


def test_names_that_other_systems_would_not_take_do_no_harm(tmp_path: Path) -> None:
    odd = ["a/CON.jpg", "a/aux", "a/nul.png", "a/trailing. ", "a/q?*<>|.png", "a/new\nline.png",
           "a/1.png", "a/1.PNG", "B/2.png", "B/3.png"]  # fmt: skip
    files = {name: png(number) for number, name in enumerate(odd)}
    found = read(zip_of(tmp_path / "x.zip", files))
    assert {record.file for record in found.records} == set(odd)
    assert found.counts == {"a": 8, "B": 2}


def test_a_name_that_no_system_takes_is_left_out(tmp_path: Path) -> None:
    long = ["a/" + "x" * 300 + ".png", "y" * 256 + "/1.png", "/".join(["z" * 250] * 20) + "/1.png"]
    files = classes({"a": 3, "b": 3}) | {name: png(90) for name in long}
    files[f"a/{'ü' * 120}.png"] = png(91)
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.counts == {"a": 4, "b": 3}
    assert [one.reason for one in found.skipped] == ["its name is too long"] * 3
    assert all(len(one.file) == 80 for one in found.skipped)


def test_a_file_without_a_name_is_passed_over(tmp_path: Path) -> None:
    found = read(unflagged(tmp_path / "x.zip", classes({"a": 3, "b": 3}) | {"": b"x"}, "ascii"))
    assert found.counts == {"a": 3, "b": 3}


def test_nested_archives_are_left_out_and_never_opened(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", classes({"c": 3})).read_bytes()
    files = classes({"a": 3, "b": 3}) | {"a/more.zip": inner, "more.zip": inner, "m.tar.gz": b""}
    found = read(zip_of(tmp_path / "x.zip", files))
    assert {one.file: one.reason for one in found.skipped} == {
        "a/more.zip": "not an image but a zip archive, or a document that is one inside",
        "m.tar.gz": "an archive inside the archive, which is not opened",
        "more.zip": "an archive inside the archive, which is not opened",
    }
    with pytest.raises(UserError, match="an archive inside the archive"):
        read(zip_of(tmp_path / "only.zip", {"cats.zip": inner, "dogs.zip": inner}))


def test_a_zip_that_holds_itself_is_not_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(quine())
    with zipfile.ZipFile(path) as itself:
        assert itself.read("quine.zip") == path.read_bytes()
    with pytest.raises(UserError, match="an archive inside the archive, which is not opened"):
        read(path)
    files = classes({"a": 3, "b": 3}) | {"a/quine.png": path.read_bytes()}
    (one,) = read(zip_of(tmp_path / "y.zip", files)).skipped
    assert one.reason == "not an image but a zip archive, or a document that is one inside"


def test_a_hundred_thousand_entries_are_refused_at_once(tmp_path: Path) -> None:
    path = unflagged(tmp_path / "x.zip", {f"a/{n}": b"" for n in range(100_000)}, "ascii")
    begun = time.process_time()  # of this process: others may be busy
    with pytest.raises(UserError, match=r"at most 80,000 files and folders.*THAW_ENTRIES"):
        open_source(path)
    assert time.process_time() - begun < 5


def test_more_images_than_the_owner_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_IMAGES", "9")
    path = zip_of(tmp_path / "x.zip", classes({"a": 5, "b": 5}))
    with pytest.raises(UserError, match=r"at most 9 pictures, but “x” holds 10.*THAW_IMAGES"):
        read(path)


@pytest.mark.parametrize("given", ["many", "0", "-3", "nan", "inf"])
def test_a_limit_that_is_no_number_is_said(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_ENTRIES", given)
    path = zip_of(tmp_path / "x.zip", classes({"a": 5, "b": 5}))
    with pytest.raises(UserError, match="at least 1 in THAW_ENTRIES"):
        open_source(path)
