"""What people do to a data set: nothing is lost, and the split holds whatever they do."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from core.datasets import changes
from core.datasets.dataset import Dataset, Record, Skipped
from core.datasets.enough import check
from core.datasets.grouping import groups_of
from core.errors import UserError
from core.settings import Grouping, SplitSettings


def record(file: str, content: str | None = None) -> Record:
    digest = hashlib.sha256((content or file).encode()).hexdigest()
    return Record(file, file.split("/")[0], "train", digest, 9, 9, 99)


def images(label: str, count: int) -> list[Record]:
    return [record(f"{label}/{number}.png") for number in range(count)]


def dataset(*records: Record, divided: SplitSettings | None = None) -> Dataset:
    return changes.add(changes.empty("Mine", [], divided or SplitSettings()), records)


@pytest.fixture
def pets() -> Dataset:
    return dataset(*images("cat", 10), *images("dog", 10), *images("cow", 5))


def sides(made: Dataset) -> dict[str, str]:
    return {one.digest: one.split for one in made.records}


def files(made: Dataset, label: str) -> list[str]:
    return [one.file for one in made.records if one.label == label]


def test_what_is_added_is_divided_in_its_shares(pets: Dataset) -> None:
    assert pets.classes == ("cat", "cow", "dog")
    assert pets.counts == {"cat": 10, "cow": 5, "dog": 10}
    assert pets.split_counts == {"train": 20, "validation": 5, "test": 0}


def test_adding_never_moves_an_image_to_another_side(pets: Dataset) -> None:
    more = changes.add(pets, [record(f"{label}/new {n}.png") for label in pets.classes
                              for n in range(40)])  # fmt: skip
    assert sides(pets).items() <= sides(more).items()
    assert more.counts == {"cat": 50, "cow": 45, "dog": 50}
    assert more.split_counts["validation"] == pytest.approx(29, abs=2)


def test_an_image_that_is_there_already_does_not_come_twice(pets: Dataset) -> None:
    again = changes.add(pets, [record("cat/other name.png", "cat/1.png"), record("cat/1.png")])
    assert again == pets
    other_class = changes.add(pets, [record("dog/like a cat.png", "cat/1.png")])
    assert other_class.counts["dog"] == 11
    assert sides(other_class) == sides(pets)


def test_files_of_the_same_name_are_told_apart(pets: Dataset) -> None:
    more = changes.add(pets, [record("cat/1.png", "another"), record("cat/1.png", "and another")])
    assert {"cat/1.png", "2/cat/1.png", "3/cat/1.png"} <= set(files(more, "cat"))
    assert len({one.file for one in more.records}) == len(more.records)


def test_a_class_in_other_letters_is_the_same_class(pets: Dataset) -> None:
    more = changes.add(pets, [record("Cat/a.png"), record("bird/b.png"), record("bird/c.png")])
    assert more.classes == ("bird", "cat", "cow", "dog")
    assert more.counts["cat"] == 11


def test_groups_stay_together_when_more_of_them_comes() -> None:
    divided = SplitSettings(group_by=Grouping.NAME)
    bursts = [record(f"{label}/{who}_{n}.png") for label in ("happy", "sad")
              for who in ("tom", "ann", "kim", "lee", "max") for n in range(4)]  # fmt: skip
    made = dataset(*bursts, divided=divided)
    more = changes.add(made, [record(f"happy/{who}_{n}.png") for who in ("tom", "ann", "eve")
                              for n in range(10, 14)])  # fmt: skip
    where = defaultdict(set)
    for one in more.records:
        where[one.file.split("/")[1].split("_")[0]].add(one.split)
    assert all(len(each) == 1 for each in where.values())


def test_renaming_keeps_what_the_class_once_was(pets: Dataset) -> None:
    renamed = changes.rename(changes.rename(pets, "cat", "Tiger"), "Tiger", "  Wild   cat ")
    assert renamed.classes == ("cow", "dog", "Wild cat")
    assert renamed.origins == ("cow", "dog", "cat")
    assert len(files(renamed, "Wild cat")) == 10
    assert sides(renamed) == sides(pets)
    again = changes.add_class(renamed, "cat")
    assert len(set(again.origins)) == 4, "a new class is not taken for the one that was renamed"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\u0000b", "dog", "DOG"])
def test_a_name_that_cannot_be_is_refused(pets: Dataset, name: str) -> None:
    with pytest.raises(UserError):
        changes.rename(pets, "cat", name)
    with pytest.raises(UserError):
        changes.add_class(pets, name)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: changes.rename(made, "fish", "shark"),
        lambda made: changes.merge(made, "fish", "cat"),
        lambda made: changes.merge(made, "cat", "fish"),
        lambda made: changes.move(made, ["cat/1.png"], "fish"),
        lambda made: changes.delete_class(made, "fish"),
    ],
)
def test_a_class_that_is_not_there_is_said_to_be(
    pets: Dataset, change: Callable[[Dataset], Dataset]
) -> None:
    with pytest.raises(UserError, match="fish"):
        change(pets)


def test_merging(pets: Dataset) -> None:
    merged = changes.merge(pets, "cow", "cat")
    assert merged.counts == {"cat": 15, "dog": 10}
    assert merged.origins == ("cat", "dog")
    assert sides(merged) == sides(pets)
    assert changes.merge(pets, "cow", "cow") == pets


def test_what_is_removed_is_gone_and_the_rest_stays(pets: Dataset) -> None:
    left = changes.remove(pets, ["cat/1.png", "dog/2.png", "not/there.png"])
    assert left.counts == {"cat": 9, "cow": 5, "dog": 9}
    assert sides(left).items() <= sides(pets).items()
    assert changes.delete_class(pets, "cow").counts == {"cat": 10, "dog": 10}


def test_a_class_that_lost_one_side_gets_an_image_there(pets: Dataset) -> None:
    held = [one.file for one in pets.records if one.label == "cat" and one.split == "validation"]
    left = changes.remove(pets, held)
    assert {one.split for one in left.records if one.label == "cat"} == {"train", "validation"}
    moved = changes.move(pets, [f for f in files(pets, "cat") if f not in held], "dog")
    assert {one.split for one in moved.records if one.label == "cat"} == {"train", "validation"}


def test_dividing_anew(pets: Dataset) -> None:
    divided = SplitSettings(validation=0.4, test=0.2, seed=3)
    anew = changes.divide(pets, divided)
    assert anew.split_counts == {"train": 10, "validation": 10, "test": 5}
    assert anew.divided == divided


def test_near_copies_are_kept_on_one_side(pets: Dataset) -> None:
    train = next(one.file for one in pets.records if one.split == "train")
    held = next(one.file for one in pets.records if one.split == "validation")
    together = changes.keep_together(pets, [[train, held]])
    by_file = {one.file: one.split for one in together.records}
    assert by_file[train] == by_file[held]
    others = {one.file: one.split for one in pets.records if one.file not in (train, held)}
    assert others.items() <= by_file.items()


def test_what_is_kept_together_stays_so_when_all_is_divided_anew_and_more_comes(
    pets: Dataset,
) -> None:
    together = changes.keep_together(pets, [files(pets, "cat")[:4]])
    assert Dataset.from_dict(together.to_dict()) == together
    (group,) = together.together
    for seed in range(8):
        anew = changes.divide(together, SplitSettings(validation=0.4, seed=seed))
        assert len({one.split for one in anew.records if one.digest in group}) == 1
    gone = changes.remove(together, files(pets, "cat")[:1])
    (back,) = (one for one in pets.records if one.file == files(pets, "cat")[0])
    again = changes.add(gone, [back])
    assert len({one.split for one in again.records if one.digest in group}) == 1


def test_people_stay_together_however_classes_change() -> None:
    """What a file and its folder are called says who is on it, whatever its class is called now."""
    people = [
        replace(record(f"{mood}/{who}/{n}.png"), folder=who)
        for mood in ("happy", "sad")
        for who in ("ann", "bob", "cy", "dee", "eve")
        for n in range(4)
    ]
    classes = ("happy", "sad")
    by_folder = SplitSettings(validation=0.4, group_by=Grouping.FOLDER)
    dataset = changes.divide(Dataset("moods", classes, tuple(people), (), False), by_folder)
    renamed = changes.rename(dataset, "happy", "glad")
    for seed in range(4):
        anew = changes.divide(renamed, replace(by_folder, seed=seed))
        assert parted(anew, lambda one: one.folder) == set()


def test_files_of_the_same_name_are_of_the_same_person() -> None:
    by_name = SplitSettings(validation=0.4, group_by=Grouping.NAME)
    dataset = changes.empty("moods", ["happy", "sad"], by_name)
    for mood in ("happy", "sad"):
        for who in ("ann", "bob", "cy", "dee", "eve"):
            came = [
                replace(record(f"{who}_{n}.png", f"{mood} {who} {n}"), label=mood) for n in range(4)
            ]
            dataset = changes.add(dataset, came)
    assert len(dataset.records) == 40
    assert parted(dataset, lambda one: PurePosixPath(one.file).name[:2]) == set()


def test_a_group_crosses_over_as_a_whole(pets: Dataset) -> None:
    burst = files(pets, "cow")
    together = changes.keep_together(pets, [burst[:3]])
    checked = [one.file for one in together.records if one.split == "validation"]
    bereft = changes.remove(together, [file for file in checked if file not in burst[:3]])
    for found in (together, bereft):
        assert len({one.split for one in found.records if one.file in burst[:3]}) == 1
    for label in ("cat", "cow", "dog"):
        sides_of = {one.split for one in bereft.records if one.label == label}
        assert sides_of == {"train", "validation"}


def test_a_class_that_is_one_group_is_not_torn(pets: Dataset) -> None:
    one_group = changes.keep_together(pets, [files(pets, "cow")])
    assert {one.split for one in one_group.records if one.label == "cow"} == {"train"}


def test_what_is_kept_together_does_not_tear_other_groups() -> None:
    bursts = [record(f"{label}/{burst}_{n}.png") for label in ("a", "b")
              for burst in "klmnopqr" for n in range(3)]  # fmt: skip
    by_name = SplitSettings(validation=0.3, group_by=Grouping.NAME)
    dataset = changes.divide(Dataset("x", ("a", "b"), tuple(bursts), (), False), by_name)
    held = next(one.file for one in dataset.records if one.split == "validation")
    learned = next(one.file for one in dataset.records if one.split == "train")
    together = changes.keep_together(dataset, [[held, learned]])
    assert parted(together, lambda one: one.file.rpartition("_")[0][-1]) == set()


def parted(dataset: Dataset, group: Callable[[Record], str | None]) -> set[str | None]:
    """Groups that are on more than one side."""
    found: dict[str | None, set[str]] = {}
    for one in dataset.records:
        found.setdefault(group(one), set()).add(one.split)
    return {name for name, on in found.items() if len(on) > 1}


def test_a_copy_that_came_on_both_sides_leaves_the_test_side_whole(pets: Dataset) -> None:
    """Archives with such leaks are found by the check-up, not mended behind anybody's back."""
    leaked = [replace(one, file=f"test/{one.file}", split="test") for one in images("cat", 3)]
    came = replace(pets, records=(*leaked, *pets.records), split_came_with_data=True)
    for changed in (
        changes.remove(came, [files(pets, "dog")[0]]),
        changes.add(came, [record("dog/new.png")]),
        changes.move(came, [files(pets, "dog")[0]], "cow"),
        changes.keep_together(came, [files(pets, "dog")[:2]]),
    ):
        assert changed.split_counts["test"] == 3


