"""The pictures of a kept data set: `images/<digest>` as they came, `thumbnails/<digest>.jpg`."""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from core.datasets.dataset import Decoded, Record
from core.errors import UserError
from core.intake import room
from core.intake.parallel import in_order, threads_for_pictures
from core.intake.pictures import images, preparing
from core.intake.pictures.decoders import UnreadableImage
from core.intake.pictures.preparation import Preparation
from core.storage import files, home

THUMBNAIL, LARGE = 240, 1600  # pixels of the longer side

ReadBytes = Callable[[Record], bytes]

_FOLDERS = home.IMAGES, home.THUMBNAILS


def original(folder: Path, digest: str) -> Path:
    """The file as it came."""
    return folder / home.IMAGES / digest


def thumbnail(folder: Path, digest: str) -> Path:
    """A JPEG of at most THUMBNAIL pixels."""
    return folder / home.THUMBNAILS / f"{digest}.jpg"


def large(folder: Path, digest: str, preparation: Preparation) -> bytes:
    """A JPEG that fills a window, made of the file as it came.

    Raises:
        OSError: The file is gone.
        UserError: It is no picture any more.
    """
    data = original(folder, digest).read_bytes()
    try:
        return images.thumbnail_jpeg(images.decode(data, LARGE // 2, preparation), LARGE)
    except UnreadableImage as error:
        raise UserError(
            "Expected a picture, but it is {error}.",
            error=error.said,
        ) from error


def thumbnails(folder: Path) -> Path:
    """Where those lie that show the pictures as they are read now."""
    return folder / home.THUMBNAILS


def stored(folder: Path) -> set[str]:
    """Digests of all images that lie there."""
    lie = folder / home.IMAGES
    names = (path.name for path in lie.iterdir()) if lie.is_dir() else ()
    return {name for name in names if not name.startswith(".")}  # which are still being written


def reader(folder: Path) -> ReadBytes:
    """How to get at the bytes of a record of a data set that is kept here.

    They are those that were read, or a UserError is raised: caches rest on their digest.
    """

    def read_bytes(record: Record) -> bytes:
        try:
            data = original(folder, record.digest).read_bytes()
        except OSError as error:
            raise UserError(
                "The image “{file}” is gone from the data set. Import the data set again.",
                file=record.file,
            ) from error
        return unchanged(data, record)

    return read_bytes


def unchanged(data: bytes, record: Record) -> bytes:
    """The bytes of a record's file, if they are those that were read.

    Raises:
        UserError: They are not.
    """
    if hashlib.sha256(data).hexdigest() != record.digest:
        raise UserError(
            "“{file}” has changed since the images were read. Read them again.",
            file=record.file,
        )
    return data


@contextmanager
def keeping(
    folder: Path, elsewhere: Mapping[str, Path] | None = None
) -> Generator[Callable[[Decoded], None]]:
    """How to keep images in a data set's folder, as they came, and a thumbnail of each.

    Gives a function to call with every image, from any thread.

    Args:
        folder: The data set's.
        elsewhere: The folder of another data set that holds an image already, by its digest. It
            lies there and here, and takes up no more of the disk.

    Raises:
        UserError: There is no room for them.
    """
    taken: set[str] = set()
    lock = threading.Lock()

    def keep(decoded: Decoded) -> None:
        with lock:
            if decoded.digest in taken:
                return
            taken.add(decoded.digest)
        # Not synced: thousands of them would take minutes. Readers check an original's digest.
        small = images.thumbnail_jpeg(decoded.image, THUMBNAIL)
        files.write_bytes(thumbnail(folder, decoded.digest), small, sync=False)
        if other := (elsewhere or {}).get(decoded.digest):
            _link(original(other, decoded.digest), original(folder, decoded.digest))
        else:
            files.write_bytes(original(folder, decoded.digest), decoded.data, sync=False)

    try:
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        yield keep
    except OSError as error:
        if error.errno in files.FULL:
            raise room.full("these images") from error
        raise


def drop_all(folder: Path) -> None:
    """Delete all pictures of a data set that did not come to be."""
    for name in _FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)


@contextmanager
def taken_over(brought: Path, folder: Path, records: Iterable[Record]) -> Generator[None]:
    """Images that another folder holds lie in this one too; gone again if anything goes wrong.

    Raises:
        UserError: One of them is gone from there.
    """
    new: list[Path] = []
    try:
        for record in records:
            for path_of in (thumbnail, original):
                here = path_of(folder, record.digest)
                if not here.exists():
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
        raise UserError("Some of these pictures are no longer on the server. Add others.") from None
    except OSError:
        files.write_bytes(here, there.read_bytes(), sync=False)


def kinds(folder: Path, records: Iterable[Record]) -> tuple[bool, bool]:
    """Whether any of these images may be deep, and whether any may be see-through."""
    found = [_kind(folder, record) for record in records]
    return any(deep for deep, _ in found), any(clear for _, clear in found)


def _kind(folder: Path, record: Record) -> tuple[bool, bool]:
    try:
        with original(folder, record.digest).open("rb") as file:
            return preparing.kind(file.read(preparing.HEAD))
    except OSError:
        return False, False  # gone: what needs it says so


def draw_again(
    folder: Path,
    records: Iterable[Record],
    preparation: Preparation,
    into: Path,
    report: Callable[[int, int], None],
) -> None:
    """Make the thumbnails anew of those images that a preparation bears on.

    Args:
        folder: Where the data set lies.
        records: The images.
        preparation: How they are read from now on.
        into: The folder for the thumbnails.
        report: Told images done and in total; what it raises ends the work.
    """
    read_bytes = reader(folder)
    different = {record.digest: record for record in records}.values()
    concerned = [record for record in different if any(_kind(folder, record))]

    def draw(record: Record) -> None:
        image = images.decode(read_bytes(record), THUMBNAIL, preparation)
        files.write_bytes(
            into / f"{record.digest}.jpg", images.thumbnail_jpeg(image, THUMBNAIL), sync=False
        )

    into.mkdir(parents=True, exist_ok=True)
    report(0, len(concerned))
    with closing(in_order(draw, concerned, threads_for_pictures())) as drawn:
        for done, _ in enumerate(drawn, 1):
            report(done, len(concerned))


def thumbnails_aside(folder: Path, preparation: Preparation) -> Path:
    """Where thumbnails lie that are of use when the data set's pictures are read like this."""
    return folder / home.THUMBNAILS / hashlib.sha256(preparation.key.encode()).hexdigest()[:16]


def show_as(folder: Path, before: Preparation, after: Preparation) -> None:
    """Put those thumbnails in place that show pictures as they are read now."""
    aside = thumbnails_aside(folder, before)
    for path in thumbnails_aside(folder, after).glob("*.jpg"):
        shown = folder / home.THUMBNAILS / path.name
        if shown.exists():
            aside.mkdir(exist_ok=True)
            shown.replace(aside / path.name)
        path.replace(shown)


def forget_aside(folder: Path) -> None:
    """Delete the thumbnails of earlier ways to read the pictures."""
    lie = folder / home.THUMBNAILS
    for path in lie.iterdir() if lie.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
