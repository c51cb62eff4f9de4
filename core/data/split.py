"""Which images a network never sees in training, so that its accuracy means something."""

import hashlib
from collections.abc import Mapping, Set

from core.data.natural import natural
from core.errors import UserError
from core.settings import SplitSettings


def choose_validation(classes: Mapping[str, Set[str]], settings: SplitSettings) -> set[str]:
    """Choose the digests for validation, class by class, in shares as equal as they can be.

    The order within a class is that of a hash of seed and digest: it owes nothing to file names,
    to the machine, or to the other images, so adding images moves few of those already there.
    An image that occurs in two classes is on one side all the same.

    Args:
        classes: Digests of the images of each class, at least 2 in each.
        settings: Share and seed.

    Returns:
        Digests; in each class at least one is in and at least one is not.

    Raises:
        UserError: A class cannot be divided: it has one image, or only copies from other classes.
    """
    chosen: set[str] = set()
    kept: set[str] = set()
    # Small classes first, so that one whose images all recur in a larger one has the choice.
    for name in sorted(classes, key=lambda name: (len(classes[name]), natural(name))):
        digests = classes[name]
        aim = min(max(1, int(len(digests) * settings.validation + 0.5)), len(digests) - 1)
        free = sorted(digests - chosen - kept, key=lambda digest: _order(settings.seed, digest))
        more = max(0, aim - len(digests & chosen))
        if not digests & kept:
            more = min(more, len(free) - 1)  # leave one to learn from
        chosen.update(free[: max(0, more)])
        kept.update(free[max(0, more) :])
        if not digests & chosen or not digests & kept:
            raise UserError(
                f"Expected at least 2 different images in “{name}” to divide between training and "
                "validation. It holds too few that are not also in another class; add some."
            )
    return chosen


def _order(seed: int, digest: str) -> bytes:
    return hashlib.sha256(f"{seed}:{digest}".encode()).digest()
