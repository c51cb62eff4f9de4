"""A data set's manifest: each image's class and side of the split, and what was left out."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from PIL import Image

from core.data import images, layout
from core.data.archive import Source, UnreadableMember
from core.data.grouping import groups_of
from core.data.layout import Placed, Split
from core.data.natural import natural
from core.data.parallel import decoding_threads, in_order
from core.data.refusals import refuse_many
from core.data.split import choose
from core.errors import UserError
from core.settings import SplitSettings

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


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
    """

    file: str
    label: str
    split: Split
    digest: str
    width: int
    height: int
    bytes: int


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
    """Plain data about a set of labelled images; where their bytes lie is told elsewhere.

    Attributes:
        name: As the user calls it.
        classes: In natural order ("class 2" before "class 10").
        records: By file.
        skipped: By file.
        split_came_with_data: Whether the archive itself said which images are for validation.
        divided: How images that come later are divided.
        origins: What each class was first called. A network that has learned it goes on with its
            new name (see `results/names.py`).
        version: Counts the changes that people make; see `store.keep`.
        before: The version that this one was made from, if it was.
        told: What was changed, in words.
    """

    name: str
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    skipped: tuple[Skipped, ...]
    split_came_with_data: bool
    divided: SplitSettings = field(default_factory=SplitSettings)
    origins: tuple[str, ...] = ()
    version: int = 1
    before: int | None = None
    told: str = ""

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
            records=tuple(Record(**each) for each in values["records"]),
            skipped=tuple(Skipped(**each) for each in values["skipped"]),
            split_came_with_data=bool(values["split_came_with_data"]),
            **_added_since(values),
        )
        if not all(each.split in SPLITS and each.label in made.classes for each in made.records):
            raise ValueError("a record names a class or a split that there is not")
        if len(made.origins) != len(made.classes):
            raise ValueError("classes without an origin")
        return made


def _added_since(values: dict[str, Any]) -> dict[str, Any]:
    """What manifests of the first Thaw do not have."""
    return {
        "divided": SplitSettings(**values.get("divided", {})),
        "origins": tuple(values.get("origins", ())),
        "version": int(values.get("version", 1)),
        "before": values.get("before"),
        "told": str(values.get("told", "")),
    }


