"""Where a run's images come from: an archive or folder read in place, or a stored data set."""

from collections.abc import Callable
from typing import Protocol

from core.data import dataset
from core.data.archive import Source
from core.data.dataset import Dataset, Decoded
from core.settings import SplitSettings


class ImageFeed(Protocol):
    """A data set that can be run through a network."""

    @property
    def count(self) -> int:
        """About how many images there are."""

    def read(
        self,
        wanted: Callable[[str], bool],
        each: Callable[[Decoded], None],
        at_least: int,
        report: Callable[[int, int], None],
    ) -> Dataset:
        """Decode at least the images that are wanted, and say what the data set is.

        Args:
            wanted: Whether the image of this digest is needed.
            each: Told every image decoded, from any thread.
            at_least: A decoded image's shorter side may be scaled down to this.
            report: Told images done and in total; what it raises ends the reading.
        """


class SourceFeed:
    """An archive or a folder: only decoding tells what is in it, so all of it is decoded."""

    def __init__(self, source: Source, split: SplitSettings | None) -> None:
        self._source = source
        self._split = split

    @property
    def count(self) -> int:
        return len(self._source.members)

    def read(
        self,
        wanted: Callable[[str], bool],
        each: Callable[[Decoded], None],
        at_least: int,
        report: Callable[[int, int], None],
    ) -> Dataset:
        return dataset.read(
            self._source, split=self._split, each=each, at_least=at_least, report=report
        )
