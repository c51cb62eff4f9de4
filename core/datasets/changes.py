"""What people do to a data set: each change makes another one, the first stays as it was.

Images are named by `Record.file`, which is unique within a data set. An image keeps its side of the
split whatever happens to it, so that a network is never tested on what another learned from; only
where a class has lost all it had on one side does one image cross over, with its group if it has
one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import count

from core.datasets.dataset import Dataset, Record, Skipped
from core.datasets.grouping import groups_of
from core.datasets.split import choose, extend
from core.errors import UserError
from core.intake.layouts.side_names import Split
from core.saying import Sentence, joined, say, several
from core.settings import SplitSettings
from core.shown import natural
from core.storage import own_names

_NEEDED: tuple[Split, ...] = ("train", "validation")
_LAST_SKIPPED = 1000  # files that were left out, by name: those of long ago are of no use


def class_name(given: str) -> str:
    """A class's name as it is kept.

    Raises:
        UserError: It is empty, too long, or holds what cannot be seen.
    """
    return own_names.tidy(given)


def empty(name: str, classes: Sequence[str], divided: SplitSettings) -> Dataset:
    """A data set of named classes without images yet.

    Raises:
        UserError: A name is none, or there are two alike.
    """
    if len({each.casefold() for each in classes}) < len(classes):
        raise UserError("Two of these classes have the same name. Give them different names.")
    dataset = Dataset(name, (), (), (), split_came_with_data=False, divided=divided)
    for each in classes:
        dataset = add_class(dataset, each)
    return dataset


def add_class(dataset: Dataset, given: str) -> Dataset:
    """One more class, without images yet.

    Raises:
        UserError: The name is none, or there is such a class.
    """
    return _with_class(dataset, _unused(dataset, given))


def rename(dataset: Dataset, label: str, given: str) -> Dataset:
    """Another name for a class. Networks that know it need not learn again.

    Raises:
        UserError: There is no such class, the name is none, or another class has it.
    """
    _known(dataset, label)
    if class_name(given) == label:
        return dataset
    name = _unused(dataset, given, besides=label)
    pairs = [(name if old == label else old, origin) for old, origin in _pairs(dataset)]
    renamed = _with_classes(dataset, pairs)
    return _relabelled(renamed, [r for r in dataset.records if r.label == label], name)


def merge(dataset: Dataset, label: str, into: str) -> Dataset:
    """Two classes become one, under the second's name.

    Raises:
        UserError: There is no such class.
    """
    _known(dataset, into)
    moved = _relabelled(dataset, [r for r in dataset.records if r.label == label], into)
    return delete_class(moved, label) if label != into else dataset


def delete_class(dataset: Dataset, label: str) -> Dataset:
    """A class and its images are gone.

    Raises:
        UserError: There is no such class.
    """
    _known(dataset, label)
    records = tuple(record for record in dataset.records if record.label != label)
    left = _with_classes(dataset, [pair for pair in _pairs(dataset) if pair[0] != label])
    return settled(replace(left, records=records))


def remove(dataset: Dataset, files: Collection[str]) -> Dataset:
    """Some images are gone."""
    gone = set(files)
    kept = tuple(record for record in dataset.records if record.file not in gone)
    return settled(replace(dataset, records=kept))


def move(dataset: Dataset, files: Collection[str], label: str) -> Dataset:
    """Some images go to another class.

    Raises:
        UserError: There is no such class.
    """
    _known(dataset, label)
    chosen = set(files)
    return settled(_relabelled(dataset, [r for r in dataset.records if r.file in chosen], label))


def add(dataset: Dataset, records: Iterable[Record], skipped: Iterable[Skipped] = ()) -> Dataset:
    """More images, of classes that are there or new; a class's own copies are left out.

    Args:
        dataset: What there is.
        records: What comes; the sides that they are on play no part.
        skipped: What came and was left out.
    """
    same = {name.casefold(): name for name in dataset.classes} | {n: n for n in dataset.classes}
    records = [
        replace(each, label=same.get(each.label) or same.get(each.label.casefold()) or each.label)
        for each in records
    ]
    for label in sorted({record.label for record in records}, key=natural):
        if label not in dataset.classes:
            dataset = _with_class(dataset, label)
    there = {(record.label, record.digest) for record in dataset.records}
    taken = {record.file for record in dataset.records}
    added: list[Record] = []
    numbers: Counter[str] = Counter()
    for record in records:
        if (record.label, record.digest) in there:
            continue
        there.add((record.label, record.digest))
        file = record.file
        while file in taken:  # what it is called itself stays: groups go by it
            numbers[record.file] += 1
            file = f"{numbers[record.file] + 1}/{record.file}"
        taken.add(file)
        added.append(replace(record, file=file))
    locked = _sides(dataset.records)
    everything = [*dataset.records, *added]
    groups = groups_of(everything, dataset.divided.group_by, dataset.together)
    new = extend(_digests(everything), dataset.divided, locked, groups)
    added = [replace(each, split=(locked | new)[each.digest]) for each in added]
    return settled(
        replace(
            dataset,
            records=tuple(sorted([*dataset.records, *added], key=lambda each: natural(each.file))),
            skipped=(*dataset.skipped, *skipped)[-_LAST_SKIPPED:],
        )
    )


def add_all(dataset: Dataset, other: Dataset) -> Dataset:
    """Another data set's images and classes, also those that have no images yet."""
    grown = add(dataset, other.records)
    same = {name.casefold() for name in grown.classes}
    for label in other.classes:
        if label.casefold() not in same:
            grown = _with_class(grown, label)
    return grown


