"""Small uploads leave memory: what a browser sent is copied to disk, under names of ours."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamlit.typing import UploadedFile

from core.intake import room
from core.storage import files, home
from pages.parts.shared import state

_CHUNK = 1 << 20


def safe_name(name: str) -> str:
    """A relative path with forward slashes that stays below its folder.

    The names in a folder upload are the browser's word for it; they may climb or be absolute.
    """
    parts = ("".join(c for c in part if c.isprintable() and c not in ':*?"<>|').strip()
             for part in name.replace("\\", "/").split("/"))  # fmt: skip
    return "/".join(part for part in parts if part not in ("", ".", ".."))


@contextmanager
def on_disk(pictures: Sequence[tuple[str, bytes | UploadedFile]]) -> Iterator[list[Path]]:
    """Put pictures where a worker can read them, and take them away afterwards.

    Args:
        pictures: Name and content of each.

    Raises:
        UserError: There is no room for them.
    """
    with _new_folder() as folder:
        paths = []
        for place, (name, content) in enumerate(pictures):
            path = folder / f"{place:04}{Path(safe_name(name)).suffix[:8].lower()}"
            with path.open("wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    shutil.copyfileobj(content, file, _CHUNK)
            paths.append(path)
        yield paths
        files.remove(folder)


@contextmanager
def _new_folder() -> Iterator[Path]:
    """A separate folder for an upload; what was written is gone again if anything goes wrong."""
    folder = state.space().uploads() / home.new_id()
    try:
        folder.mkdir(parents=True)
        yield folder
    except BaseException as error:
        files.remove(folder)
        if isinstance(error, OSError) and error.errno in files.FULL:
            raise room.full("these files") from error
        raise
