"""Copies: one picture in two classes, in two parts of the split, or there twice."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record
from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)
from core.doctor.findings import duplicates
from core.doctor.findings.duplicates import Neighbours
from core.doctor.looking import Report, Sight
from core.intake.layouts.side_names import Split
from core.saying import Sentence, joined, later, say, several

_MANY = 10  # pictures of a group that may be what a class is like
_CHECKED: dict[Split, Sentence] = {
    "validation": later(
        "{seen} of the {checked} validation pictures are such copies. A quick classifier gets "
        "{all:.1%} of all validation pictures right, but only {others:.1%} without these."
    ),
    "test": later(
        "{seen} of the {checked} test pictures are such copies. A quick classifier gets {all:.1%} "
        "of all test pictures right, but only {others:.1%} without these."
    ),
}


def findings(
    sight: Sight, neighbours: Neighbours, spoken_for: Collection[str], report: Report
) -> Iterator[Finding]:
    """Findings about pictures that are there more than once.

    Args:
        sight: The look at the data set.
        neighbours: Of its images.
        spoken_for: Files with nothing on them: all of these are alike.
        report: Told pairs compared and in total.
    """
    of_digest: dict[str, list[Record]] = {}
    for record in sight.dataset.records:
        if record.file not in spoken_for:
            of_digest.setdefault(record.digest, []).append(record)
    alike = [
        group
        for found in duplicates.near(sight, neighbours, report)
        if len(group := [digest for digest in found if digest in of_digest]) > 1
    ]
    grouped = {digest for group in alike for digest in group}
    groups = [[record for digest in group for record in of_digest[digest]] for group in alike]
    groups += [same for digest, same in of_digest.items() if digest not in grouped]
    two_classes = [group for group in groups if len({record.label for record in group}) > 1]
    one_class = [group for group in groups if len({record.label for record in group}) == 1]
    count = Counter(record.label for same in of_digest.values() for record in same)
    # Drawings of one thing may be so alike that most of a class is one group: no copies then.
    by_nature = [
        group for group in one_class
        if len(group) >= _MANY and len(group) > count[group[0].label] / 2
    ]  # fmt: skip
    both_sides = [
        group for group in one_class if _is_learned_and_checked(group) and group not in by_nature
    ]
    if two_classes:
        yield Finding(
            Problem.TWO_CLASSES,
            serious=True,
            title=several(
                "{count} picture is in two classes at once",
                "{count} pictures are in two classes at once",
                len(two_classes),
            ),
            sentence=say(
                "The same picture, or nearly the same, is in two different classes, so a network "
                "cannot get both right. Choose the right class: the copies in the others are "
                "removed."
            ),
            cases=tuple(_in_two_classes(group) for group in two_classes),
        )
    if both_sides:
        yield Finding(
            Problem.BOTH_SIDES,
            serious=True,
            title=several(
                "{count} picture is in both training and validation",
                "{count} pictures are in both training and validation",
                len(both_sides),
            ),
            sentence=joined(
                [
                    say(
                        "A network has to be checked on pictures that it has never seen. It trains "
                        "on a copy or near copy of these, so its accuracy looks too good (leakage)."
                    ),
                    _flattered(sight, both_sides),
                ]
            ),
            cases=tuple(_on_both_sides(group) for group in both_sides),
        )
    exact = duplicates.exact(record for same in of_digest.values() for record in same)
    if exact:
        yield Finding(
            Problem.EXACT_COPY,
            serious=False,
            title=several(
                "{count} picture is there more than once (same file)",
                "{count} pictures are there more than once (same file)",
                len(exact),
            ),
            sentence=say(
                "A copy teaches nothing new and makes its picture count twice. Keep one of each."
            ),
            cases=tuple(_twice(group, say("same file")) for group in exact),
        )
    near = [
        group
        for group in one_class
        if group not in both_sides and len({record.digest for record in group}) > 1
    ]
    if near:
        yield Finding(
            Problem.NEAR_COPY,
            serious=False,
            title=several(
                "{count} picture is there more than once (nearly the same)",
                "{count} pictures are there more than once (nearly the same)",
                len(near),
            ),
            sentence=say(
                "Saved again, resized, slightly cropped, or taken in quick succession. This does "
                "no harm as long as they stay in the same part of the split, but different "
                "pictures teach more."
            ),
            cases=tuple(
                Case(_files(group), say("similar, like most of this class"))
                if group in by_nature
                else _twice(_different(group), say("nearly the same picture"))
                for group in near
            ),
        )


def _is_learned_and_checked(group: Sequence[Record]) -> bool:
    sides = {record.split for record in group}
    return "train" in sides and len(sides) > 1


def _in_two_classes(group: Sequence[Record]) -> Case:
    labels = sorted({record.label for record in group})
    fixes = tuple(
        Fix(
            Action.REMOVE,
            tuple(record.file for record in group if record.label != label),
            say("It is {name}", name=label),
        )
        for label in labels
    )
    return Case(_files(group), say("in {classes}", classes=labels), fixes)


def _on_both_sides(group: Sequence[Record]) -> Case:
    together = Fix(Action.TOGETHER, _files(group), say("Keep them in the same part"))
    return Case(_files(group), say("in training and validation"), (together, _keep_one(group)))


def _twice(group: Sequence[Record], told: str) -> Case:
    return Case(_files(group), told, (_keep_one(group),))


def _different(group: Sequence[Record]) -> list[Record]:
    """One record of each file; the others are the matter of another finding."""
    first: dict[str, Record] = {}
    for record in group:
        first.setdefault(record.digest, record)
    return list(first.values())


def _keep_one(group: Sequence[Record]) -> Fix:
    """The one with most pixels stays."""
    best = max(group, key=lambda record: (record.width * record.height, record.bytes))
    files = tuple(record.file for record in group if record is not best)
    return Fix(Action.REMOVE, files, say("Keep one"))


def _flattered(sight: Sight, groups: Sequence[Sequence[Record]]) -> Sentence:
    """By how much, measured with a quick classifier on frozen features."""
    from sklearn.linear_model import RidgeClassifier

    learned = _rows(sight, {record.digest for record in sight.dataset.of("train")})
    if len(set(sight.labels[learned])) < 2:
        return say("")
    network = RidgeClassifier(class_weight="balanced")
    network.fit(sight.features[learned], sight.labels[learned])
    right = network.predict(sight.features) == sight.labels
    told = []
    for side, called in _CHECKED.items():
        repeated = {each.digest for group in groups for each in group if each.split == side}
        checked = _rows(sight, {record.digest for record in sight.dataset.of(side)})
        seen = checked & _rows(sight, repeated)
        if seen.any() and (checked & ~seen).any():
            told.append(
                say(
                    called,
                    seen=int(seen.sum()),
                    checked=int(checked.sum()),
                    all=float(right[checked].mean()),
                    others=float(right[checked & ~seen].mean()),
                )
            )
    return joined(told)


def _rows(sight: Sight, digests: set[str]) -> npt.NDArray[np.bool_]:
    return np.array([digest in digests for digest in sight.digests])


def _files(group: Sequence[Record]) -> tuple[str, ...]:
    return tuple(record.file for record in group)
