"""Properties of the split, over many seeds and sizes."""

import hashlib
import random

import pytest

from core.data.split import choose_validation
from core.errors import UserError
from core.settings import SplitSettings


def digests(name: str, count: int) -> set[str]:
    return {hashlib.sha256(f"{name}{number}".encode()).hexdigest() for number in range(count)}


@pytest.mark.parametrize("seed", range(40))
def test_every_class_is_divided_in_its_share(seed: int) -> None:
    rng = random.Random(seed)
    classes = {f"class {n}": digests(f"{seed}/{n}/", rng.randint(2, 60)) for n in range(6)}
    share = rng.choice([0.01, 0.1, 0.2, 0.25, 0.5, 0.9])
    chosen = choose_validation(classes, SplitSettings(share, seed))
    assert chosen <= set().union(*classes.values())
    for images in classes.values():
        taken = len(images & chosen)
        assert 1 <= taken <= len(images) - 1
        assert abs(taken - share * len(images)) <= 1


def test_expected_counts() -> None:
    for count, validation in ((180, 36), (20, 4), (10, 2), (8, 2), (5, 1), (2, 1)):
        assert len(choose_validation({"a": digests("a", count)}, SplitSettings())) == validation


def test_same_seed_same_split_whatever_the_order() -> None:
    classes = {name: digests(name, 30) for name in "abc"}
    turned = {name: set(classes[name]) for name in "cba"}
    assert choose_validation(classes, SplitSettings()) == choose_validation(turned, SplitSettings())


def test_split_is_the_same_on_every_machine() -> None:
    chosen = choose_validation({"a": digests("a", 10)}, SplitSettings(0.2, 7))
    assert sorted(digest[:6] for digest in chosen) == ["2c3a42", "4539e4"]


def test_other_seed_other_split() -> None:
    classes = {"a": digests("a", 50)}
    splits = {frozenset(choose_validation(classes, SplitSettings(seed=seed))) for seed in range(20)}
    assert len(splits) == 20


def test_every_image_is_chosen_about_equally_often() -> None:
    classes = {"a": digests("a", 20)}
    times = dict.fromkeys(classes["a"], 0)
    for seed in range(400):
        for digest in choose_validation(classes, SplitSettings(0.2, seed)):
            times[digest] += 1
    assert all(45 <= count <= 120 for count in times.values())


def test_more_images_move_few_of_the_old() -> None:
    old = choose_validation({"a": digests("a", 100)}, SplitSettings())
    new = choose_validation({"a": digests("a", 105)}, SplitSettings())
    assert len(old - new) <= 5


@pytest.mark.parametrize("seed", range(30))
def test_an_image_in_two_classes_is_on_one_side(seed: int) -> None:
    shared = digests("shared", 4)
    classes = {"large": digests("large", 40) | shared, "small": shared | digests("small", 1)}
    chosen = choose_validation(classes, SplitSettings(0.2, seed))
    for images in classes.values():
        assert images & chosen
        assert images - chosen


@pytest.mark.parametrize("seed", range(10))
def test_class_of_copies_only(seed: int) -> None:
    shared = digests("shared", 3)
    classes = {"large": digests("large", 40) | shared, "small": shared}
    chosen = choose_validation(classes, SplitSettings(0.2, seed))
    assert len(shared & chosen) == 1


def test_what_cannot_be_divided_is_told() -> None:
    x, y, z = sorted(digests("a", 3))
    with pytest.raises(UserError, match="also in another class"):
        choose_validation({"a": {x, y}, "b": {y, z}, "c": {z, x}}, SplitSettings())
