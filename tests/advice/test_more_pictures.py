"""Would more pictures help? On numbers whose learning curve is known."""

import json

import numpy as np
import pytest

from core.advice import growth, more_pictures
from core.advice.growth import ClassGain, Growth, Range
from core.errors import UserError

CLASSES = ("ant", "bee", "cat")
NUMBERS = 40


def clouds(
    count: int, seed: int, apart: float = 1.0, classes: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """So many points of classes that lie apart by so many standard deviations."""
    centres = apart * np.random.default_rng(7).normal(size=(classes, NUMBERS)) / np.sqrt(8)
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return centres[labels] + rng.normal(size=(count, NUMBERS)), labels


def tried(count: int, judged: int = 600, apart: float = 1.0, world: int = 0) -> Growth:
    features, labels = clouds(count, 10 * world + 1, apart)
    theirs, truth = clouds(judged, 10 * world + 2, apart)
    reported: list[tuple[int, int]] = []
    sizes, right = more_pictures.try_sizes(
        features,
        labels,
        np.ones(count),
        theirs,
        truth,
        3,
        lambda done, total: reported.append((done, total)),
    )
    assert reported[-1][0] == reported[-1][1]
    return growth.growth(sizes, right, truth, labels, CLASSES)


def test_accuracy_grows_with_the_pictures_and_is_foretold_for_twice_as_many() -> None:
    """What is expected of 240 from 120 is measured on 240, in worlds where that is known."""
    worlds = range(8)
    later = [tried(240, 3000, world=world) for world in worlds]
    known = np.mean([each.accuracy[-1] - each.accuracy[-2] for each in later])
    now = [tried(120, world=world) for world in worlds]
    assert now[0].sizes == (7, 15, 30, 60, 120)
    assert all(each.accuracy[0] < each.accuracy[2] < each.accuracy[-1] for each in now)
    assert np.mean([each.gain.value for each in now]) == pytest.approx(known, abs=0.01)
    assert sum(each.gain.low <= known <= each.gain.high for each in now) >= 7
    assert "240 training pictures instead of 120" in growth.in_words(now[0])


def test_where_everything_is_learned_more_would_hardly_help() -> None:
    found = tried(240, apart=6)
    assert found.accuracy[-1] > 0.99
    assert "hardly help" in growth.in_words(found)


def test_with_few_held_out_pictures_it_says_how_little_it_knows() -> None:
    few, many = tried(120, judged=24), tried(120, judged=1200)
    assert few.gain.high - few.gain.low > many.gain.high - many.gain.low


def test_a_power_law_is_found_again() -> None:
    sizes = np.array([10, 20, 40, 80, 160, 320.0])
    errors = 0.05 + 0.9 * sizes**-0.5
    ((power, scale, floor),) = growth._fitted(sizes, errors[None])
    after = floor + scale * 640**-power
    assert after == pytest.approx(0.05 + 0.9 * 640**-0.5, abs=0.005)


def test_a_curve_that_falls_promises_nothing() -> None:
    sizes = np.array([10, 20, 40, 80.0])
    rising = np.array([[0.1, 0.12, 0.14, 0.2]])
    (curve,) = growth._fitted(sizes, rising)
    (gain,) = growth._gains(curve[None], 80)
    assert gain < 0.005


def test_every_part_has_its_share_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    for seed in range(3):
        order = more_pictures._in_proportion(labels, seed)
        assert sorted(order) == list(range(100))
        for size in (10, 20, 50):
            counts = np.bincount(labels[order[:size]], minlength=3)
            assert np.abs(counts - size * np.array([0.6, 0.3, 0.1])).max() <= 1


def test_too_few_pictures_are_refused() -> None:
    features, labels = clouds(20, 1)
    with pytest.raises(UserError, match="at least 24, eight of each class"):
        more_pictures.try_sizes(features, labels, np.ones(20), features, labels, 3, lambda *_: None)


def test_the_class_that_still_learns_is_named() -> None:
    """Of one class the second half of the pictures made all the difference."""
    truth = np.repeat([0, 1, 2], 40)
    right = np.ones((3, 5, 120), bool)
    right[:2, :, :40] = np.random.default_rng(0).random((2, 5, 40)) < 0.6
    found = growth.growth([20, 40, 80], right, truth, np.arange(80) % 3, CLASSES)
    ant, bee, _ = found.classes
    assert (ant.training, ant.judged, ant.whole) == (27, 40, 1.0)
    assert ant.gain.low > 0.2
    assert bee.gain == Range(0.0, 0.0, 0.0)
    told = growth.in_words(found)
    assert "“ant”" in told
    assert "“bee”" not in told


def test_it_says_which_pictures_each_point_of_the_curve_stands_for() -> None:
    truth = np.repeat([0, 1, 2], 4)
    right = np.random.default_rng(3).random((3, 5, 12)) < 0.6
    right[2] = right[2, 0]
    digests = [f"{number:064x}" for number in range(12)]
    found = growth.growth([6, 12, 24], right, truth, np.arange(24) % 3, CLASSES, digests)
    assert found.pictures == tuple(digests)
    assert found.repeats == 5
    missed = np.array(found.missed)
    assert (missed == 5 - right.sum(axis=1)).all()
    assert 1 - missed.mean(axis=1) / 5 == pytest.approx(np.array(found.accuracy))
    told = json.loads(json.dumps(found.to_dict()))
    assert Growth.from_dict(told) == found
    with pytest.raises(ValueError, match="different lengths"):
        Growth.from_dict(told | {"missed": told["missed"][:2]})
    earlier = {key: told[key] for key in told if key not in ("pictures", "missed", "repeats")}
    assert Growth.from_dict(earlier).pictures == ()


def test_it_comes_back_from_json() -> None:
    found = tried(60, judged=90)
    assert Growth.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert all(isinstance(each, ClassGain) for each in found.classes)
    for damage in ({"sizes": [1, 2]}, {"gain": 3}, {"power": "x"}, {"classes": [{}]}):
        with pytest.raises((TypeError, ValueError, KeyError)):
            Growth.from_dict(json.loads(json.dumps(found.to_dict())) | damage)
