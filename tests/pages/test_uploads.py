"""Uploads on their way to disk."""

import errno
import zipfile
from io import BytesIO

import pytest

from core import home
from core.errors import UserError
from pages.parts import uploads


class Upload(BytesIO):
    """What a browser sent."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name
        self.size = len(content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("pets/cat/1.jpg", "pets/cat/1.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/abs/x.png", "abs/x.png"),
        ("C:\\pets\\cat\\1.jpg", "C/pets/cat/1.jpg"),
        ("pets/./a\x00b\n.png", "pets/ab.png"),
        ("..", ""),
        ("Füße/ä.jpg", "Füße/ä.jpg"),
    ],
)
def test_names_stay_below_their_folder(name: str, safe: str) -> None:
    assert uploads.safe_name(name) == safe


def test_a_folder_becomes_a_zip_that_the_import_reads() -> None:
    path = uploads.keep_folder([Upload("pets/cat/1.jpg", b"one"), Upload("../dog/2.jpg", b"two")])
    assert home.uploads() in path.parents
    with zipfile.ZipFile(path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "pets/cat/1.jpg": b"one",
            "dog/2.jpg": b"two",
        }


def test_an_empty_folder_is_a_plain_error() -> None:
    with pytest.raises(UserError, match="empty"):
        uploads.keep_folder([])


def test_names_are_kept_whole_and_a_repeated_one_gets_a_number() -> None:
    long = f"pets/cat/{'x' * 200}.jpg"
    names = [long, "pets/cat/a.jpg", "../pets/cat/a.jpg", "pets/cat/a.jpg"]
    path = uploads.keep_folder([Upload(name, b"") for name in names])
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == long
        assert archive.namelist()[1:] == [
            "pets/cat/a.jpg",
            "pets/cat/2 a.jpg",
            "pets/cat/3 a.jpg",
        ]


class Full(Upload):
    """What no longer fits on the disk."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_and_nothing_is_left_behind() -> None:
    full = Full("pets/cat/1.jpg", b"")
    with pytest.raises(UserError, match="no room left"):
        uploads.keep_archive(full)
    with pytest.raises(UserError, match="no room left"):
        uploads.keep_folder([full])
    with pytest.raises(UserError, match="no room left"), uploads.on_disk([("1.jpg", full)]):
        pass
    assert not list(home.uploads().iterdir())


def test_what_is_larger_than_the_owner_allows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "0.000001")
    large = Upload("pets/cat/1.jpg", bytes(2000))
    with pytest.raises(UserError, match=r"at most 1e-06 GB.*THAW_UPLOAD_GB"):
        uploads.keep_archive(large)
    with pytest.raises(UserError, match="THAW_UPLOAD_GB"):
        uploads.keep_folder([large])
    assert not home.uploads().exists()


def test_pictures_are_gone_after_use() -> None:
    with uploads.on_disk([("../a.PNG", b"one"), ("b", Upload("b", b"two"))]) as paths:
        assert [path.read_bytes() for path in paths] == [b"one", b"two"]
        assert paths[0].suffix == ".png"
        assert all(home.uploads() in path.parents for path in paths)
    assert not list(home.uploads().iterdir())
