"""Pictures that come to a data set that is there: into one class, or all those of another set."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from core.datasets import changes, image_files, store
from core.datasets.dataset import Dataset, Skipped
from core.datasets.enough import telling
from core.datasets.reading import read_class
from core.errors import UserError
from core.intake import room
from core.intake.archives.archive import Source
from core.intake.archives.refusals import refuse_many
from core.intake.pictures import preparing
from core.intake.pictures.preparation import USUAL, Preparation
from core.saying import Sentence, joined, say, several
from core.storage import files

Told = Callable[[int], Sentence]  # what a change has added, by the number of new images


@dataclass(frozen=True)
class Added:
    """What became of pictures that were to be added.

    Attributes:
        told: It, in a sentence.
        skipped: Files that were left out.
    """

    told: str
    skipped: tuple[Skipped, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(values["told"], tuple(Skipped(**each) for each in values["skipped"]))


def add_images(
    source: Source,
    folder: Path,
    origin: str,
    *,
    aside: Path,
    report: Callable[[int, int], None],
) -> Added:
    """Add the pictures of a source, in whatever folders they lie, to one class of a data set.

    They are read into a folder aside first, so that nothing is left where that comes to no end.

    Args:
        source: A zip archive or a folder.
        folder: Where the data set lies.
        origin: The class, as it was first called: it may be renamed at any time.
        aside: A folder for this alone; it is gone in the end.
        report: As for `reading.read`; raise StopRequested in it to stop.

    Raises:
        UserError: Nothing in the source is a picture, the data set or the class is gone, it would
            hold too many images, or the disk is full.
    """
    before = store.load(folder)
    called(before, origin)
    room.check(sum(member.size for member in source.members))
    try:
        preparation = _grown(folder, before, preparing.of_source(source, report))
        with image_files.keeping(aside) as keep:
            records, skipped = read_class(
                source,
                origin,
                each=keep,
                at_least=image_files.THUMBNAIL,
                report=report,
                preparation=preparation,
            )
        if not records:
            raise _no_picture(skipped)

        def add(dataset: Dataset) -> tuple[Dataset, Told]:
            now = called(dataset, origin)
            renamed = [replace(record, label=now) for record in records]
            after = changes.add(dataset, renamed, skipped)
            if dataset.preparation == before.preparation:  # else somebody has just chosen another
                after = replace(after, preparation=preparation)
            return after, lambda new: several(
                "{count} picture added to “{name}”",
                "{count} pictures added to “{name}”",
                new,
                name=now,
            )

        told = _kept(folder, add, len(records), aside)
        if skipped:
            left_out = several(
                "{count} file was left out.", "{count} files were left out.", len(skipped)
            )
            told = joined([told, left_out])
        return Added(told, tuple(skipped))
    finally:
        files.remove(aside)


def add_dataset(other: Path, folder: Path) -> Added:
    """Add all images of another data set: to classes of the same name, or as new classes.

    Args:
        other: Where the other one lies.
        folder: Where the one that grows lies.

    Raises:
        UserError: One of them is gone, or together they would hold too many images.
    """
    more = store.load(other)

    def add(dataset: Dataset) -> tuple[Dataset, Told]:
        preparation = _grown(folder, dataset, more.preparation)
        after = replace(changes.add_all(dataset, more), preparation=preparation)
        return after, lambda new: several(
            "{count} picture added from “{name}”",
            "{count} pictures added from “{name}”",
            new,
            name=more.name,
        )

    told = _kept(folder, add, len(more.records), other)
    now = store.load(folder)
    if now.preparation != more.preparation:  # their thumbnails came with them
        came = {record.digest for record in more.records}
        image_files.draw_again(
            folder,
            [record for record in now.records if record.digest in came],
            now.preparation,
            image_files.thumbnails(folder),
            lambda *_: None,
        )
    return Added(told)


def _grown(folder: Path, before: Dataset, more: Preparation) -> Preparation:
    """How pictures are read after others have come; most often nothing is to be looked at."""
    if more in (USUAL, before.preparation):
        return before.preparation
    there = image_files.kinds(folder, before.records)
    return preparing.grown(before.preparation, there, more)


def read_otherwise(
    folder: Path, preparation: Preparation, report: Callable[[int, int], None]
) -> Added:
    """Read the pictures of a data set in another way from now on, as its next version.

    Args:
        folder: Where it lies.
        preparation: The other way.
        report: Told pictures done and in total; raise StopRequested in it to stop.

    Raises:
        UserError: The data set is gone.
    """
    before = store.load(folder)
    if before.preparation == preparation:
        return Added(say("Nothing has changed: these pictures are already read like this."))
    aside = image_files.thumbnails_aside(folder, preparation)
    try:
        image_files.draw_again(folder, before.records, preparation, aside, report)
    except BaseException:
        files.remove(aside)
        raise
    told = preparation.in_words() or say("Pictures are read as usual.")
    while True:
        with suppress(store.ChangedMeanwhile):
            store.keep(folder, replace(store.load(folder), preparation=preparation), told)
            return Added(told)


def _kept(
    folder: Path,
    change: Callable[[Dataset], tuple[Dataset, Told]],
    came: int,
    brought: Path,
) -> Sentence:
    """Make a new version with what came; once more where somebody else was faster."""
    while True:
        before = store.load(folder)
        after, told_of = change(before)
        refuse_many(after.name, len(after.records))
        new = len(after.records) - len(before.records)
        told = told_of(new)
        if after.records != before.records or after.classes != before.classes:
            try:
                store.keep(folder, after, told, brought)
            except store.ChangedMeanwhile:
                continue
        return _sentence(told, new, came - new)


def _sentence(told: Sentence, new: int, known: int) -> Sentence:
    there = several(
        "{count} picture was already there.", "{count} pictures were already there.", known
    )
    if not new and known:
        return joined([say("Nothing new."), there])
    done = say("{change}.", change=told)
    return joined([done, there]) if known else done


def called(dataset: Dataset, origin: str) -> str:
    """What a class is called now.

    Raises:
        UserError: It is gone.
    """
    try:
        return dataset.classes[dataset.origins.index(origin)]
    except ValueError:
        raise UserError(
            "The class “{origin}” is no longer there, so nothing was added. Choose another class.",
            origin=origin,
        ) from None


def _no_picture(skipped: list[Skipped]) -> UserError:
    if not skipped:
        return UserError("Expected pictures, but nothing came. Choose some pictures or a folder.")
    one = telling(skipped)
    example = say("“{file}”: {reason}", file=one.file, reason=one.reason)
    if len(skipped) == 1:
        return UserError(
            "This picture cannot be read. {example}.",
            example=example,
        )
    return UserError(
        "None of these {count} files is a readable picture. One is {example}.",
        count=len(skipped),
        example=example,
    )
