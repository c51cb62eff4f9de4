"""Classes that have too few images, or very many more than others."""

from collections.abc import Iterator
from dataclasses import replace

from core.datasets.dataset import Dataset
from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)

FEW = 10  # images of a class: below, its accuracy is a matter of one or two
UNEVEN = 4  # times as many in the largest class as in the smallest
_SHOWN = 6


def findings(dataset: Dataset) -> Iterator[Finding]:
    """What is the matter with the sizes of classes."""
    counts, files = dataset.counts, _files(dataset)
    few = sorted((label for label in counts if counts[label] < FEW), key=counts.__getitem__)
    if few:
        title = "1 class has" if len(few) == 1 else f"{len(few):,} classes have"
        yield Finding(
            Problem.SMALL_CLASS,
            serious=True,
            title=f"{title} fewer than {FEW} pictures",
            sentence="So few show neither what all of them have in common nor how well it was "
            f"learned. Bring more; {FEW} are a beginning, 50 are good.",
            cases=tuple(_too_small(label, files[label], len(counts)) for label in few),
        )
    if not counts:
        return
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[most] >= UNEVEN * max(counts[least], 1):
        yield Finding(
            Problem.IMBALANCE,
            serious=False,
            title="Some classes have many more pictures than others",
            sentence=f"“{most}” has {counts[most]:,}, “{least}” {counts[least]:,}. A network leans "
            "to what it has seen most. Bring more of the small ones, or have rare classes count "
            "as much as common ones when it learns.",
            cases=(_case(least, files[least]), _case(most, files[most])),
        )


def _too_small(label: str, files: list[str], classes: int) -> Case:
    fixes = [Fix(Action.BRING, (), f"Add pictures of {label}", label)]
    if classes > 2:  # fewer are nothing to tell apart
        fixes.append(Fix(Action.DELETE_CLASS, tuple(files), f"Do without {label}", label))
    return replace(_case(label, files), fixes=tuple(fixes))


def _case(label: str, files: list[str]) -> Case:
    return Case(tuple(files[:_SHOWN]), f"{label}: {len(files):,}")


def _files(dataset: Dataset) -> dict[str, list[str]]:
    """The files of each class."""
    found: dict[str, list[str]] = {label: [] for label in dataset.classes}
    for record in dataset.records:
        found[record.label].append(record.file)
    return found
