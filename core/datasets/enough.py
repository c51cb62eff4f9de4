"""Whether there are enough classes and images to learn from, and what to do where there are not."""

from collections import Counter
from collections.abc import Sequence

from core.datasets.dataset import Dataset, Record, Skipped
from core.errors import UserError
from core.intake.archives import litter
from core.intake.layouts import layout
from core.intake.layouts.labelling import ALONE
from core.saying import Sentence, joined, say, several


def check(dataset: Dataset) -> None:
    """See that there is enough to learn from, after whatever was taken out.

    Raises:
        UserError: There are fewer than 2 different images in a class, or fewer than 15 in the only
            one.
    """
    if not dataset.records:
        raise UserError("There are no pictures yet. Add some of each class first.")
    if len(dataset.classes) < 2:
        _check_alone(dataset.classes[0], dataset.records)
        return
    few = _classes_below(2, dataset.classes, list(dataset.records))
    if few:
        raise UserError(
            "Expected at least 2 different pictures in every class, but there are fewer in "
            "{few}. Add pictures there, or delete the class.",
            few=_listed(few),
        )


def _check_alone(name: str, records: Sequence[Record]) -> None:
    """See that there are enough pictures of a single class, to tell it from anything else."""
    count = len({record.digest for record in records})
    if count < ALONE:
        raise UserError(
            several(
                "Expected at least 2 classes to tell apart, but there is only “{name}”, with "
                "{count} different picture. Create another class and add pictures to it; or add "
                "pictures of “{name}” until there are {least}, to tell it from anything else.",
                "Expected at least 2 classes to tell apart, but there is only “{name}”, with "
                "{count} different pictures. Create another class and add pictures to it; or add "
                "pictures of “{name}” until there are {least}, to tell it from anything else.",
                count,
                name=name,
                least=ALONE,
            )
        )


def check_read(
    classes: tuple[str, ...],
    records: list[Record],
    skipped: list[Skipped],
    *,
    one_class: bool = False,
) -> None:
    """The same of what was just read, from an archive that can be mended and brought again.

    Args:
        classes: Those that were found.
        records: Their pictures.
        skipped: What was left out.
        one_class: Whether a single class is what somebody wants.

    Raises:
        UserError: As `check`, or there is one class where two or more were expected.
    """
    if one_class and len(classes) == 1:
        _check_alone(classes[0], records)
        return
    if len(classes) < 2:
        raise no_classes(skipped, classes)
    few = _classes_below(2, classes, records)
    if few:
        raise UserError(
            joined(
                [
                    say(
                        "Expected at least 2 different readable pictures in every class, but there "
                        "are fewer in {few}. Add pictures there or remove the folder.",
                        few=_listed(few),
                    ),
                    _told(skipped),
                ]
            )
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
        raise UserError(
            several(
                "Expected at least {count} picture of every class in the training folder, but "
                "fewer can be read of {few}. Add some, or leave the split to Thaw.",
                "Expected at least {count} different pictures of every class in the training "
                "folder, but fewer can be read of {few}. Add some, or leave the split to Thaw.",
                at_least,
                few=_listed(few),
            )
        )


def _classes_below(number: int, classes: tuple[str, ...], records: list[Record]) -> list[str]:
    """Classes with fewer different images, each with how many it has."""
    different: dict[str, set[str]] = {name: set() for name in classes}
    for record in records:
        different[record.label].add(record.digest)
    return [f"“{name}” ({len(it)})" for name, it in different.items() if len(it) < number]


def no_classes(skipped: list[Skipped], classes: tuple[str, ...] = ()) -> UserError:
    """The error for a source without class folders."""
    expected = (
        say(
            "Expected a folder of pictures for each of at least 2 classes, as in daisy/1.jpg and "
            "rose/1.jpg, but only one was found, “{name}”.",
            name=classes[0],
        )
        if classes
        else say(
            "Expected a folder of pictures for each of at least 2 classes, as in daisy/1.jpg and "
            "rose/1.jpg, but none with pictures was found."
        )
    )
    what = say("Put the pictures of each class in a folder named after it.")
    return UserError(joined([expected, what, _told(skipped)]))


def _told(skipped: list[Skipped]) -> Sentence:
    if not skipped:
        return say("")
    one = telling(skipped)
    return several(
        "({count} file was left out: “{file}”, {reason}.)",
        "({count} files were left out, among them “{file}”, {reason}.)",
        len(skipped),
        file=one.file,
        reason=one.reason,
    )


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


def _listed(names: list[str]) -> list[str]:
    more = [say("{count} more", count=len(names) - 5)] if len(names) > 5 else []
    return [*names[:5], *more]
