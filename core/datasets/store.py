"""Data sets that the app keeps: `datasets/<id>` with images, thumbnails and a manifest.

The manifest is written last, so a folder that has one is complete. Each change to the data set is
another version of it; all of them stay in `versions/`, and images stay until all that is no longer
in use is deleted (`forget`), so that any change can be undone and a run finds what it learned from.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.datasets import image_files
from core.datasets.dataset import Dataset
from core.datasets.reading import read
from core.errors import UserError
from core.intake import room
from core.intake.archives.archive import Source
from core.settings import SplitSettings
from core.storage import files, home, own_names


class ChangedMeanwhile(UserError):
    """Somebody else has changed a data set since it was loaded."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody has changed these pictures meanwhile, perhaps you in another tab. Look "
            "at them again before you change them."
        )


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
        with image_files.keeping(folder) as keep:
            found = read(
                source, split=split, each=keep, at_least=image_files.THUMBNAIL, report=report
            )
            dataset = replace(found, name=name)
            files.write_json(folder / home.MANIFEST, dataset.to_dict())
    except BaseException:
        image_files.drop_all(folder)
        raise
    return dataset


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a data set that was read to its end, or begun empty."""
    return (folder / home.MANIFEST).is_file()


def stamp(folder: Path) -> files.Stamp:
    """Changes whenever another version is at hand, or another name; see `files.stamp`."""
    return files.stamp(folder / home.MANIFEST)


def create(folder: Path, dataset: Dataset) -> None:
    """Keep a data set that has no images yet."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / home.MANIFEST, dataset.to_dict())


def keep(folder: Path, changed: Dataset, told: str, brought: Path | None = None) -> Dataset:
    """Make a changed data set the version at hand.

    Args:
        folder: Where the data set lies.
        changed: Made from the version at hand (see `changes.py`).
        told: What was changed, in words.
        brought: A folder that holds images which are new here, as `keeping` left them there. They
            come to lie here as well.

    Returns:
        It, with its number; the same as before where nothing is changed.

    Raises:
        ChangedMeanwhile: Somebody else has changed the data set since.
        UserError: It is gone, or an image is.
    """
    with alone(folder):
        current = load(folder)
        if current.version != changed.version:
            raise ChangedMeanwhile
        changed = replace(changed, name=current.name)  # which may have been renamed meanwhile
        if changed == current:
            return current
        number = 1 + _last(folder, current)
        new = replace(changed, version=number, before=current.version, told=told)
        known = {record.digest for record in current.records}
        come = [record for record in changed.records if record.digest not in known]
        (folder / home.VERSIONS).mkdir(exist_ok=True)
        with image_files.taken_over(brought, folder, come) if brought else nullcontext():
            if not _version(folder, current.version).exists():
                files.write_json(_version(folder, current.version), current.to_dict())
            files.write_json(_version(folder, number), new.to_dict())
            try:
                files.write_json(folder / home.MANIFEST, new.to_dict())
            except BaseException:
                _version(folder, number).unlink()
                raise
        image_files.show_as(folder, current.preparation, new.preparation)
        return new


def undo(folder: Path) -> Dataset:
    """Go back to the version that the one at hand was made from.

    Raises:
        UserError: There is none.
    """
    with alone(folder):
        current = load(folder)
        if current.before is None:
            raise UserError("There is nothing to undo.")
        before = load(folder, current.before)
        files.write_json(folder / home.MANIFEST, before.to_dict())
        image_files.show_as(folder, current.preparation, before.preparation)
        return before


def unused(folder: Path) -> int:
    """Bytes of images that only earlier versions hold."""
    return sum(image_files.original(folder, digest).stat().st_size for digest in _unused(folder))


def forget(folder: Path) -> None:
    """Delete the other versions and every image that is only in them, for good."""
    with alone(folder):
        current = load(folder)
        gone, last = _unused(folder), _last(folder, current)
        files.write_json(folder / home.MANIFEST, replace(current, before=None).to_dict())
        files.remove(folder / home.VERSIONS)
        (folder / home.VERSIONS).mkdir()
        files.write_bytes(folder / home.VERSIONS / f"{last:06}.gone", b"")
        image_files.forget_aside(folder)
        for digest in gone:
            image_files.original(folder, digest).unlink(missing_ok=True)
            image_files.thumbnail(folder, digest).unlink(missing_ok=True)


def _unused(folder: Path) -> set[str]:
    """Digests of the images that lie there and that the version at hand lacks."""
    return image_files.stored(folder) - {record.digest for record in load(folder).records}


def versions(folder: Path) -> list[int]:
    """The numbers of all versions that are there, rising; the one at hand may be the only one."""
    numbers = {int(path.stem) for path in (folder / home.VERSIONS).glob("[0-9]*.json")}
    return sorted(numbers | {load(folder).version})


def last(folder: Path) -> int:
    """The highest number that a version has had."""
    return _last(folder, load(folder))


def restore(folder: Path, current: Dataset, others: Sequence[Dataset], last: int) -> None:
    """Write a data set whose images lie there already, with other versions of it.

    Args:
        folder: Where it lies; it is complete when this has ended.
        current: The version at hand.
        others: The others.
        last: The highest number that a version has had.
    """
    if others or last > current.version:
        (folder / home.VERSIONS).mkdir(exist_ok=True)
        for each in (current, *others):
            files.write_json(_version(folder, each.version), each.to_dict())
        if last > max(each.version for each in (current, *others)):
            files.write_bytes(folder / home.VERSIONS / f"{last:06}.gone", b"")
    files.write_json(folder / home.MANIFEST, current.to_dict())


def _last(folder: Path, current: Dataset) -> int:
    """The highest number yet: a run that remembers one must never find other images under it."""
    numbers = [int(path.stem) for path in (folder / home.VERSIONS).glob("[0-9]*")]
    return max([current.version, *numbers])


def _version(folder: Path, number: int) -> Path:
    return folder / home.VERSIONS / f"{number:06}.json"


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Two tabs, or two workers, change a data set one after the other.

    Raises:
        UserError: It is gone.
    """
    if not folder.is_dir():
        raise UserError("This data set was deleted. Import it again.")
    with FileLock(folder / home.LOCK):
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
        dataset = _named(folder, files.read_json(folder / home.MANIFEST))
        if version in (None, dataset.version):
            return dataset
        assert version is not None
        if not _version(folder, version).is_file():
            raise UserError(
                "The pictures of that time have been deleted. Train with the present ones."
            )
        return _named(folder, files.read_json(_version(folder, version)))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            "This data set was deleted or was never complete. Import it again."
        ) from None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError("This data set's list of images is damaged. Import it again.") from error


def _named(folder: Path, manifest: dict[str, Any]) -> Dataset:
    """Every version has the name that the data set has now."""
    dataset = Dataset.from_dict(manifest)
    return replace(dataset, name=own_names.of(folder) or dataset.name)


def all_ids(space: home.Space) -> list[str]:
    """Ids of all complete data sets of a space, newest first; some may be damaged."""
    folders = space.datasets().iterdir() if space.datasets().is_dir() else ()
    complete = (each.name for each in folders if home.is_id(each.name) and is_complete(each))
    return sorted(complete, reverse=True)


def delete(folder: Path) -> None:
    """Delete a data set, whole or not."""
    files.remove(folder)