def read(
    source: Source,
    *,
    split: SplitSettings | None,
    each: Callable[[Decoded], None] | None = None,
    at_least: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Decode every image of a source once, leave out what is none, and split the rest.

    Args:
        source: A zip archive or a folder of class folders.
        split: How to split where the archive does not say. None reads labelled images that are
            only looked at, as for evaluation: all of them are on the test side, whatever the
            archive says, and a class may hold any number.
        each: Called with every image, in the pool's threads, also for the copies of an image.
        at_least: Images may be decoded smaller than they are (see `images.picture`).
        report: Called in this thread with files done and files in all. What it raises, such as
            StopRequested, ends the reading.

    Raises:
        UserError: There are no class folders, fewer than 2 classes, or fewer than 2 different
            images in a class.
    """
    found = layout.place(source.members)
    refuse_many(source.name, len(found.placed))
    skipped = [Skipped(name, reason) for name, reason in source.left_out]
    skipped += [Skipped(member.name, reason) for member, reason in found.outside]
    records: list[Record] = []
    total = len(found.placed)
    if report:
        report(0, total)
    # closing: an exception keeps this frame alive, and the pool must end all the same
    with closing(_decoded(source, found.placed, each, at_least)) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                records.append(outcome)
            if report:
                report(done, total)
    skipped.sort(key=lambda one: one.file)
    classes = tuple(sorted({placed.label for placed in found.placed}, key=natural))
    if split is None:
        classes = tuple(name for name in classes if any(one.label == name for one in records))
        if not records:
            raise _no_classes(skipped)
        records = [_moved(record, "test") for record in records]
        return Dataset(source.name, classes, tuple(records), tuple(skipped), False)
    _check(classes, records, skipped)
    came = found.said and any(record.split == "validation" for record in records)
    _check_train(classes, records, 1 if came else 2)
    if not came:
        records = _split(records, split)
    return Dataset(source.name, classes, tuple(records), tuple(skipped), came, split)


def read_class(
    source: Source,
    label: str,
    *,
    each: Callable[[Decoded], None],
    at_least: int,
    report: Callable[[int, int], None],
) -> tuple[list[Record], list[Skipped]]:
    """Decode images that all belong to one class, whatever folders they lie in.

    Args:
        source: A zip archive or a folder.
        label: The class.
        each: As for `read`.
        at_least: As for `read`.
        report: As for `read`.

    Returns:
        The images, all of them to learn from, and what was left out.
    """
    records: list[Record] = []
    skipped = [Skipped(name, reason) for name, reason in source.left_out]
    refuse_many(source.name, len(source.members))
    files = [Placed(member, label, None) for member in source.members]
    report(0, len(files))
    with closing(_decoded(source, files, each, at_least)) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                records.append(outcome)
            report(done, len(files))
    return records, skipped


def _decoded(
    source: Source,
    files: Iterable[Placed],
    each: Callable[[Decoded], None] | None,
    at_least: int | None,
) -> Generator[Record | Skipped, None, None]:
    """Outcomes in the order of the files."""

    def one(placed: Placed) -> Record | Skipped:
        name = placed.member.name
        try:
            data = source.read(placed.member)
            picture = images.picture(data, at_least)
        except (UnreadableMember, images.UnreadableImage) as error:
            return Skipped(name, str(error))
        digest = hashlib.sha256(data).hexdigest()
        if each:
            each(Decoded(name, digest, placed.label, data, picture.image))
        return Record(
            file=name,
            label=placed.label,
            split=placed.split or "train",
            digest=digest,
            width=picture.width,
            height=picture.height,
            bytes=len(data),
        )

    return in_order(one, files, decoding_threads())


def _moved(record: Record, split: Split) -> Record:
    return Record(**asdict(record) | {"split": split})


def _split(records: list[Record], settings: SplitSettings) -> list[Record]:
    """Take the other sides out of train; what came as test stays, and is all the test there is."""
    train = [record for record in records if record.split == "train"]
    classes: dict[str, set[str]] = {}
    for record in train:
        classes.setdefault(record.label, set()).add(record.digest)
    if len(train) < len(records):
        settings = replace(settings, test=0.0)
    sides = choose(classes, settings, groups_of(train, settings.group_by))
    return [
        _moved(record, sides[record.digest]) if record.split == "train" else record
        for record in records
    ]


def check(dataset: Dataset) -> None:
    """See that there is enough to learn from, after whatever was taken out.

    Raises:
        UserError: There are fewer than 2 classes, or fewer than 2 different images in one.
    """
    if not dataset.records:
        raise UserError("There are no images yet. Bring some of each class first.")
    if len(dataset.classes) < 2:
        raise UserError(
            f"Expected at least 2 classes to tell apart, but there is only “{dataset.classes[0]}”. "
            "Make another class and give it images."
        )
    few = _classes_below(2, dataset.classes, list(dataset.records))
    if few:
        raise UserError(
            f"Expected at least 2 different images in every class, but there are fewer in "
            f"{_listed(few)}. Add images there, or delete the class."
        )


def _check(classes: tuple[str, ...], records: list[Record], skipped: list[Skipped]) -> None:
    if len(classes) < 2:
        raise _no_classes(skipped, classes)
    few = _classes_below(2, classes, records)
    if few:
        raise UserError(
            f"Expected at least 2 different readable images in every class, but there are fewer in "
            f"{_listed(few)}. Add images there or take the folder out.{_told(skipped)}"
        )


def _check_train(classes: tuple[str, ...], records: list[Record], at_least: int) -> None:
    """Where the validation side is taken out of train, one image of a class is not enough."""
    few = _classes_below(at_least, classes, [one for one in records if one.split == "train"])
    if few:
        wanted = "images" if at_least == 1 else f"at least {at_least} different images"
        raise UserError(
            f"Expected {wanted} of every class in the training folder, but fewer can be read of "
            f"{_listed(few)}. Add some, or leave the split to Thaw."
        )


def _classes_below(number: int, classes: tuple[str, ...], records: list[Record]) -> list[str]:
    """Classes with fewer different images, each with how many it has."""
    different: dict[str, set[str]] = {name: set() for name in classes}
    for record in records:
        different[record.label].add(record.digest)
    return [f"“{name}” ({len(it)})" for name, it in different.items() if len(it) < number]


def _no_classes(skipped: list[Skipped], classes: tuple[str, ...] = ()) -> UserError:
    found = f"only one was found, “{classes[0]}”" if classes else "none with images was found"
    return UserError(
        f"Expected a folder of images for each of at least 2 classes, as in daisy/1.jpg and "
        f"rose/1.jpg, but {found}.{_told(skipped)}"
    )


def _told(skipped: list[Skipped]) -> str:
    if not skipped:
        return ""
    first = f"“{skipped[0].file}”, {skipped[0].reason}"
    if len(skipped) == 1:
        return f" (1 file was left out: {first}.)"
    return f" ({len(skipped)} files were left out, the first: {first}.)"


def _listed(names: list[str]) -> str:
    shown = names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