def test_any_name_that_a_class_already_has_comes_from_another_data_set(pets: Dataset) -> None:
    odd = ["golden  retriever", "x" * 99, "bell\a"]
    other = replace(pets, classes=(*pets.classes, *odd), origins=(*pets.classes, *odd), records=())
    grown = changes.add_all(pets, other)
    assert set(odd) < set(grown.classes)
    records = [record(f"{name}/1.png") for name in odd]
    assert set(odd) < set(changes.add(grown, records).classes)


def test_files_that_were_left_out_long_ago_are_forgotten(pets: Dataset) -> None:
    for number in range(3):
        skipped = [Skipped(f"{number}/{n}.txt", "no image") for n in range(900)]
        pets = changes.add(pets, [], skipped)
    assert len(pets.skipped) == 1000
    assert pets.skipped[-1].file == "2/899.txt"


def test_too_little_to_learn_from_is_said(pets: Dataset) -> None:
    check(pets)
    for poor, told in [
        (changes.empty("Mine", ["a", "b"], SplitSettings()), "no pictures yet"),
        (changes.delete_class(changes.delete_class(pets, "cat"), "dog"), "only “cow”"),
        (changes.add_class(pets, "fish"), "“fish” \\(0\\)"),
    ]:
        with pytest.raises(UserError, match=told):
            check(poor)


