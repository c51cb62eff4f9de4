"""A whole check-up: one look at every image, all that follows from it, in order of importance."""

from collections.abc import Callable, Iterable
from pathlib import Path

from core.data.archive import Source
from core.data.dataset import Dataset
from core.results.doctor import (
    atlas,
    balance,
    copies,
    duplicates,
    guessing,
    labels,
    looking,
    outliers,
    pixels,
    shortcuts,
)
from core.results.doctor.finding import Checkup, Finding, Kind, Point
from core.results.doctor.looking import Report, Sight
from core.settings import SplitSettings

LOOKING, COMPARING = "looking", "comparing"  # the stages

Reports = Callable[[str], Report]  # of each stage
_STEPS = 5
_GUESSES = 20_000_000  # of each image for each class; they are there some seven times, as doubles
_ORDER = list(Kind)


def of_stored(folder: Path, reports: Reports) -> Checkup:
    """Check a data set that the app keeps.

    Args:
        folder: Of the data set.
        reports: Makes what is told how far a stage has come; may raise to end the check-up.

    Raises:
        UserError: The data set is gone or damaged, or none of its images can be read.
    """
    return _of(looking.at_stored(folder, reports(LOOKING)), reports(COMPARING))


def of_source(source: Source, split: SplitSettings, reports: Reports) -> tuple[Dataset, Checkup]:
    """Check an archive or a folder of class folders, as `of_stored` does.

    Args:
        source: It.
        split: How it would be divided.
        reports: As for `of_stored`.

    Returns:
        What is in it, and what the matter is.

    Raises:
        UserError: As `reading.read`.
    """
    sight = looking.at_source(source, split, reports(LOOKING))
    return sight.dataset, _of(sight, reports(COMPARING))


def _of(sight: Sight, report: Report) -> Checkup:
    found = [*pixels.findings(sight), *balance.findings(sight.dataset)]
    report(0, _STEPS)
    neighbours = duplicates.neighbours(sight)
    report(1, _STEPS)
    blank = _files(found, Kind.BLANK)
    found += copies.findings(sight, neighbours, blank)
    found += outliers.findings(sight, neighbours, blank)
    report(2, _STEPS)
    classes = len(sight.dataset.classes)
    if classes * len(sight.records) <= _GUESSES:
        guesses = guessing.leave_one_out(sight.features, sight.labels, classes)
        found += labels.findings(sight, guesses, _files(found, Kind.BLANK, Kind.TWO_CLASSES))
        report(3, _STEPS)
        found += shortcuts.findings(sight)
    report(4, _STEPS)
    points = tuple(
        Point(record.file, round(float(x), 4), round(float(y), 4))
        for record, (x, y) in zip(sight.records, atlas.laid_out(sight), strict=True)
    )
    report(5, _STEPS)
    found.sort(key=lambda finding: (not finding.serious, _ORDER.index(finding.kind)))
    named = _files(found, *Kind)
    digests = {each.file: each.digest for each in sight.dataset.records if each.file in named}
    return Checkup(sight.dataset.version, len(sight.dataset.records), tuple(found), points, digests)


def _files(found: Iterable[Finding], *kinds: Kind) -> set[str]:
    """All files that some kinds of finding have to do with."""
    return {
        file
        for finding in found
        if finding.kind in kinds
        for case in finding.cases
        for file in case.files
    }
