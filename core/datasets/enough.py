"""Whether there are enough classes and images to learn from, and what to do where there are not."""

from collections import Counter
from collections.abc import Sequence

from core.datasets.dataset import Dataset, Record, Skipped
from core.errors import UserError
from core.intake.archives import litter
from core.intake.layouts import layout


def check(dataset: Dataset) -> None:
    """See that there is enough to learn from, after whatever was taken out.

    Raises:
        UserError: There are fewer than 2 classes, or fewer than 2 different images in one.
    """
    if not dataset.records:
        raise UserError("There are no images yet. Bring some of each class first.")
    if len(dataset.classes) < 2:
        raise UserError(
            f"Expected at least 2 classes to tell apart, but there is only “{dataset.classes[0]}”. "
            "Make another class and give it images."
        )
    few = _classes_below(2, dataset.classes, list(dataset.records))
    if few:
        raise UserError(
            f"Expected at least 2 different images in every class, but there are fewer in "
            f"{_listed(few)}. Add images there, or delete the class."
        )


def check_read(classes: tuple[str, ...], records: list[Record], skipped: list[Skipped]) -> None:
    """The same of what was just read, from an archive that can be mended and brought again.

    Raises:
        UserError: As `check`.
    """
    if len(classes) < 2:
        raise no_classes(skipped, classes)
    few = _classes_below(2, classes, records)
    if few:
        raise UserError(
            f"Expected at least 2 different readable images in every class, but there are fewer in "
            f"{_listed(few)}. Add images there or take the folder out.{_told(skipped)}"
        )


def check_train(classes: tuple[str, ...], records: list[Record], at_least: int) -> None:
    """See that there is enough in the training folder of an archive that has one.

    Args:
        classes: All of them.
        records: Of all sides.
        at_least: How many different images of each class; one is not enough where the validation
            side is taken out of them.

    Raises:
        UserError: There are fewer.
    """
    few = _classes_below(at_least, classes, [one for one in records if one.split == "train"])
    if few:
        wanted = "images" if at_least == 1 else f"at least {at_least} different images"
        raise UserError(
            f"Expected {wanted} of every class in the training folder, but fewer can be read of "
            f"{_listed(few)}. Add some, or leave the split to Thaw."
        )


def _classes_below(number: int, classes: tuple[str, ...], records: list[Record]) -> list[str]:
    """Classes with fewer different images, each with how many it has."""
    different: dict[str, set[str]] = {name: set() for name in classes}
    for record in records:
        different[record.label].add(record.digest)
    return [f"“{name}” ({len(it)})" for name, it in different.items() if len(it) < number]


def no_classes(skipped: list[Skipped], classes: tuple[str, ...] = ()) -> UserError:
    """The error for a source without class folders."""
    found = f"only one was found, “{classes[0]}”" if classes else "none with images was found"
    return UserError(
        f"Expected a folder of images for each of at least 2 classes, as in daisy/1.jpg and "
        f"rose/1.jpg, but {found}. Put the images of each class in a folder named after it."
        f"{_told(skipped)}"
    )


def _told(skipped: list[Skipped]) -> str:
    if not skipped:
        return ""
    one = telling(skipped)
    example = f"“{one.file}”, {one.reason}"
    if len(skipped) == 1:
        return f" (1 file was left out: {example}.)"
    return f" ({len(skipped):,} files were left out, among them {example}.)"


def telling(skipped: Sequence[Skipped]) -> Skipped:
    """The file that says most of why too little could be read; there is at least one.

    That is an archive inside the archive, then what most files were left out for; what systems
    leave behind and files beside the class folders, such as a table, say least.
    """
    often = Counter(one.reason for one in skipped)

    def rank(one: Skipped) -> tuple[int, int]:
        if one.reason == layout.NESTED:
            return 0, 0
        if litter.is_reason(one.reason):
            return 3, -often[one.reason]
        return 2 if one.reason == layout.NO_IMAGE else 1, -often[one.reason]

    return min(skipped, key=rank)


def _listed(names: list[str]) -> str:
    shown = names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
