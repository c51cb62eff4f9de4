"""What Thaw keeps is its user's alone; what was asked for by name is as readable as other files."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.jobs.cluster import leftovers
from core.storage import privacy

Thaw = Callable[..., Any]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a user's folders are private there"
)


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in [folder, *folder.rglob("*")] if path.lstat().st_mode & 0o077]


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path, thaw_home: Path) -> None:
    picture = thaw_home / "home" / "datasets" / "a" / "images" / "1"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"")
    other = tmp_path / "other"
    other.write_bytes(b"")
    (picture.parent / "link").symlink_to(other)
    privacy.make_private()
    os.umask(0o022)
    assert not thaw_home.stat().st_mode & 0o077
    leftovers.sweep()
    assert open_to_others(thaw_home) == [picture.parent / "link"]
    assert stat.S_IMODE(picture.stat().st_mode) == 0o600
    assert stat.S_IMODE(other.stat().st_mode) == 0o644


@pytest.mark.usefixtures("usual_umask")
def test_a_folder_that_everybody_shares_stays_open(thaw_home: Path) -> None:
    (thaw_home / "cache").mkdir(parents=True)
    thaw_home.chmod(0o1777)
    privacy.make_private()
    os.umask(0o022)
    assert stat.S_IMODE(thaw_home.stat().st_mode) == 0o1777
    assert stat.S_IMODE((thaw_home / "cache").stat().st_mode) == 0o700
