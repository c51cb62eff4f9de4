"""Data sets that the app keeps: `datasets/<id>` with images, thumbnails and a manifest.

The manifest is written last, so a folder that has one is complete.
"""

import errno
import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core import home
from core.data import images
from core.data.archive import Source
from core.data.dataset import Dataset, Decoded, Record, read
from core.errors import UserError
from core.settings import SplitSettings

THUMBNAIL = 240  # pixels of the longer side

ReadBytes = Callable[[Record], bytes]

_MANIFEST = "manifest.json"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def folder_of(dataset_id: str) -> Path:
    """Where a data set lies.

    Raises:
        UserError: The id, which may come from an address bar, is none.
    """
    if not home.is_id(dataset_id):
        raise UserError("There is no such data set. Open Runs to choose one.")
    return home.datasets() / dataset_id


def import_dataset(
    source: Source,
    folder: Path,
    *,
    split: SplitSettings,
    name: str,
    report: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read a source and keep its images, as they came and named by digest, and a thumbnail of each.

    Args:
        source: A zip archive or a folder of class folders.
        folder: Where to keep it; it may hold other files, which are left alone.
        split: How to split where the archive does not say.
        name: What the user calls it.
        report: As for `dataset.read`; raise StopRequested in it to stop.

    Raises:
        UserError: As `dataset.read`. Whatever is raised, images and thumbnails are gone again.
    """
    kept, small = folder / "images", folder / "thumbnails"
    taken: set[str] = set()
    lock = threading.Lock()

    def keep(decoded: Decoded) -> None:
        with lock:
            if decoded.digest in taken:
                return
            taken.add(decoded.digest)
        (kept / decoded.digest).write_bytes(decoded.data)
        thumbnail = images.thumbnail_jpeg(decoded.image, THUMBNAIL)
        (small / f"{decoded.digest}.jpg").write_bytes(thumbnail)

    try:
        kept.mkdir(parents=True, exist_ok=True)
        small.mkdir(exist_ok=True)
        found = read(source, split=split, each=keep, at_least=THUMBNAIL, report=report)
        dataset = replace(found, name=name)
        home.write_json(folder / _MANIFEST, dataset.to_dict())
    except BaseException as error:
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(small, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise UserError(
                "There is no room left on the server's disk for these images. Delete data sets or "
                "runs that are no longer needed."
            ) from error
        raise
    return dataset


def load(folder: Path) -> Dataset:
    """Read a manifest.

    Raises:
        UserError: There is none, because the data set is gone or was never complete, or it is
            damaged.
    """
    try:
        return Dataset.from_dict(home.read_json(folder / _MANIFEST))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("This data set is gone or was never complete. Import it again.") from None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError("This data set's list of images is damaged. Import it again.") from error


def image_path(folder: Path, record: Record) -> Path:
    """The file as it came."""
    return folder / "images" / record.digest


def thumbnail_path(folder: Path, record: Record) -> Path:
    """A JPEG of at most THUMBNAIL pixels."""
    return folder / "thumbnails" / f"{record.digest}.jpg"


def reader(folder: Path) -> ReadBytes:
    """How to get at the bytes of a record of a data set that is kept here.

    They are those that were read, or a UserError is raised: caches rest on their digest.
    """

    def read_bytes(record: Record) -> bytes:
        try:
            data = image_path(folder, record).read_bytes()
        except OSError as error:
            raise UserError(
                f"The image “{record.file}” is gone from the data set. Import the data set again."
            ) from error
        if hashlib.sha256(data).hexdigest() != record.digest:
            raise UserError(
                f"“{record.file}” has changed since the images were read. Read them again."
            )
        return data

    return read_bytes


def all_datasets(read_manifest: Callable[[Path], Dataset] = load) -> list[tuple[str, Dataset]]:
    """Ids and manifests of all complete data sets, newest first; damaged ones are passed over.

    Args:
        read_manifest: Takes a data set's folder as `load` does; a page remembers what it has read.
    """
    found = []
    folders = home.datasets().iterdir() if home.datasets().is_dir() else ()
    for folder in sorted(folders, reverse=True):
        if home.is_id(folder.name):
            try:
                found.append((folder.name, read_manifest(folder)))
            except UserError:
                continue
    return found


def delete(dataset_id: str) -> None:
    """Delete a data set, whole or not.

    Raises:
        UserError: The id is none.
    """
    home.remove(folder_of(dataset_id))
