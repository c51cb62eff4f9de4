"""Two spaces side by side, and what lies in one."""

import pytest

from core.storage import home
from core.storage.home import Space

OTHER = Space("others")


def beside(monkeypatch: pytest.MonkeyPatch) -> Space:
    """Have another space beside `home`; there are no classes yet that would make one."""
    monkeypatch.setattr(home, "_SPACES", (home.HOME, OTHER))
    return OTHER


def contents(space: Space) -> dict[str, bytes]:
    """All files of a space."""
    files = (path for path in space.folder.rglob("*") if path.is_file())
    return {path.relative_to(space.folder).as_posix(): path.read_bytes() for path in files}
