"""Data sets that the app keeps: `datasets/<id>` with images, thumbnails and a manifest.

The manifest is written last, so a folder that has one is complete. Each change to the data set is
another version of it; all of them stay in `versions/`, and images stay until all that is no longer
in use is deleted (`forget`), so that any change can be undone and a run finds what it learned from.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from core import home
from core.data import images, room
from core.data.archive import Source
from core.data.dataset import Dataset, Decoded, Record
from core.data.reading import read
from core.errors import UserError
from core.settings import SplitSettings

THUMBNAIL = 240  # pixels of the longer side

ReadBytes = Callable[[Record], bytes]

_MANIFEST = "manifest.json"
_VERSIONS = "versions"


class ChangedMeanwhile(UserError):
    """Somebody else has changed a data set since it was loaded."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody has changed these pictures meanwhile, perhaps you in another tab. Look "
            "at them again before you change them."
        )


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
        report: As for `reading.read`; raise StopRequested in it to stop.

    Raises:
        UserError: As `reading.read`, or the disk has no room for what the source holds. Whatever
            is raised, images and thumbnails are gone again.
    """
    room.check(sum(member.size for member in source.members))
    try:
        with keeping(folder) as keep:
            found = read(source, split=split, each=keep, at_least=THUMBNAIL, report=report)
            dataset = replace(found, name=name)
            home.write_json(folder / _MANIFEST, dataset.to_dict())
    except BaseException:
        shutil.rmtree(folder / "images", ignore_errors=True)
        shutil.rmtree(folder / "thumbnails", ignore_errors=True)
        raise
    return dataset


@contextmanager
def keeping(folder: Path) -> Generator[Callable[[Decoded], None]]:
    """How to keep images in a data set's folder, as they came, and a thumbnail of each.

    Gives a function to call with every image, from any thread.

    Raises:
        UserError: There is no room for them.
    """
    kept, small = folder / "images", folder / "thumbnails"
    taken: set[str] = set()
    lock = threading.Lock()

    def keep(decoded: Decoded) -> None:
        with lock:
            if decoded.digest in taken:
                return
            taken.add(decoded.digest)
        thumbnail = images.thumbnail_jpeg(decoded.image, THUMBNAIL)
        _write(small / f"{decoded.digest}.jpg", thumbnail)
        _write(kept / decoded.digest, decoded.data)

    try:
        kept.mkdir(parents=True, exist_ok=True)
        small.mkdir(exist_ok=True)
        yield keep
    except OSError as error:
        if error.errno in room.FULL:
            raise UserError(
                "There is no room left on the server's disk for these images. Delete data sets or "
                "runs that are no longer needed."
            ) from error
        raise


def _write(path: Path, data: bytes) -> None:
    """Write a file aside; nobody who reads it meanwhile sees half of it.

    It is not synced, as `home.write_bytes` would: thousands of them would take minutes, and whoever
    reads an image checks its digest.
    """
    aside = path.with_name(f".{path.name}")
    aside.write_bytes(data)
    aside.replace(path)


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a data set that was read to its end, or begun empty."""
    return (folder / _MANIFEST).is_file()


def changed_at(folder: Path) -> int:
    """When the version at hand came to be, in nanoseconds since 1970; 0 where there is none."""
    return (folder / _MANIFEST).stat().st_mtime_ns if is_complete(folder) else 0


def create(folder: Path, dataset: Dataset) -> None:
    """Keep a data set that has no images yet."""
    home.write_json(folder / _MANIFEST, dataset.to_dict())


def keep(folder: Path, changed: Dataset, told: str, brought: Path | None = None) -> Dataset:
    """Make a changed data set the version at hand.

    Args:
        folder: Where the data set lies.
        changed: Made from the version at hand (see `changes.py`).
        told: What was changed, in words.
        brought: A folder that holds images which are new here, as `keeping` left them there. They
            come to lie here as well.

    Returns:
        It, with its number.

    Raises:
        ChangedMeanwhile: Somebody else has changed the data set since.
        UserError: It is gone, or an image is.
    """
    with _alone(folder):
        current = load(folder)
        if current.version != changed.version:
            raise ChangedMeanwhile
        numbers = [int(path.stem) for path in (folder / _VERSIONS).glob("*.json")]
        number = 1 + max([current.version, *numbers])
        new = replace(changed, version=number, before=current.version, told=told)
        with _taken_over(brought, folder, changed.records if brought else ()):
            for each in (current, new):
                if not _version(folder, each.version).exists():
                    home.write_json(_version(folder, each.version), each.to_dict())
            home.write_json(folder / _MANIFEST, new.to_dict())
        return new