def gained(before: Dataset, after: Dataset) -> Sentence:
    """How each class changes: `cat 12 + 30, dog 25 (new)`."""
    changed = []
    for label, now in after.counts.items():
        had = before.counts.get(label)
        if had is None:
            changed.append(say("{name} {count} (new)", name=label, count=now))
        elif now > had:
            changed.append(say("{name} {had} + {more}", name=label, had=had, more=now - had))
    return joined(changed, ", ") if changed else say("nothing is new")


def since(before: Dataset, now: Dataset) -> Sentence | None:
    """What became of the pictures between two versions; None where the same ones are there.

    Names of classes play no part.
    """
    had, have = _origins_by_file(before), _origins_by_file(now)
    moved = sum(have[file] != origin for file, origin in had.items() if file in have)
    gone, new = len(had.keys() - have.keys()), len(have.keys() - had.keys())
    told = []
    if moved:
        told.append(
            several(
                "{count} picture moved to another class",
                "{count} pictures moved to another class",
                moved,
            )
        )
    if gone:
        told.append(several("{count} picture removed", "{count} pictures removed", gone))
    if new:
        told.append(several("{count} picture added", "{count} pictures added", new))
    return joined(told, ", ") if told else None


def _origins_by_file(dataset: Dataset) -> dict[str, str]:
    origins = dict(_pairs(dataset))
    return {record.file: origins[record.label] for record in dataset.records}


def divide(dataset: Dataset, settings: SplitSettings) -> Dataset:
    """All images divided anew, those that came as test or validation too.

    Args:
        dataset: Whose images.
        settings: Shares, seed and which images stay together.

    Raises:
        UserError: A class has too few images.
    """
    groups = groups_of(dataset.records, settings.group_by, dataset.together)
    sides = choose(_digests(dataset.records), settings, groups)
    records = tuple(replace(record, split=sides[record.digest]) for record in dataset.records)
    return replace(dataset, records=records, divided=settings, split_came_with_data=False)


def keep_together(dataset: Dataset, groups: Iterable[Collection[str]]) -> Dataset:
    """Images that are nearly alike go to one side of the split, the rest stay where they are.

    It is remembered for when the images are divided anew, or more come.

    Args:
        dataset: Whose images.
        groups: Files that belong together.
    """
    digests = {record.file: record.digest for record in dataset.records}
    kept = [tuple(digests[file] for file in files if file in digests) for files in groups]
    together = (*dataset.together, *filter(None, kept))
    groups = groups_of(dataset.records, dataset.divided.group_by, together)
    concerned = {groups[digest] for group in kept for digest in group}
    locked = {
        digest: side
        for digest, side in _sides(dataset.records).items()
        if groups.get(digest) not in concerned
    }
    new = extend(_digests(dataset.records), dataset.divided, locked, groups)
    return settled(replace(_sided(dataset, new), together=together))


