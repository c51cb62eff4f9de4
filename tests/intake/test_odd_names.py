"""Names in encodings that nobody tells: no two become one, in a zip, a tar or a folder."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from test_odd_zips import unflagged

from core.datasets import reading
from core.datasets.dataset import Dataset
from core.intake.archives.archive import open_source
from core.intake.archives.member_names import texts_of
from core.settings import SplitSettings
from tests.intake.painted import png


def zipped(path: Path, files: dict[bytes, bytes]) -> Path:
    # Latin-1 has a letter for each byte, so it writes any
    return unflagged(path, {name.decode("latin-1"): files[name] for name in files}, "latin-1")


def tarred(path: Path, files: dict[bytes, bytes]) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as made:
        for name, data in files.items():
            info = tarfile.TarInfo(name.decode("latin-1"))
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return path


def laid_out(path: Path, files: dict[bytes, bytes]) -> Path:
    for name, data in files.items():
        file = Path(os.fsdecode(os.fsencode(path) + b"/" + name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


WAYS = [zipped, tarred, laid_out]
Way = Callable[[Path, dict[bytes, bytes]], Path]


def read(way: Way, path: Path, names: list[bytes]) -> Dataset:
    """Three pictures of each class, all different."""
    files = {
        b"%s/%d.png" % (name, number): png(10 * place + number)
        for place, name in enumerate(names)
        for number in range(3)
    }
    return reading.read(open_source(way(path, files)), split=SplitSettings())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1251", ["кошки", "собак", "семь", "семья"]),  # я is a space of CP437
        ("cp866", ["кошки", "собак"]),
        ("koi8-r", ["кошки", "собак"]),
        ("cp1252", ["chêne", "chéne"]),
        ("cp1253", ["γάτα", "σκύλ"]),
        ("cp1255", ["חתול", "כלבה"]),
        ("latin-1", ["Größe", "Grüße"]),
        ("cp949", ["고양이", "강아지"]),
        ("gbk", ["猫咪", "小狗"]),
        ("big5", ["貓", "狗", "許小明", "許大同"]),  # 許 ends in a backslash
    ],
)
def test_no_two_classes_become_one(
    way: Way, encoding: str, names: list[str], tmp_path: Path
) -> None:
    found = read(way, tmp_path / "x", [name.encode(encoding) for name in names])
    assert sorted(found.counts.values()) == [3] * len(names)
    assert not found.skipped


@pytest.mark.parametrize("way", [tarred, laid_out])
def test_one_odd_name_spoils_no_other(way: Way, tmp_path: Path) -> None:
    names = ["Löwe".encode(), "Bär".encode(), b"caf\xe9"]
    assert set(read(way, tmp_path / "x", names).classes) == {"Löwe", "Bär", "cafΘ"}


def test_names_that_would_look_alike_are_all_read_byte_by_byte() -> None:
    assert texts_of(["é/1.jpg".encode(), b"\x82/2.jpg"]) == ["├⌐/1.jpg", "é/2.jpg"]
    every = [bytes([byte]) for byte in range(1, 256) if byte not in b"/"]
    assert len(set(texts_of(every))) == len(every)


def test_a_maze_of_odd_names_takes_little() -> None:
    maze = b"/".join(b"%d\xe9" % number for number in range(9999))
    assert texts_of([maze]) == ["/".join(f"{number}Θ" for number in range(9999))]


def test_backslashes_end_folders_where_nothing_else_does(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {b"caf\x82\\1.jpg": b"x"})
    assert [member.name for member in open_source(path).members] == ["café/1.jpg"]
