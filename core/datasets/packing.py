"""A data set as a zip of class folders, made while it is sent: nowhere is the whole of it held.

Read again, it gives the same classes and images; with a folder for each side, the same split too.
"""

import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from core.datasets import image_files
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.intake.archives import litter
from core.intake.layouts.layout import looks_like_image

Item = TypeVar("Item")

_MADE = (1980, 1, 1, 0, 0, 0)  # the same data set makes the same zip
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
# To Windows, which also takes these for what they are before an ending, and without spaces.
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?")
_LONGEST = 240  # bytes of one part of a path
# Letters of a whole path where that can be: Windows takes 260, with the folder it is unpacked to.
_LONGEST_PATH = 180
_SHORTEST = 40  # letters that are left of a file's name in any case


def zipped(folder: Path, dataset: Dataset, *, sides: bool) -> Iterator[bytes]:
    """The zip, an image at a time and stored as it is: pictures are packed already.

    Args:
        folder: Where the data set lies.
        dataset: The version of it to pack.
        sides: Whether there are folders train, validation and test around the class folders.

    Raises:
        UserError: There are no images, or one is gone; at once, before anything is sent. One that
            goes later breaks the zip off, so that nobody takes it for whole.
    """
    names = paths(dataset, sides=sides)
    if not names:
        raise UserError("There are no pictures to download yet. Add some first.")
    for record in dataset.records:
        if not image_files.original(folder, record.digest).is_file():
            raise UserError(
                "The image “{file}” is gone from the data set. Delete it there, then download "
                "the rest.",
                file=record.file,
            )
    return pieces(names, image_files.reader(folder))


def pieces(names: Mapping[str, Item], read: Callable[[Item], bytes]) -> Iterator[bytes]:
    """A zip, a file at a time and stored as it is.

    Args:
        names: What goes into it, by its path there.
        read: Gives the bytes of one; what it raises breaks the zip off.
    """
    outlet = _SeekingOutlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for name, item in names.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE), read(item))
            yield outlet.take()
    yield outlet.take()


def in_folders(placed: Iterable[tuple[str, str, Item]]) -> dict[str, Item]:
    """Pictures by paths that any system can unpack and no two share.

    Args:
        placed: Of each the name of its folder and of its file, which may be any, and itself.
    """
    names, folders = _Names(), dict[str, str]()
    found: dict[str, Item] = {}
    for label, file, item in placed:
        if label not in folders:
            folders[label] = names.unused(_safe(label))
        found[names.unused(_path(f"{folders[label]}/", file))] = item
    return found


def _path(before: str, file: str) -> str:
    return before + _fitting(picture_name(file), _LONGEST_PATH - len(before))


class Outlet(io.RawIOBase):
    """What a zip is written to that goes out in pieces. It holds what came since it was emptied."""

    def __init__(self) -> None:
        super().__init__()
        self._held = io.BytesIO()
        self._sent = 0

    def take(self) -> bytes:
        """What came since this was last asked."""
        data = self._held.getvalue()
        self._sent += len(data)
        self._held = io.BytesIO()
        return data

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        return self._held.write(data)


class _SeekingOutlet(Outlet):
    """The same for a zip that goes back within one image, to write its checksum before it."""

    def tell(self) -> int:
        return self._sent + self._held.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._sent + self._held.seek(offset - self._sent, whence)


def paths(dataset: Dataset, *, sides: bool) -> dict[str, Record]:
    """Each image by its path in the zip, which any system can unpack and no two share."""
    names = _Names()
    folders = {label: names.unused(_safe(label)) for label in dataset.classes}
    found: dict[str, Record] = {}
    for record in dataset.records:
        above = [folders[record.label], *([_safe(record.folder)] if record.folder else [])]
        before = "/".join([*([record.split] if sides else []), *above, ""])
        found[names.unused(_path(before, record.file))] = record
    return found


def picture_name(file: str) -> str:
    """What a picture's file is called in a zip, so that it is found there as one.

    Args:
        file: As it is called, perhaps with folders before it.
    """
    name = _shown(PurePosixPath(file).name)
    return name if looks_like_image(name) else name.replace(".", "_")  # it was read, so it is one


def file_name(dataset: Dataset) -> str:
    """What to call the zip."""
    return zip_name(dataset.name)


def zip_name(name: str) -> str:
    """What to call a zip of something that a person has named."""
    return f"{_shown(name)}.zip"


class _Names:
    """Paths that are not taken yet, small and capital letters alike."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()  # how often each was wanted

    def unused(self, wanted: str) -> str:
        """This one, or with a number before its last part."""
        path, key = wanted, _alike(wanted)
        above, slash, name = wanted.rpartition("/")
        while self._taken[_alike(path)]:
            self._taken[key] += 1
            path = f"{above}{slash}{self._taken[key]} {name}"
        self._taken[_alike(path)] += 1
        return path


def _alike(path: str) -> str:
    """The same for paths that are one to Windows (capitals) or macOS (composed letters)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _safe(name: str) -> str:
    """One part of a path, as any system takes it."""
    name = _UNSAFE.sub("_", name)
    stem, suffix = PurePosixPath(name).stem, _shortened(PurePosixPath(name).suffix, 20)
    name = (_shortened(stem, _LONGEST - 20) + suffix).strip(" ").rstrip(" .")
    return f"_{name}" if not name or litter.is_litter(name) or _RESERVED.fullmatch(name) else name


def _fitting(file: str, most: int) -> str:
    """A file's name that leaves its whole path short enough, its ending kept."""
    suffix = PurePosixPath(file).suffix
    stem = file.removesuffix(suffix) if suffix else file
    return stem[: max(_SHORTEST, most) - len(suffix)].rstrip(" ") + suffix


def _shown(name: str) -> str:
    """The name of a file that systems do not hide; hidden ones are not read again."""
    name = _safe(name)
    return f"_{name}" if name.startswith(".") else name


def _shortened(text: str, most: int) -> str:
    """The beginning of a text, in bytes."""
    return text.encode()[:most].decode(errors="ignore")