def settled(dataset: Dataset) -> Dataset:
    """Every class that can has images to learn from and images to be checked by.

    Where it has not, an image crosses over from the side that has most, or the smallest group. No
    group is torn for it: a class that is one group is learned from, and checked by nothing.
    """
    sides, classes = _sides(dataset.records), _digests(dataset.records)
    lacking = [
        (digests, side)
        for digests in classes.values()
        for side in _NEEDED
        if len(digests) > 1 and side not in {sides[digest] for digest in digests}
    ]
    if not lacking:
        return dataset
    groups = groups_of(dataset.records, dataset.divided.group_by, dataset.together)
    members: dict[str, set[str]] = {}
    for digest in sides:
        members.setdefault(groups.get(digest, digest), set()).add(digest)
    moved: dict[str, Split] = {}
    for digests, side in lacking:
        have = Counter(sides[digest] for digest in digests)
        most = max(have, key=have.__getitem__)
        others = [each for each in classes.values() if each is not digests or side != "train"]
        units = {groups.get(d, d): None for d in sorted(digests) if sides[d] == most}
        smallest_first = sorted((members[unit] for unit in units), key=len)
        may = (each for each in smallest_first if most == "test" or _spares(each, others, sides))
        moved |= dict.fromkeys(next(may, ()), side)
        sides |= moved
    return _sided(dataset, moved)


def _spares(unit: set[str], classes: Iterable[set[str]], sides: dict[str, Split]) -> bool:
    """Whether every class that loses these images keeps others on the side where they are."""
    (side,) = {sides[digest] for digest in unit}
    return all(
        each.isdisjoint(unit) or any(sides[digest] == side for digest in each - unit)
        for each in classes
    )


def _sided(dataset: Dataset, sides: dict[str, Split]) -> Dataset:
    """Some images, by digest, on these sides.

    The others stay where they are, copies on both sides too where the data came so.
    """
    records = tuple(
        replace(record, split=sides.get(record.digest, record.split)) for record in dataset.records
    )
    return replace(dataset, records=records)


def _sides(records: Iterable[Record]) -> dict[str, Split]:
    return {record.digest: record.split for record in records}


def _digests(records: Iterable[Record]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in records:
        found.setdefault(record.label, set()).add(record.digest)
    return found


def _relabelled(dataset: Dataset, chosen: Iterable[Record], label: str) -> Dataset:
    files = {record.file for record in chosen}
    records = tuple(
        replace(record, label=label) if record.file in files else record
        for record in dataset.records
    )
    return replace(dataset, records=records)


def _pairs(dataset: Dataset) -> list[tuple[str, str]]:
    """Each class with its origin."""
    return list(zip(dataset.classes, dataset.origins, strict=True))


def _with_class(dataset: Dataset, name: str) -> Dataset:
    origin = next(each for each in _numbered(name) if each not in dataset.origins)
    return _with_classes(dataset, [*_pairs(dataset), (name, origin)])


def _with_classes(dataset: Dataset, pairs: Iterable[tuple[str, str]]) -> Dataset:
    """The data set with these classes and their origins, in natural order."""
    ordered = sorted(pairs, key=lambda pair: natural(pair[0]))
    return replace(
        dataset,
        classes=tuple(name for name, _ in ordered),
        origins=tuple(origin for _, origin in ordered),
    )


def _unused(dataset: Dataset, given: str, besides: str | None = None) -> str:
    name = class_name(given)
    for other in dataset.classes:
        if other != besides and other.casefold() == name.casefold():
            raise UserError(
                "There is a class “{other}” already. Choose another name, or merge the two.",
                other=other,
            )
    return name


def _known(dataset: Dataset, label: str) -> None:
    if label not in dataset.classes:
        raise UserError(
            "There is no class “{label}” any more. Reload the page.",
            label=label,
        )


def _numbered(name: str) -> Iterable[str]:
    yield name
    yield from (f"{name} {number}" for number in count(2))
