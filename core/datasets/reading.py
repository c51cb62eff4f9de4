"""Reads a data set: every image is decoded once, what is none is left out, the rest is divided."""

import hashlib
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import PurePosixPath

from core.datasets.dataset import (
    Dataset,
    Decoded,
    Record,
    Skipped,
)
from core.datasets.enough import check_read, check_train, no_classes
from core.datasets.grouping import folder_of, groups_of
from core.datasets.split import choose
from core.intake.archives.archive import Source, UnreadableMember
from core.intake.archives.refusals import refuse_many
from core.intake.layouts import layout
from core.intake.layouts.class_folders import label_of
from core.intake.layouts.layout import Placed
from core.intake.parallel import in_order, large_alone, threads_for_pictures
from core.intake.pictures import images, preparing
from core.intake.pictures.preparation import Preparation
from core.settings import Grouping, SplitSettings
from core.shown import natural


def read(
    source: Source,
    *,
    split: SplitSettings | None,
    each: Callable[[Decoded], None] | None = None,
    at_least: int | None = None,
    report: Callable[[int, int], None] | None = None,
    preparation: Preparation | None = None,
    known: Collection[str] = (),
) -> Dataset:
    """Decode every image of a source once, leave out what is none, and split the rest.

    Args:
        source: A zip archive or a folder, read as it says itself if somebody has said so.
        split: How to split where the archive does not say. None reads labelled images that are
            only looked at, as for evaluation: those of the test side where the archive has one,
            which `split_came_with_data` then says, else all. All that were read are on the test
            side, and a class may hold any number.
        each: Called with every image, in the pool's threads, also for the copies of an image.
        at_least: Images may be decoded smaller than they are (see `images.picture`).
        report: Called in this thread with files done and files in all. What it raises, such as
            StopRequested, ends the reading.
        preparation: How pictures are read; None finds it out from the pictures first.
        known: Classes that are known already, whose spelling counts.

    Raises:
        Unclear: The source can be read in more than one way.
        UserError: There are no class folders, fewer than 2 classes, or fewer than 2 different
            images in a class.
    """
    found = layout.place(
        source,
        least=1 if split is None else 2,
        known=known,
        grouped=split is not None and split.group_by is Grouping.FOLDER,
    )
    placed = found.placed
    held_back = tuple(each for each in placed if each.split == "test") if split is None else ()
    placed = held_back or placed
    refuse_many(source.name, len(placed))
    skipped = [Skipped(name, reason) for name, reason in source.left_out]
    skipped += [Skipped(name, reason) for name, reason in found.outside]
    records: list[Record] = []
    total = len(placed)
    if report:
        report(0, total)
    if preparation is None:
        preparation = preparing.of_source(source, report)
    # closing: an exception keeps this frame alive, and the pool must end all the same
    decoded = _decoded(source, placed, each, at_least, preparation)
    with closing(decoded) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                records.append(outcome)
            if report:
                report(done, total)
    skipped.sort(key=lambda one: one.file)
    classes = _classes(placed, records)
    if split is None:
        classes = tuple(name for name in classes if any(one.label == name for one in records))
        if not records:
            raise no_classes(skipped)
        records = [replace(record, split="test") for record in records]
        return Dataset(
            source.name,
            classes,
            tuple(records),
            tuple(skipped),
            split_came_with_data=bool(held_back),
            preparation=preparation,
            reading=found.reading,
        )
    check_read(classes, records, skipped, one_class=found.reading.one_class)
    came = found.said and any(record.split == "validation" for record in records)
    check_train(classes, records, 1 if came else 2)
    if not came:
        records = _split(records, split)
    return Dataset(
        source.name,
        classes,
        tuple(records),
        tuple(skipped),
        split_came_with_data=came,
        divided=split,
        preparation=preparation,
        reading=found.reading,
        read_as=found.told(),
        lost=tuple(folder for folder, _ in found.lost),
    )


def _classes(placed: Iterable[Placed], records: list[Record]) -> tuple[str, ...]:
    """What the folders are named after, in natural order.

    A folder without a picture, or a file that is called as one, holds notes, a LICENSE, …
    """
    named = {each.label for each in placed if layout.ends_as_image(each.member.name)}
    return tuple(sorted(named | {record.label for record in records}, key=natural))


def read_class(
    source: Source,
    label: str,
    *,
    each: Callable[[Decoded], None],
    at_least: int,
    report: Callable[[int, int], None],
    preparation: Preparation,
) -> tuple[list[Record], list[Skipped]]:
    """Decode images that all belong to one class, whatever folders they lie in.

    Args:
        source: A zip archive or a folder.
        label: The class.
        each: As for `read`.
        at_least: As for `read`.
        report: As for `read`.
        preparation: How pictures are read.

    Returns:
        The images, all of them to learn from, and what was left out.
    """
    records: list[Record] = []
    skipped = [Skipped(name, reason) for name, reason in source.left_out]
    refuse_many(source.name, len(source.members))
    files = [Placed(member, label, None) for member in source.members]
    report(0, len(files))
    with closing(_decoded(source, files, each, at_least, preparation)) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                within = label_of(PurePosixPath(outcome.file).parent.name)
                folder = within if within not in ("", label) else None
                records.append(replace(outcome, folder=folder))
            report(done, len(files))
    return records, skipped


def _decoded(
    source: Source,
    files: Iterable[Placed],
    each: Callable[[Decoded], None] | None,
    at_least: int | None,
    preparation: Preparation,
) -> Generator[Record | Skipped, None, None]:
    """Outcomes in the order of the files."""

    def decoded(placed: Placed) -> Record | Skipped:
        name = placed.member.name
        try:
            data = source.read(placed.member)
            picture = images.picture(data, at_least, preparation)
        except (UnreadableMember, images.UnreadableImage) as error:
            return Skipped(name, error.said)
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
            folder=folder_of(name, placed.label),
        )

    one = large_alone(decoded, lambda placed: placed.member.size)
    return in_order(one, files, threads_for_pictures())


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
        replace(record, split=sides[record.digest]) if record.split == "train" else record
        for record in records
    ]