@pytest.mark.parametrize("seed", range(40))
def test_the_split_holds_whatever_is_done(seed: int) -> None:
    rng = random.Random(seed)
    made = dataset(*images("a", rng.randint(2, 30)), *images("b", rng.randint(2, 9)))
    for step in range(25):
        made = any_change(made, rng, step)
        assert len({one.file for one in made.records}) == len(made.records)
        assert len(made.classes) == len(set(made.origins)) == len(made.origins)
        assert {one.label for one in made.records} <= set(made.classes)
        assert len(sides(made)) == len({(one.digest, one.split) for one in made.records})
        groups = groups_of(made.records, made.divided.group_by, made.together)
        assert parted(made, lambda one, groups=groups: groups.get(one.digest, one.digest)) == set()
        labels: dict[str, set[str]] = defaultdict(set)
        for one in made.records:
            labels[groups.get(one.digest, one.digest)].add(one.label)
        for label in made.classes:
            if [found for found in labels.values() if found == {label}][1:]:
                held = {one.split for one in made.records if one.label == label}
                assert {"train", "validation"} <= held


def any_change(made: Dataset, rng: random.Random, step: int) -> Dataset:
    label, other = rng.choice(made.classes), rng.choice(made.classes)
    some = rng.sample(files(made, label), rng.randint(0, len(files(made, label))))
    return rng.choice(
        [
            lambda: changes.add(made, [record(f"{label}/{step} {n}.png") for n in range(7)]),
            lambda: changes.add(made, copies(made, other, rng)),
            lambda: changes.add_class(made, f"class {step}"),
            lambda: changes.rename(made, label, f"renamed {step}"),
            lambda: changes.move(made, some, other),
            lambda: changes.remove(made, some),
            lambda: changes.merge(made, label, other) if len(made.classes) > 2 else made,
            lambda: changes.keep_together(made, [some]),
        ]
    )()