@contextmanager
def _taken_over(brought: Path | None, folder: Path, records: Iterable[Record]) -> Generator[None]:
    """Images that another folder holds lie in this one too; gone again if anything goes wrong."""
    new: list[Path] = []
    try:
        for record in records:
            for path_of in (thumbnail_path, image_path):
                here = path_of(folder, record.digest)
                if brought and not here.exists():
                    new.append(here)
                    _link(path_of(brought, record.digest), here)
        yield
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _link(there: Path, here: Path) -> None:
    """One file in two places; a copy where the file system knows no links."""
    here.parent.mkdir(exist_ok=True)
    try:
        os.link(there, here)
    except FileNotFoundError:
        raise UserError("Some of these pictures are gone from the server. Add others.") from None
    except OSError:
        _write(here, there.read_bytes())


def undo(folder: Path) -> Dataset:
    """Go back to the version that the one at hand was made from.

    Raises:
        UserError: There is none.
    """
    with _alone(folder):
        current = load(folder)
        if current.before is None:
            raise UserError("There is nothing to undo: these pictures are as they came.")
        before = load(folder, current.before)
        home.write_json(folder / _MANIFEST, before.to_dict())
        return before


def unused(folder: Path) -> int:
    """Bytes of images that only earlier versions hold."""
    return sum(image_path(folder, record.digest).stat().st_size for record in _unused(folder))


def forget(folder: Path) -> None:
    """Delete the other versions and every image that is only in them, for good."""
    with _alone(folder):
        current = load(folder)
        gone = _unused(folder)
        home.write_json(folder / _MANIFEST, replace(current, before=None).to_dict())
        home.remove(folder / _VERSIONS)
        for record in gone:
            image_path(folder, record.digest).unlink(missing_ok=True)
            thumbnail_path(folder, record.digest).unlink(missing_ok=True)


def _unused(folder: Path) -> list[Record]:
    """One record of each image that the version at hand lacks and another has."""
    used = {record.digest for record in load(folder).records}
    found: dict[str, Record] = {}
    for path in (folder / _VERSIONS).glob("*.json"):
        records = load(folder, int(path.stem)).records
        found |= {record.digest: record for record in records if record.digest not in used}
    return [record for record in found.values() if image_path(folder, record.digest).is_file()]


def _version(folder: Path, number: int) -> Path:
    return folder / _VERSIONS / f"{number:06}.json"


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Two tabs, or two workers, change a data set one after the other."""
    if not folder.is_dir():
        raise UserError("This data set is gone. Import it again.")
    with FileLock(folder / ".lock"):
        yield


def load(folder: Path, version: int | None = None) -> Dataset:
    """Read a manifest.

    Args:
        folder: Where the data set lies.
        version: Which version of it; None for the one at hand.

    Raises:
        UserError: There is none, because the data set is gone or was never complete, or it is
            damaged; or there is no such version any more.
    """
    try:
        dataset = Dataset.from_dict(home.read_json(folder / _MANIFEST))
        if version in (None, dataset.version):
            return dataset
        assert version is not None
        if not _version(folder, version).is_file():
            raise UserError(
                "The pictures as they were then have been deleted. Train with those that there are."
            )
        return Dataset.from_dict(home.read_json(_version(folder, version)))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("This data set is gone or was never complete. Import it again.") from None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError("This data set's list of images is damaged. Import it again.") from error


def image_path(folder: Path, digest: str) -> Path:
    """The file as it came."""
    return folder / "images" / digest


def thumbnail_path(folder: Path, digest: str) -> Path:
    """A JPEG of at most THUMBNAIL pixels."""
    return folder / "thumbnails" / f"{digest}.jpg"


def reader(folder: Path) -> ReadBytes:
    """How to get at the bytes of a record of a data set that is kept here.

    They are those that were read, or a UserError is raised: caches rest on their digest.
    """

    def read_bytes(record: Record) -> bytes:
        try:
            data = image_path(folder, record.digest).read_bytes()
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
