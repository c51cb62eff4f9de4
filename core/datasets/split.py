"""Which images a network never sees in training, so that its accuracy means something."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set

from core.errors import UserError
from core.intake.layouts.side_names import Split
from core.settings import SplitSettings
from core.shown import natural

_NONE: Mapping[str, str] = {}


def choose(
    classes: Mapping[str, Set[str]], settings: SplitSettings, groups: Mapping[str, str] = _NONE
) -> dict[str, Split]:
    """Divide images, class by class, in shares as equal as they can be.

    The order within a class is that of a hash of seed and digest: it owes nothing to file names,
    to the machine, or to the other images. An image that occurs in two classes is on one side all
    the same, and so are all images of a group.

    Args:
        classes: Digests of the images of each class, at least 2 in each.
        settings: Shares and seed.
        groups: The group of each image that belongs to one.

    Returns:
        The side of each digest. Each class has images in training and in validation; and in the
        test, where there is to be one and the class has a third image or group.

    Raises:
        UserError: A class cannot be divided: it has one image or one group, or only copies from
            other classes.
    """
    sides = _divided(classes, settings, groups, {})
    for name, digests in classes.items():
        if not {"train", "validation"} <= {sides[digest] for digest in digests}:
            raise _undivided(name, digests, groups)
    return sides


def extend(
    classes: Mapping[str, Set[str]],
    settings: SplitSettings,
    locked: Mapping[str, Split],
    groups: Mapping[str, str] = _NONE,
) -> dict[str, Split]:
    """Divide images that come to others, which stay where they are.

    A new image goes to where its copy is, or else its group. Of a class that has nothing yet, the
    first image or group is for training and the next one for validation.

    Args:
        classes: Digests of the images of each class, old and new.
        settings: Shares and seed.
        locked: The side of each old one.
        groups: The group of each image that belongs to one, old and new.

    Returns:
        The side of each new digest.
    """
    sides = _divided(classes, settings, groups, locked)
    return {digest: side for digest, side in sides.items() if digest not in locked}


def _divided(
    classes: Mapping[str, Set[str]],
    settings: SplitSettings,
    groups: Mapping[str, str],
    locked: Mapping[str, Split],
) -> dict[str, Split]:
    units: dict[str, list[str]] = defaultdict(list)  # of images that stay together
    for digest in sorted(set().union(*classes.values())):
        units[groups.get(digest, digest)].append(digest)
    sides = dict(locked)

    def put(unit: list[str], side: Split) -> None:
        for digest in unit:
            sides.setdefault(digest, side)

    for unit in units.values():
        known = Counter(sides[digest] for digest in unit if digest in sides)
        if known:
            put(unit, max(sorted(known), key=known.__getitem__))
    # Small classes first, so that one whose images all recur in a larger one has the choice.
    for name in sorted(classes, key=lambda name: (len(classes[name]), natural(name))):
        have = Counter(sides[digest] for digest in classes[name] if digest in sides)
        sizes = Counter(groups.get(d, d) for d in classes[name] if d not in sides)
        free = sorted(sizes, key=lambda unit: _order(settings.seed, units[unit][0]))
        for side, aim in _aims(len(classes[name]), have, settings).items():
            most = len(free) if have["train"] else len(free) - 1  # leave one to learn from
            empty = aim > 0 and not have[side]
            taken = _filling(free, sizes, aim - have[side], most, empty=empty)
            for group in taken:
                put(units[group], side)
            free = [group for group in free if group not in taken]
        for group in free:
            put(units[group], "train")
    return sides


def _aims(images: int, have: Counter[Split], settings: SplitSettings) -> dict[Split, int]:
    """How many images of a class are to be on the sides that are held back."""
    if not settings.test:
        images -= have["test"]  # they came with the data, beside what is divided
    others = 2 if settings.test and images > 2 else 1  # that want an image as well
    validation = min(max(1, int(images * settings.validation + 0.5)), images - others)
    test = min(max(1, int(images * settings.test + 0.5)), images - 1 - validation)
    return {"validation": validation, "test": test if settings.test else 0}


def _filling(
    units: Sequence[str], sizes: Mapping[str, int], room: int, most: int, *, empty: bool
) -> set[str]:
    """Units that fill a side as nearly as can be, and at least one where it is empty.

    Args:
        units: In the order in which to take them.
        sizes: How many images each has.
        room: How many images are wanted.
        most: How many units may be taken.
        empty: Whether there is nothing on that side yet.
    """
    taken: set[str] = set()
    for unit in units:
        if sizes[unit] <= room and len(taken) < most:
            taken.add(unit)
            room -= sizes[unit]
    rest = [unit for unit in units if unit not in taken]
    if rest and len(taken) < most:
        smallest = min(rest, key=sizes.__getitem__)
        if sizes[smallest] < 2 * room or (empty and not taken):
            taken.add(smallest)
    return taken


def _undivided(name: str, digests: Set[str], groups: Mapping[str, str]) -> UserError:
    if len(digests) > 1 and len({groups.get(digest, digest) for digest in digests}) == 1:
        return UserError(
            "Expected at least 2 groups of images in “{name}” to divide between training and "
            "validation, but all {count} belong together, as “{groups}”. Group them in "
            "another way, or not at all.",
            name=name,
            count=len(digests),
            groups=groups[min(digests)],
        )
    return UserError(
        "Expected at least 2 different images in “{name}” to divide between training and "
        "validation. It holds too few that are not also in another class; add some.",
        name=name,
    )


def _order(seed: int, digest: str) -> bytes:
    return hashlib.sha256(f"{seed}:{digest}".encode()).digest()