def copies(made: Dataset, label: str, rng: random.Random) -> Iterable[Record]:
    for one in rng.sample(made.records, min(3, len(made.records))):
        yield Record(f"{label}/copy.png", label, "train", one.digest, 9, 9, 99)


@pytest.mark.parametrize("classes", [["cat", "Cat"], ["cat", " "]])
def test_classes_that_cannot_be_made(classes: list[str]) -> None:
    with pytest.raises(UserError):
        changes.empty("pets", classes, SplitSettings())


def test_what_classes_have_gained_is_told(pets: Dataset) -> None:
    assert changes.gained(pets, pets) == "nothing is new"
    more = changes.add_class(pets, "owl")
    label = pets.classes[0]
    had = pets.counts[label]
    spare = replace(pets.records[0], file="new.jpg", digest="f" * 64, label=label)
    more = replace(more, records=(*more.records, spare))
    assert changes.gained(pets, more) == f"{label} {had} + 1, owl 0 (new)"


def test_the_images_that_lose_most_by_becoming_square_are_one_of_a_class(pets: Dataset) -> None:
    first, second = pets.classes[:2]
    shapes = {first: [(100, 100), (300, 100), (100, 200)], second: [(101, 100), (100, 400)]}
    records = [
        replace(pets.records[0], file=f"{label}{n}", label=label, width=width, height=height)
        for label, sizes in shapes.items()
        for n, (width, height) in enumerate(sizes)
    ]
    made = replace(pets, records=tuple(records))
    assert [record.file for record in made.least_square(3)] == [f"{second}1", f"{first}1"]
    assert len(made.least_square(1)) == 1
    square = [record for record in records if record.elongation < 1.02]
    assert replace(pets, records=tuple(square)).least_square(3) == []


def test_what_became_of_pictures_between_two_versions() -> None:
    before = dataset(*images("cat", 4), *images("dog", 4))
    assert changes.since(before, before) is None
    assert changes.since(before, changes.rename(before, "cat", "Tiger")) is None
    first, second, third = (record.file for record in before.records[:3])
    moved = changes.move(before, [first, second], "dog")
    mended = changes.remove(moved, [third])
    told = "2 pictures moved to another class, 1 picture removed"
    assert changes.since(before, mended) == told
    assert changes.since(mended, before) == "2 pictures moved to another class, 1 picture added"
