"""Properties of the split, over many seeds, sizes, groups and ways to grow."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Mapping, Set

import pytest

from core.datasets.split import choose, extend
from core.errors import UserError
from core.intake.layouts.side_names import Split
from core.settings import SplitSettings

Classes = Mapping[str, Set[str]]


def digests(name: str, count: int) -> set[str]:
    return {hashlib.sha256(f"{name}{number}".encode()).hexdigest() for number in range(count)}


def on(side: Split, sides: Mapping[str, Split]) -> set[str]:
    return {digest for digest, each in sides.items() if each == side}


def chosen_for_validation(classes: Classes, settings: SplitSettings) -> set[str]:
    return on("validation", choose(classes, settings))


def shares(rng: random.Random) -> tuple[float, float]:
    return rng.choice([0.01, 0.1, 0.2, 0.25, 0.5]), rng.choice([0.0, 0.05, 0.1, 0.25, 0.4])


def grouped(classes: Classes, rng: random.Random, largest: int) -> dict[str, str]:
    """Groups of up to so many images of a class, and some that reach into two classes."""
    groups = {}
    for name, images in classes.items():
        rest = sorted(images)
        rng.shuffle(rest)
        while rest:
            size = rng.randint(1, largest)
            taken, rest = rest[:size], rest[size:]
            if len(taken) > 1 or rng.random() < 0.5:
                shared = f"shared {rng.randrange(3)}" if rng.random() < 0.1 else f"{name} {rest}"
                groups |= dict.fromkeys(taken, shared)
    return groups


def assert_together(sides: Mapping[str, Split], groups: Mapping[str, str]) -> None:
    where = defaultdict(set)
    for digest, group in groups.items():
        where[group].add(sides[digest])
    assert all(len(each) == 1 for each in where.values())


@pytest.mark.parametrize("seed", range(60))
def test_every_class_is_divided_in_its_shares(seed: int) -> None:
    rng = random.Random(seed)
    classes = {f"class {n}": digests(f"{seed}/{n}/", rng.randint(2, 60)) for n in range(6)}
    validation, test = shares(rng)
    sides = choose(classes, SplitSettings(validation, seed, test))
    assert sides.keys() == set().union(*classes.values())
    for images in classes.values():
        held = {side: len(images & on(side, sides)) for side in ("train", "validation", "test")}
        assert held["train"] >= 1
        assert held["validation"] >= 1
        assert held["test"] >= (1 if test and len(images) > 2 else 0)
        assert abs(held["validation"] - validation * len(images)) <= 1
        assert abs(held["test"] - test * len(images)) <= 1


def test_expected_counts() -> None:
    for count, validation in ((180, 36), (20, 4), (10, 2), (8, 2), (5, 1), (2, 1)):
        found = chosen_for_validation({"a": digests("a", count)}, SplitSettings())
        assert len(found) == validation
    for count, test in ((180, 18), (20, 2), (10, 1), (3, 1), (2, 0)):
        sides = choose({"a": digests("a", count)}, SplitSettings(test=0.1))
        assert len(on("test", sides)) == test


def test_same_seed_same_split_whatever_the_order() -> None:
    classes = {name: digests(name, 30) for name in "abc"}
    turned = {name: set(classes[name]) for name in "cba"}
    assert choose(classes, SplitSettings(test=0.2)) == choose(turned, SplitSettings(test=0.2))


def test_split_is_the_same_on_every_machine() -> None:
    chosen = chosen_for_validation({"a": digests("a", 10)}, SplitSettings(0.2, 7))
    assert sorted(digest[:6] for digest in chosen) == ["2c3a42", "4539e4"]


def test_a_test_side_leaves_the_validation_as_it_was() -> None:
    classes = {"a": digests("a", 40), "b": digests("b", 9)}
    assert chosen_for_validation(classes, SplitSettings()) == chosen_for_validation(
        classes, SplitSettings(test=0.3)
    )


def test_other_seed_other_split() -> None:
    classes = {"a": digests("a", 50)}
    splits = {
        frozenset(chosen_for_validation(classes, SplitSettings(seed=seed))) for seed in range(20)
    }
    assert len(splits) == 20


def test_every_image_is_chosen_about_equally_often() -> None:
    classes = {"a": digests("a", 20)}
    times = dict.fromkeys(classes["a"], 0)
    for seed in range(400):
        for digest in chosen_for_validation(classes, SplitSettings(0.2, seed)):
            times[digest] += 1
    assert all(45 <= count <= 120 for count in times.values())


@pytest.mark.parametrize("seed", range(30))
def test_an_image_in_two_classes_is_on_one_side(seed: int) -> None:
    shared = digests("shared", 4)
    classes = {"large": digests("large", 40) | shared, "small": shared | digests("small", 1)}
    chosen = chosen_for_validation(classes, SplitSettings(0.2, seed))
    for images in classes.values():
        assert images & chosen
        assert images - chosen


@pytest.mark.parametrize("seed", range(10))
def test_class_of_copies_only(seed: int) -> None:
    shared = digests("shared", 3)
    classes = {"large": digests("large", 40) | shared, "small": shared}
    chosen = chosen_for_validation(classes, SplitSettings(0.2, seed))
    assert len(shared & chosen) == 1


def test_what_cannot_be_divided_is_told() -> None:
    x, y, z = sorted(digests("a", 3))
    with pytest.raises(UserError, match="also in another class"):
        choose({"a": {x, y}, "b": {y, z}, "c": {z, x}}, SplitSettings())


def test_a_class_that_is_one_group_is_told() -> None:
    classes = {"cats": digests("cats", 24), "dogs": digests("dogs", 9)}
    groups = dict.fromkeys(classes["cats"], "IMG")
    with pytest.raises(UserError, match=r"“cats”.*all 24 belong together, as “IMG”"):
        choose(classes, SplitSettings(), groups)


@pytest.mark.parametrize("seed", range(80))
def test_groups_stay_together_and_every_class_is_on_each_side(seed: int) -> None:
    rng = random.Random(seed)
    classes = {f"class {n}": digests(f"{seed}/{n}/", rng.randint(12, 60)) for n in range(5)}
    validation, test = shares(rng)
    groups = grouped(classes, rng, largest=4)
    sides = choose(classes, SplitSettings(validation, seed, test), groups)
    assert_together(sides, groups)
    for images in classes.values():
        assert images & on("train", sides)
        assert images & on("validation", sides)
        assert bool(images & on("test", sides)) == (test > 0)


@pytest.mark.parametrize("seed", range(40))
def test_shares_are_as_near_as_groups_of_one_class_allow(seed: int) -> None:
    rng = random.Random(seed)
    classes = {"a": digests(f"{seed}", rng.randint(30, 90))}
    groups = {d: str(n // 5) for n, d in enumerate(sorted(classes["a"]))}
    sides = choose(classes, SplitSettings(0.2, seed, 0.2), groups)
    for side in ("validation", "test"):
        assert abs(len(on(side, sides)) - 0.2 * len(classes["a"])) <= 3


def test_two_large_groups_are_one_on_each_side() -> None:
    classes = {"a": digests("a", 100)}
    groups = {digest: str(n < 60) for n, digest in enumerate(sorted(classes["a"]))}
    sides = choose(classes, SplitSettings(test=0.1), groups)
    assert (len(on("train", sides)), len(on("validation", sides))) == (60, 40)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_added_never_moves_what_was_there(seed: int) -> None:
    rng = random.Random(seed)
    validation, test = shares(rng)
    settings = SplitSettings(validation, seed, test)
    classes = {f"class {n}": digests(f"{seed}/{n}/", rng.randint(2, 30)) for n in range(4)}
    sides = choose(classes, settings)
    for turn in range(6):
        before = dict(sides)
        classes = {
            name: images | digests(f"{seed}/{turn}/{name}", rng.randint(0, 20))
            for name, images in classes.items()
        }
        new = extend(classes, settings, before)
        assert not new.keys() & before.keys()
        sides = before | new
        assert sides.keys() == set().union(*classes.values())
        for images in classes.values():
            for side, share in (("validation", validation), ("test", test)):
                held = len(images & on(side, sides))  # type: ignore[arg-type]
                assert abs(held - share * len(images)) <= 1


@pytest.mark.parametrize("seed", range(40))
def test_what_is_added_goes_to_its_group_and_its_copy(seed: int) -> None:
    rng = random.Random(seed)
    everything = {f"class {n}": digests(f"{seed}/{n}/", 40) for n in range(3)}
    groups = grouped(everything, rng, largest=5)
    some = {d for images in everything.values() for d in sorted(images)[:25]}
    old = {name: images & some for name, images in everything.items()}
    settings = SplitSettings(0.2, seed, 0.1)
    locked = choose(old, settings, {d: g for d, g in groups.items() if d in some})
    copied = rng.choice(sorted(old["class 0"]))
    everything["class 1"] |= {copied}
    new = extend(everything, settings, locked, groups)
    assert copied not in new
    assert_together(locked | new, groups)


def test_images_one_by_one_find_their_sides() -> None:
    settings = SplitSettings(0.2, 0, 0.1)
    sides: dict[str, Split] = {}
    images: set[str] = set()
    counts = []
    for digest in sorted(digests("a", 30)):
        images.add(digest)
        sides |= extend({"a": images, "empty": set()}, settings, sides)
        counts.append(tuple(len(on(side, sides)) for side in ("train", "validation", "test")))  # type: ignore[arg-type]
    assert counts[:3] == [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
    assert counts[-1] == (21, 6, 3)


def test_a_test_side_that_came_with_the_data_takes_no_part_in_the_shares() -> None:
    came: dict[str, Split] = dict.fromkeys(digests("came", 50), "test")
    images = digests("a", 20)
    new = extend({"a": images | came.keys()}, SplitSettings(), came)
    assert new.keys() == images
    assert (len(on("train", new)), len(on("validation", new))) == (16, 4)


def test_where_all_to_learn_from_was_taken_away_it_comes_back() -> None:
    left: dict[str, Split] = dict.fromkeys(digests("left", 5), "validation")
    (new,) = digests("new", 1)
    assert extend({"a": left.keys() | {new}}, SplitSettings(), left) == {new: "train"}
