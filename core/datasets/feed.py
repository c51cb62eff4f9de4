"""Where a run's images come from: an archive or folder read in place, or a stored data set."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from core.datasets import image_files, reading, store
from core.datasets.dataset import (
    Dataset,
    Decoded,
    Record,
    Skipped,
)
from core.errors import UserError
from core.intake.archives.archive import Source, UnreadableMember
from core.intake.parallel import in_order, threads_for_pictures
from core.intake.pictures import images, preparing
from core.intake.pictures.decoders import UnreadableImage
from core.intake.pictures.preparation import Preparation
from core.intake.pictures.preparing import NOTHING, Chosen
from core.settings import SplitSettings

Lost = Callable[[Record, UserError | UnreadableImage], None]


def fail(record: Record, error: UserError | UnreadableImage) -> None:
    """What a training does where an image can't be read any more.

    Raises:
        UserError: It says which.
    """
    if isinstance(error, UserError):
        raise error
    # It could be read before, so something else has changed.
    raise UserError(
        "The image “{file}” is {reason}. Import it again.", file=record.file, reason=error.said
    ) from error


class ImageFeed(Protocol):
    """A data set that can be run through a network."""

    @property
    def count(self) -> int:
        """About how many images there are."""

    def digests(self) -> set[str] | None:
        """Of all images; None where only reading them will tell."""

    def may_train(self) -> set[str] | None:
        """Digests of the images to learn from; None where only reading them all will tell."""

    def preparation(self, report: Callable[[int, int], None]) -> Preparation:
        """How its images are read.

        Args:
            report: As for `read`: finding out may take a look at them.
        """

    def read(
        self,
        wanted: Callable[[str], bool],
        each: Callable[[Decoded], None],
        at_least: int,
        report: Callable[[int, int], None],
        lost: Lost = fail,
    ) -> Dataset:
        """Decode at least the images that are wanted, and say what the data set is.

        Args:
            wanted: Whether the image of this digest is needed.
            each: Told every image decoded, from any thread.
            at_least: A decoded image's shorter side may be scaled down to this.
            report: Told images done and in total; what it raises ends the reading.
            lost: Told every image that could be read before and no longer can, from any thread.
        """


class SourceFeed:
    """An archive or a folder: only decoding tells what is in it, so at first all is decoded."""

    def __init__(
        self, source: Source, split: SplitSettings | None, chosen: Chosen = NOTHING
    ) -> None:
        """
        Args:
            source: The archive or folder.
            split: As for `reading.read`.
            chosen: What somebody says of how its images are read.
        """
        self._source = source
        self._split = split
        self._chosen = chosen
        self._preparation: Preparation | None = None
        self._dataset: Dataset | None = None

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What was left out when it was read."""
        return self._dataset.skipped if self._dataset else ()

    @property
    def count(self) -> int:
        return len(self._source.members)

    def digests(self) -> set[str] | None:
        return None

    def may_train(self) -> set[str] | None:
        return None

    def preparation(self, report: Callable[[int, int], None]) -> Preparation:
        if self._preparation is None:
            self._preparation = preparing.of_source(self._source, report, self._chosen)
        return self._preparation

    def read(
        self,
        wanted: Callable[[str], bool],
        each: Callable[[Decoded], None],
        at_least: int,
        report: Callable[[int, int], None],
        lost: Lost = fail,
    ) -> Dataset:
        if self._dataset is not None:
            read_bytes = self._reader()
            return _read_again(self._dataset, read_bytes, wanted, each, at_least, report, lost)
        self._dataset = reading.read(
            self._source,
            split=self._split,
            each=each,
            at_least=at_least,
            report=report,
            preparation=self.preparation(report),
        )
        return self._dataset

    def _reader(self) -> image_files.ReadBytes:
        members = {member.name: member for member in self._source.members}

        def read_bytes(record: Record) -> bytes:
            try:
                return image_files.unchanged(self._source.read(members[record.file]), record)
            except UnreadableMember as error:
                raise UserError(
                    "The image “{file}” is {reason}. Try again.",
                    file=record.file,
                    reason=error.said,
                ) from error

        return read_bytes


class StoredFeed:
    """A data set that the app keeps: its manifest is known, only what is wanted is decoded."""

    def __init__(self, folder: Path, version: int | None = None) -> None:
        """
        Args:
            folder: Where it lies.
            version: Which version of it; None for the one at hand.

        Raises:
            UserError: It is gone or damaged.
        """
        self._dataset = store.load(folder, version)
        self._read_bytes = image_files.reader(folder)

    @property
    def count(self) -> int:
        return len(self._dataset.records)

    def digests(self) -> set[str] | None:
        return {record.digest for record in self._dataset.records}

    def may_train(self) -> set[str] | None:
        return {record.digest for record in self._dataset.of("train")}

    def preparation(self, report: Callable[[int, int], None]) -> Preparation:
        return self._dataset.preparation

    def read(
        self,
        wanted: Callable[[str], bool],
        each: Callable[[Decoded], None],
        at_least: int,
        report: Callable[[int, int], None],
        lost: Lost = fail,
    ) -> Dataset:
        read_bytes = self._read_bytes
        return _read_again(self._dataset, read_bytes, wanted, each, at_least, report, lost)


def _read_again(
    dataset: Dataset,
    read_bytes: image_files.ReadBytes,
    wanted: Callable[[str], bool],
    each: Callable[[Decoded], None],
    at_least: int,
    report: Callable[[int, int], None],
    lost: Lost,
) -> Dataset:
    """Decode what is wanted of a data set that is known, as for `ImageFeed.read`."""
    records = {record.digest: record for record in dataset.records}
    chosen = [record for digest, record in records.items() if wanted(digest)]

    def decode(record: Record) -> None:
        try:
            data = read_bytes(record)
            picture = images.decode(data, at_least, dataset.preparation)
        except (UserError, UnreadableImage) as error:
            lost(record, error)
            return
        each(Decoded(record.file, record.digest, record.label, data, picture))

    report(0, len(chosen))
    with closing(in_order(decode, chosen, threads_for_pictures())) as decoded:
        for done, _ in enumerate(decoded, 1):
            report(done, len(chosen))
    return dataset
