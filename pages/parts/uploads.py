"""Uploads leave memory: what a browser sent is copied to disk at once, under names of ours."""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamlit.typing import UploadedFile

from core import home
from core.errors import UserError

_CHUNK = 1 << 20
_NAME = 120  # characters of a part of a path


def keep_archive(upload: UploadedFile) -> Path:
    """Copy an archive to disk for the import, which deletes it when read."""
    path = _new_folder() / "upload.zip"
    with path.open("wb") as file:
        shutil.copyfileobj(upload, file, _CHUNK)
    return path


def keep_folder(uploads: Sequence[UploadedFile]) -> Path:
    """Write the files of a folder as a zip, so that the same import reads them.

    Raises:
        UserError: There is nothing in the folder.
    """
    if not uploads:
        raise UserError("That folder is empty. Choose one with a folder of images for each class.")
    path = _new_folder() / "upload.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for place, upload in enumerate(uploads):
            name = safe_name(upload.name) or f"file {place}"
            with archive.open(name, "w", force_zip64=True) as member:
                shutil.copyfileobj(upload, member, _CHUNK)
    return path


def safe_name(name: str) -> str:
    """A relative path with forward slashes that stays below its folder.

    The names in a folder upload are the browser's word for it; they may climb or be absolute.
    """
    parts = ("".join(c for c in part if c.isprintable() and c not in ':*?"<>|').strip()
             for part in name.replace("\\", "/").split("/"))  # fmt: skip
    return "/".join(part[:_NAME] for part in parts if part not in ("", ".", ".."))


@contextmanager
def on_disk(pictures: Sequence[tuple[str, bytes | UploadedFile]]) -> Iterator[list[Path]]:
    """Put pictures where a worker can read them, and take them away afterwards.

    Args:
        pictures: Name and content of each.
    """
    folder = _new_folder()
    try:
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
    finally:
        home.remove(folder)


def _new_folder() -> Path:
    folder = home.uploads() / home.new_id()
    folder.mkdir(parents=True)
    return folder
