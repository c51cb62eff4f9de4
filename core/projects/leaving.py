"""Prepares pictures for a project, and updates the files that refer to them.

Pictures are stored and referred to by the SHA-256 of their bytes. Stripping metadata changes that
digest, so it has to change in every file of the project that names the picture.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets import image_files, packing
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.intake.metadata import stripping
from core.intake.parallel import in_order, threads_for_pictures
from core.storage import arrays

_NAMED = re.compile("[0-9a-f]{64}(?= |$)")  # a digest alone, or as `hard.json` has it
_PIECE = 1 << 20
_TOLD = 5  # files that are named where some cannot be stripped
_MADE = (1980, 1, 1, 0, 0, 0)

Report = Callable[[int, int], None]


class Pictures(StrEnum):
    """How pictures go into a project."""

    STRIPPED = "stripped"  # without places, times, names and serial numbers
    AS_THEY_ARE = "as they are"
    NONE = "none"


@dataclass(frozen=True)
class Leaving:
    """A picture that goes into a project.

    Attributes:
        path: The file here.
        digest: SHA-256 of the bytes that go into the project.
        size: How many there are.
        stripped: Whether metadata is removed.
    """

    path: Path
    digest: str
    size: int
    stripped: bool

    def data(self) -> bytes:
        """The bytes that go into the project.

        Raises:
            UserError: It was changed on the disk.
        """
        data = self.path.read_bytes()
        try:
            data = stripping.stripped(data) if self.stripped else data
        except stripping.Unstrippable:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise UserError("A picture was changed on the disk. Import the data set again.")
        return data


def leaving(
    folder: Path, every: Sequence[Dataset], pictures: Pictures, report: Report
) -> dict[str, Leaving]:
    """Every picture of some versions, by its digest here.

    Args:
        folder: Of the data set.
        every: Its versions.
        pictures: How they go into the project.
        report: Called with pictures done and in total.

    Raises:
        UserError: One is gone, or cannot be stripped.
    """
    records = {record.digest: record for dataset in every for record in dataset.records}
    for digest, record in records.items():
        if not image_files.original(folder, digest).is_file():
            raise UserError(
                "The image “{file}” is gone from the data set. Delete it there, then save the "
                "rest.",
                file=record.file,
            )
    if pictures is not Pictures.STRIPPED:
        return {
            digest: Leaving(image_files.original(folder, digest), digest, record.bytes, False)
            for digest, record in records.items()
        }
    found, refused = dict[str, Leaving](), list[Record]()

    def one(record: Record) -> tuple[Record, Leaving | None]:
        path = image_files.original(folder, record.digest)
        try:
            data = stripping.stripped(path.read_bytes())
        except stripping.Unstrippable:
            return record, None
        digest = hashlib.sha256(data).hexdigest()
        return record, Leaving(path, digest, len(data), digest != record.digest)

    report(0, len(records))
    with closing(in_order(one, records.values(), threads_for_pictures())) as looked_at:
        for done, (record, each) in enumerate(looked_at, 1):
            if each is None:
                refused.append(record)
            else:
                found[record.digest] = each
            report(done, len(records))
    if refused:
        raise _refused(refused)
    return found


def _refused(records: Sequence[Record]) -> UserError:
    names = ", ".join(f"“{record.file}”" for record in records[:_TOLD])
    more = "" if len(records) <= _TOLD else f" (+ {len(records) - _TOLD})"
    return UserError(
        "Places and serial numbers cannot be taken out of some pictures without changing them: "
        "{names}. Keep the pictures exactly as they are, or remove these from the data set.",
        names=names + more,
    )


def renames(before: Sequence[Dataset], left: Mapping[str, Leaving]) -> dict[str, str]:
    """The new digest of each picture that was stripped, and of each version (for checkpoints).

    Args:
        before: The versions as they are here.
        left: Their pictures.
    """
    found = {digest: each.digest for digest, each in left.items() if each.stripped}
    if found:
        found |= {each.digest: as_they_leave(each, left).digest for each in before}
    return found


def as_they_leave(dataset: Dataset, left: Mapping[str, Leaving]) -> Dataset:
    """A version that refers to the pictures as they go into the project."""
    records = (
        replace(each, digest=left[each.digest].digest, bytes=left[each.digest].size)
        for each in dataset.records
    )
    together = tuple(
        tuple(dict.fromkeys(left[each].digest if each in left else each for each in group))
        for group in dataset.together
    )
    return replace(dataset, records=tuple(records), together=together)


def is_the_same(folder: Path, here: Sequence[Dataset], left: Sequence[Dataset]) -> bool:
    """Whether the pictures of a project are the ones here, but stripped.

    Args:
        folder: Where the data set lies.
        here: Its versions.
        left: The project's versions; their records differ from `here` only in digest and size.
    """
    pairs = {
        mine.digest: other.digest
        for one, another in zip(here, left, strict=True)
        for mine, other in zip(one.records, another.records, strict=True)
        if mine.digest != other.digest
    }

    def leaves_as(digest: str) -> str | None:
        try:
            data = image_files.original(folder, digest).read_bytes()
            return hashlib.sha256(stripping.stripped(data)).hexdigest()
        except (OSError, stripping.Unstrippable):
            return None

    return all(leaves_as(mine) == other for mine, other in pairs.items())


def without_pictures(dataset: Dataset, number: int) -> Dataset:
    """A new version of a data set that keeps its classes but has no pictures.

    Args:
        dataset: The version at hand.
        number: Of the new one.
    """
    return replace(
        dataset, records=(), skipped=(), together=(), lost=(), version=number, before=None, told=""
    )


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A JSON value with digests replaced, wherever in it they occur."""
    if isinstance(value, str):
        found = _NAMED.match(value) if len(value) >= 64 else None
        other = names.get(found[0]) if found else None
        return value if other is None else other + value[64:]
    if isinstance(value, list):
        return [renamed(each, names) for each in value]
    if isinstance(value, dict):
        return {key: renamed(each, names) for key, each in value.items()}
    return value


def arrays_renamed(path: Path, names: Mapping[str, str]) -> Iterator[bytes]:
    """An array file (`core.storage.arrays`) with digests replaced in its facts, in pieces.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: It is damaged.
    """
    outlet = packing.Outlet()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(outlet, "w") as made:
        for info in source.infolist():
            entry = zipfile.ZipInfo(info.filename, _MADE)
            if info.filename == arrays.FACTS_FILE:
                with source.open(info) as file:
                    told = json.loads(str(np.lib.format.read_array(file, allow_pickle=False)))
                written = io.BytesIO()
                told = np.array(json.dumps(renamed(told, names)))
                np.lib.format.write_array(written, told, allow_pickle=False)
                made.writestr(entry, written.getvalue())
                yield outlet.take()
                continue
            entry.file_size = info.file_size
            with source.open(info) as file, made.open(entry, "w") as member:
                while piece := file.read(_PIECE):
                    member.write(piece)
                    yield outlet.take()
    yield outlet.take()
