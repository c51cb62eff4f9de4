"""A whole check-up: one look at every image, all that follows from it, in order of importance."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Dataset
from core.datasets.feed import ImageFeed
from core.doctor import guessing, looking
from core.doctor.finding import (
    Checkup,
    Finding,
    Point,
    Problem,
    can_be_guessed,
)
from core.doctor.findings import (
    balance,
    copies,
    duplicates,
    labels,
    outliers,
    pixels,
    shortcuts,
    usual,
)
from core.doctor.looking import Report, Sight
from core.storage.job import Stage

_AXES = 50  # that the features are first reduced to
_CROWD = 30  # images that each is laid out among
_ITERATIONS = (125, 250)  # with all drawn together first, and then let go

Reports = Callable[[Stage], Report]  # of each stage
_STEPS, _SHARE = 5, 20  # of the comparing, and what each counts: a hundred in all
_ORDER = list(Problem)


def check(feed: ImageFeed, reports: Reports) -> tuple[Dataset, Checkup]:
    """Check a data set, whether the app keeps it or not.

    Args:
        feed: Its images.
        reports: Makes the callback for a stage's progress; it may raise to end the check-up.

    Returns:
        What is in it, and what was found.

    Raises:
        UserError: As `feed.read`, or none of its images can be read.
    """
    sight = looking.look(feed, reports(Stage.LOOKING))
    return sight.dataset, _of(sight, reports(Stage.COMPARING))


def _of(sight: Sight, report: Report) -> Checkup:
    def reached(step: int, done: int = 0, total: int = 1) -> None:
        report(_SHARE * step + _SHARE * done // total, _SHARE * _STEPS)

    found = [*pixels.findings(sight), *balance.findings(sight.dataset)]
    reached(0)
    neighbours = duplicates.neighbours(sight)
    reached(1)
    blank = _files(found, Problem.BLANK)
    found += copies.findings(sight, neighbours, blank, partial(reached, 1))
    found += outliers.findings(sight, neighbours, blank)
    reached(2)
    classes = len(sight.dataset.classes)
    if can_be_guessed(len(sight.records), classes):
        guesses = guessing.leave_one_out(sight.features, sight.labels, classes)
        found += labels.findings(sight, guesses, _files(found, Problem.BLANK, Problem.TWO_CLASSES))
        reached(3)
        found += shortcuts.findings(sight, _again(found))
    reached(4)
    points = tuple(
        Point(record.file, round(float(x), 4), round(float(y), 4))
        for record, (x, y) in zip(sight.records, map_of(sight), strict=True)
    )
    reached(5)
    found = [usual.judged(finding, sight.dataset) for finding in found]
    found.sort(key=lambda finding: (not finding.serious, _ORDER.index(finding.kind)))
    named = _files(found, *Problem)
    digests = {each.file: each.digest for each in sight.dataset.records if each.file in named}
    return Checkup(sight.dataset.version, len(sight.dataset.records), tuple(found), points, digests)


def _again(found: Iterable[Finding]) -> set[str]:
    """All files but one of each group that shows nearly the same."""
    alike = (each for each in found if each.kind in (Problem.NEAR_COPY, Problem.BOTH_SIDES))
    return {file for finding in alike for case in finding.cases for file in case.files[1:]}


def _files(found: Iterable[Finding], *kinds: Problem) -> set[str]:
    """All files that some kinds of finding have to do with."""
    return {
        file
        for finding in found
        if finding.kind in kinds
        for case in finding.cases
        for file in case.files
    }


def map_of(sight: Sight) -> npt.NDArray[np.float32]:
    """Places on a plane, [images, 2], in -1 to 1; the same each time."""
    from sklearn.decomposition import PCA

    count, numbers = sight.features.shape
    axes = PCA(min(_AXES, count, numbers), random_state=0, svd_solver="randomized")
    reduced = axes.fit_transform(sight.features)
    if count > 3 * _CROWD:
        from openTSNE import TSNE

        first, then = _ITERATIONS
        made = TSNE(
            perplexity=_CROWD,
            early_exaggeration_iter=first,
            n_iter=then,
            initialization="pca",
            neighbors="exact" if count < 1000 else "annoy",
            n_jobs=1,  # several wait for each other by turning in circles, and round differently
            random_state=0,
        )
        places = np.array(made.fit(reduced))
    else:  # so few lie well as they are
        places = np.pad(reduced, ((0, 0), (0, 2)))[:, :2]
    places = places - places.mean(axis=0)
    flat: npt.NDArray[np.float32] = (places / max(np.abs(places).max(), 1e-9)).astype(np.float32)
    return flat
