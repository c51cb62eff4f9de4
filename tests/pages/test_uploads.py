"""Uploads on their way to disk."""

import errno
from io import BytesIO

import pytest

from core.errors import UserError
from core.storage import home
from pages.parts.shared import uploads


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


class Full(Upload):
    """What no longer fits on the disk."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_and_nothing_is_left_behind() -> None:
    full = Full("pets/cat/1.jpg", b"")
    with pytest.raises(UserError, match="no room left"), uploads.on_disk([("1.jpg", full)]):
        pass
    assert not list(home.HOME.uploads().iterdir())


def test_pictures_are_gone_after_use() -> None:
    with uploads.on_disk([("../a.PNG", b"one"), ("b", Upload("b", b"two"))]) as paths:
        assert [path.read_bytes() for path in paths] == [b"one", b"two"]
        assert paths[0].suffix == ".png"
        assert all(home.HOME.uploads() in path.parents for path in paths)
    assert not list(home.HOME.uploads().iterdir())
