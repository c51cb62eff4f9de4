"""Uploads leave memory: what a browser sent is copied to disk at once, under names of ours."""

import errno
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from streamlit.typing import UploadedFile

from core import home
from core.data import limits
from core.errors import UserError

_CHUNK = 1 << 20
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def keep_archive(upload: UploadedFile) -> Path:
    """Copy an archive to disk for the import, which tells its kind and deletes it when read.

    Raises:
        UserError: It is larger than the owner allows, or there is no room for it.
    """
    _refuse_large(upload.size)
    with _new_folder() as folder:
        path = folder / "upload"
        with path.open("wb") as file:
            shutil.copyfileobj(upload, file, _CHUNK)
    return path


def keep_folder(uploads: Sequence[UploadedFile]) -> Path:
    """Write the files of a folder as a zip, so that the same import reads them.

    Raises:
        UserError: There is nothing in the folder, more than the owner allows, or no room for it.
    """
    if not uploads:
        raise UserError("That folder is empty. Choose one with a folder of images for each class.")
    _refuse_large(sum(upload.size for upload in uploads))
    taken: set[str] = set()
    with _new_folder() as folder:
        path = folder / "upload.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for place, upload in enumerate(uploads):
                name = _once(safe_name(upload.name) or f"file {place}", taken)
                with archive.open(name, "w", force_zip64=True) as member:
                    shutil.copyfileobj(upload, member, _CHUNK)
    return path


def _refuse_large(size: int) -> None:
    most = limits.current().upload_bytes
    if size > most:
        raise UserError(
            f"Expected at most {most / 1e9:g} GB, received {size / 1e9:.1f} GB. Bring it in parts, "
            f"{limits.raised_by(limits.UPLOAD)}."
        )


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
        home.remove(folder)


def _once(name: str, taken: set[str]) -> str:
    """The name, or where it is taken the same with a number before the file."""
    folder, slash, file = name.rpartition("/")
    for number in count(2):
        if name not in taken:
            break
        name = f"{folder}{slash}{number} {file}"
    taken.add(name)
    return name


@contextmanager
def _new_folder() -> Iterator[Path]:
    """A folder of its own for an upload; what was written is gone again if anything goes wrong."""
    folder = home.uploads() / home.new_id()
    try:
        folder.mkdir(parents=True)
        yield folder
    except BaseException as error:
        home.remove(folder)
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise UserError(
                "There is no room left on the server's disk for these files. Open Runs to delete "
                "data sets or runs that are no longer needed."
            ) from error
        raise
