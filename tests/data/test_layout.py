"""What paths alone say about classes and splits."""

import pytest

from core.data.archive import Member
from core.data.layout import OUTSIDE, UNKNOWN, Layout, place


def placed(*names: str) -> tuple[dict[str, tuple[str, str | None]], dict[str, str], bool]:
    found: Layout = place(Member(name, 1) for name in names)
    return (
        {each.member.name: (each.label, each.split) for each in found.placed},
        {member.name: reason for member, reason in found.outside},
        found.said,
    )


PLAIN = ("daisy/1.jpg", "daisy/2.jpg", "rose/1.jpg", "rose/2.jpg")


@pytest.mark.parametrize("wrap", ["", "flowers/", "my data/Flowers 2024/images/"])
def test_plain_and_wrapped(wrap: str) -> None:
    files, outside, said = placed(*[wrap + name for name in PLAIN])
    assert files == {wrap + name: (name.split("/")[0], None) for name in PLAIN}
    assert not outside
    assert not said


@pytest.mark.parametrize("wrap", ["", "flowers/", "a/b/"])
@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"), ("Training", "Validation", "Testing"), ("TRAIN", "Valid", "TEST"),
        ("train", "val", None), ("train", None, "test"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inside", ["", "images/"])
def test_split_folders(
    wrap: str, train: str, validation: str | None, test: str | None, inside: str
) -> None:
    sides = {"train": train, "validation": validation, "test": test}
    expected = {
        f"{wrap}{folder}/{inside}{label}/{number}.jpg": (label, split)
        for split, folder in sides.items()
        if folder
        for label in ("daisy", "rose")
        for number in (1, 2)
    }
    files, outside, said = placed(*expected)
    assert files == expected
    assert not outside
    assert said


def test_split_folder_may_lack_a_class() -> None:
    files, _, said = placed("train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg")
    assert said
    assert files["val/a/2.jpg"] == ("a", "validation")


@pytest.mark.parametrize("wrap", ["", "flowers/"])
@pytest.mark.parametrize("inside", ["", "images/"])
def test_what_to_learn_is_what_the_training_folder_holds(wrap: str, inside: str) -> None:
    files, outside, said = placed(
        *[f"{wrap}train/{inside}{label}/1.jpg" for label in ("cat", "dog")],
        *[f"{wrap}val/{inside}{label}/2.jpg" for label in ("cat", "dog", "bird")],
        f"{wrap}test/unknown/3.jpg",
        f"{wrap}test/4.jpg",
    )
    assert said
    assert files == {
        f"{wrap}{folder}/{inside}{label}/{number}.jpg": (label, split)
        for folder, split, number in (("train", "train", 1), ("val", "validation", 2))
        for label in ("cat", "dog")
    }
    assert outside == {
        f"{wrap}val/{inside}bird/2.jpg": "its class “bird” is not among those to learn",
        f"{wrap}test/unknown/3.jpg": UNKNOWN.format("unknown"),
        f"{wrap}test/4.jpg": OUTSIDE,
    }


def test_capital_letters_play_no_part_between_the_sides() -> None:
    files, outside, said = placed(
        "train/Cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "val/Dog/2.jpg", "extra/3.jpg"
    )
    assert said
    assert list(files.values()) == [
        ("Cat", "train"),
        ("dog", "train"),
        ("Cat", "validation"),
        ("dog", "validation"),
    ]
    assert list(outside) == ["extra/3.jpg"]
    # classes that differ by them alone stay apart
    files, _, _ = placed("train/Cat/1.jpg", "train/cat/1.jpg", "val/cat/2.jpg", "val/Cat/2.jpg")
    assert all(name.split("/")[1] == label for name, (label, _) in files.items())


def test_split_names_beside_others_without_the_same_classes_are_ordinary_classes() -> None:
    files, _, said = placed("train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg", "bus/1.jpg")
    assert not said
    assert {label for label, _ in files.values()} == {"train", "test", "bus"}


def test_pictures_of_trains_and_tests_are_classes() -> None:
    for names in (("train", "test"), ("train", "test", "bus")):
        files, outside, said = placed(*[f"{name}/1.jpg" for name in names])
        assert not said
        assert not outside
        assert {label for label, _ in files.values()} == set(names)


def test_unlabelled_test_folder_is_left_out() -> None:
    files, outside, said = placed("train/a/1.jpg", "train/b/1.jpg", "test/1.jpg", "test/2.jpg")
    assert said
    assert {split for _, split in files.values()} == {"train"}
    assert outside == {"test/1.jpg": OUTSIDE, "test/2.jpg": OUTSIDE}


def test_train_alone_is_an_outer_folder() -> None:
    files, _, said = placed("train/a/1.jpg", "train/b/1.jpg")
    assert not said
    assert files == {"train/a/1.jpg": ("a", None), "train/b/1.jpg": ("b", None)}


def test_folders_within_a_class_belong_to_it() -> None:
    files, outside, _ = placed("daisy/batch 1/1.jpg", "daisy/x/y/2.jpg", "daisy/3.jpg", *PLAIN)
    assert files["daisy/batch 1/1.jpg"] == ("daisy", None)
    assert files["daisy/x/y/2.jpg"] == ("daisy", None)
    assert not outside


def test_loose_files_are_told() -> None:
    names = [f"flowers/{name}" for name in PLAIN]
    files, outside, _ = placed("a.jpg", "flowers/b.png", "README.txt", "flowers/labels.csv", *names)
    assert set(files) == set(names)
    assert outside == {
        "a.jpg": OUTSIDE,
        "flowers/b.png": OUTSIDE,
        "README.txt": "not an image",
        "flowers/labels.csv": "not an image",
    }


def test_folder_of_notes_is_no_class() -> None:
    files, outside, _ = placed("images/a/1.jpg", "images/b/1.jpg", "annotations/xml/1.xml")
    assert {label for label, _ in files.values()} == {"a", "b"}
    assert list(outside) == ["annotations/xml/1.xml"]


def test_unknown_endings_in_class_folders_are_left_to_their_content() -> None:
    files, _, _ = placed("a/1.dat", "a/2.jpg", "b/1.jpg", "b/notes.txt")
    assert set(files) == {"a/1.dat", "a/2.jpg", "b/1.jpg", "b/notes.txt"}
    files, _, _ = placed("a/1.dat", "b/1.dat")
    assert len(files) == 2


def test_single_class() -> None:
    files, _, _ = placed("flowers/daisy/1.jpg", "flowers/daisy/2.jpg")
    assert {label for label, _ in files.values()} == {"daisy"}


def test_accents_have_one_spelling() -> None:
    files, _, _ = placed("cafe\u0301/1.jpg", "caf\u00e9/2.jpg", "rose/1.jpg")
    assert {label for label, _ in files.values()} == {"caf\u00e9", "rose"}


def test_a_very_deep_path() -> None:
    deep = "a/" * 5000 + "x.jpg"
    files, _, _ = placed(deep, "b/1.jpg")
    assert files == {deep: ("a", None), "b/1.jpg": ("b", None)}
    files, _, _ = placed(deep)
    assert files == {deep: ("a", None)}


def test_nothing() -> None:
    assert placed() == ({}, {}, False)
