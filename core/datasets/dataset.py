"""A data set's manifest: each image's class and side of the split, and what was left out."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.datasets.grouping import folder_of
from core.intake.layouts.labelling import Reading
from core.intake.layouts.side_names import Split
from core.intake.pictures.preparation import Preparation
from core.settings import SplitSettings

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_NEARLY_SQUARE = 1.02  # sides that differ by less, nobody tells from equal ones


@dataclass(frozen=True)
class Record:
    """One image.

    Attributes:
        file: Its path inside the archive or folder that it came in.
        label: Its class.
        split: The side it is on.
        digest: SHA-256 of its bytes, in hex.
        width: Pixels, upright.
        height: Pixels, upright.
        bytes: Size of the file.
        folder: The folder that it came in, within that of its class; None where there was none.
    """

    file: str
    label: str
    split: Split
    digest: str
    width: int
    height: int
    bytes: int
    folder: str | None = None

    @property
    def elongation(self) -> float:
        """How many times as long as the other the longer side is."""
        return max(self.width, self.height) / min(self.width, self.height)


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why, in plain words."""

    file: str
    reason: str


@dataclass(frozen=True)
class Decoded:
    """What a reader of a data set is handed for each image, once, while it is in memory.

    Attributes:
        file: Its path inside the source.
        digest: SHA-256 of `data`, in hex.
        label: Its class.
        data: The file as it came.
        image: Upright and RGB, perhaps scaled down (see `images.picture`).
    """

    file: str
    digest: str
    label: str
    data: bytes
    image: Image.Image


@dataclass(frozen=True)
class Dataset:
    """Plain data about a set of labelled images; where their bytes lie is not part of it.

    Attributes:
        name: As the user calls it.
        classes: In natural order ("class 2" before "class 10").
        records: By file.
        skipped: By file.
        split_came_with_data: Whether the archive itself said which images are for validation.
        divided: How images that come later are divided.
        origins: What each class was first called. A network that has learned it goes on with its
            new name (see `results/names.py`).
        together: Digests of images that stay on one side of the split, group by group.
        preparation: How its pictures are read.
        version: Counts the changes that people make; see `store.keep`.
        before: The version that this one was made from, if it was.
        told: What was changed, in words.
        reading: How paths became classes when it came.
        read_as: The same in words.
        lost: Folders of pictures that were left out as a whole then.
    """

    name: str
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    skipped: tuple[Skipped, ...]
    split_came_with_data: bool
    divided: SplitSettings = field(default_factory=SplitSettings)
    origins: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    preparation: Preparation = field(default_factory=Preparation)
    version: int = 1
    before: int | None = None
    told: str = ""
    reading: Reading | None = None
    read_as: str = ""
    lost: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origins:
            object.__setattr__(self, "origins", self.classes)

    @property
    def counts(self) -> dict[str, int]:
        """Images of each class, in the order of the classes."""
        found = Counter(record.label for record in self.records)
        return {name: found[name] for name in self.classes}

    @property
    def split_counts(self) -> dict[str, int]:
        """Images of each side: train, validation and test."""
        found = Counter(record.split for record in self.records)
        return {split: found[split] for split in SPLITS}

    @property
    def total_bytes(self) -> int:
        """Size of all image files together."""
        return sum(record.bytes for record in self.records)

    @property
    def digest(self) -> str:
        """Stands for its images, how they are read, their classes and their sides of the split."""
        told = sorted(f"{each.digest} {each.split} {each.label}" for each in self.records)
        told += [self.preparation.key] if self.preparation.key else []
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def least_square(self, most: int) -> list[Record]:
        """Of some classes the image that has most to lose when it becomes square.

        Args:
            most: How many at most; those that look square are not among them.
        """
        found: dict[str, Record] = {}
        for record in self.records:
            before = found.get(record.label)
            if record.elongation > (before.elongation if before else _NEARLY_SQUARE):
                found[record.label] = record
        return sorted(found.values(), key=lambda each: -each.elongation)[:most]

    def of(self, split: Split) -> list[Record]:
        """The images of one side."""
        return [record for record in self.records if record.split == split]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: The values are not what `to_dict` wrote.
        """
        made = cls(
            name=str(values["name"]),
            classes=tuple(values["classes"]),
            records=tuple(_record(each) for each in values["records"]),
            skipped=tuple(Skipped(**each) for each in values["skipped"]),
            split_came_with_data=bool(values["split_came_with_data"]),
            **_added_since(values),
        )
        classes = set(made.classes)
        if not all(each.split in SPLITS and each.label in classes for each in made.records):
            raise ValueError("a record names a class or a split that there is not")
        if len(made.origins) != len(made.classes):
            raise ValueError("classes without an origin")
        return made


def _record(values: dict[str, Any]) -> Record:
    if "folder" not in values:  # of an earlier Thaw
        values = values | {"folder": folder_of(values["file"], values["label"])}
    return Record(**values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)  # a sentence stays one


def _added_since(values: dict[str, Any]) -> dict[str, Any]:
    """What manifests of the first Thaw do not have."""
    return {
        "divided": SplitSettings(**values.get("divided", {})),
        "origins": tuple(values.get("origins", ())),
        "together": tuple(tuple(group) for group in values.get("together", ())),
        "preparation": Preparation.from_dict(values.get("preparation", {})),
        "version": int(values.get("version", 1)),
        "before": values.get("before"),
        "told": _text(values.get("told", "")),
        "reading": Reading.from_dict(values["reading"]) if values.get("reading") else None,
        "read_as": _text(values.get("read_as", "")),
        "lost": tuple(values.get("lost", ())),
    }


def labels_of(records: Sequence[Record], classes: Sequence[str]) -> npt.NDArray[np.intp]:
    """The place of each image's class among some classes, [images]."""
    index = {label: number for number, label in enumerate(classes)}
    return np.array([index[record.label] for record in records], np.intp)
