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
from core.saying import say, several

FEW = 10  # images of a class: below, its accuracy is a matter of one or two
UNEVEN = 4  # times as many in the largest class as in the smallest
_SHOWN = 6


def findings(dataset: Dataset) -> Iterator[Finding]:
    """Findings about the sizes of classes."""
    counts, files = dataset.counts, _files(dataset)
    few = sorted((label for label in counts if counts[label] < FEW), key=counts.__getitem__)
    if few:
        yield Finding(
            Problem.SMALL_CLASS,
            serious=True,
            title=several(
                "{count} class has fewer than {few} pictures",
                "{count} classes have fewer than {few} pictures",
                len(few),
                few=FEW,
            ),
            sentence=say(
                "So few pictures show neither what they have in common nor how well the class was "
                "learned. Add more: {few} are a start, 50 are good.",
                few=FEW,
            ),
            cases=tuple(_too_small(label, files[label], len(counts)) for label in few),
        )
    if not counts:
        return
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[most] >= UNEVEN * max(counts[least], 1):
        yield Finding(
            Problem.IMBALANCE,
            serious=False,
            title=say("Some classes have many more pictures than others"),
            sentence=say(
                "“{large}” has {most}, “{small}” has {least}. A network prefers the classes that "
                "it has seen most. Add pictures to the small classes, or let rare classes count as "
                "much as frequent ones in training (class weights).",
                large=most,
                most=counts[most],
                small=least,
                least=counts[least],
            ),
            cases=(_case(least, files[least]), _case(most, files[most])),
        )


def _too_small(label: str, files: list[str], classes: int) -> Case:
    fixes = [Fix(Action.BRING, (), say("Add pictures of {name}", name=label), label)]
    if classes > 2:  # fewer are nothing to tell apart
        fixes.append(
            Fix(Action.DELETE_CLASS, tuple(files), say("Leave out {name}", name=label), label)
        )
    return replace(_case(label, files), fixes=tuple(fixes))


def _case(label: str, files: list[str]) -> Case:
    return Case(tuple(files[:_SHOWN]), say("{name}: {count}", name=label, count=len(files)))


def _files(dataset: Dataset) -> dict[str, list[str]]:
    """The files of each class."""
    found: dict[str, list[str]] = {label: [] for label in dataset.classes}
    for record in dataset.records:
        found[record.label].append(record.file)
    return found
