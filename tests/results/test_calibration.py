"""Reliability and cut-offs, on answers whose right numbers are known by hand."""

import numpy as np
import pytest

from core.results import calibration

SURE = np.array([0.55, 0.95, 0.95, 1.0, 0.65, 0.61])
RIGHT = np.array([True, True, False, True, True, False])


def test_the_error_is_what_it_is_by_hand() -> None:
    told = calibration.reliability(SURE, RIGHT)
    # 0.5 to 0.6: 1 picture, |0.55 - 1|. 0.6 to 0.7: 2, |0.63 - 0.5|. 0.9 to 1: 3, |0.9667 - 0.6667|
    assert told["error"] == pytest.approx((0.45 + 2 * 0.13 + 3 * 0.3) / 6, abs=1e-6)
    assert [(row["from"], row["to"], row["images"]) for row in told["bins"]] == [
        (0.5, 0.6, 1),
        (0.6, 0.7, 2),
        (0.9, 1.0, 3),
    ]
    assert [row["accuracy"] for row in told["bins"]] == [1, 0.5, pytest.approx(2 / 3)]
    assert sum(row["images"] for row in told["bins"]) == len(SURE)


def test_answers_that_are_right_as_often_as_they_say_have_no_error() -> None:
    rng = np.random.default_rng(3)
    sure = rng.uniform(0.2, 1, 100_000)
    right = rng.random(len(sure)) < sure
    assert calibration.reliability(sure, right)["error"] < 0.01
    assert calibration.reliability(np.minimum(sure + 0.2, 1), right)["error"] > 0.1


def test_a_cut_off_leaves_what_is_as_sure() -> None:
    told = calibration.answered(SURE, RIGHT, 0.65)
    assert (told["images"], told["answered"], told["correct"]) == (6, 4, 3)
    assert told["share"] == pytest.approx(4 / 6)
    assert told["accuracy"] == 0.75
    low, high = told["interval"]
    assert low < 0.75 < high


def test_where_nothing_is_answered_nothing_is_claimed() -> None:
    told = calibration.answered(SURE[:1], RIGHT[:1], 0.99)
    assert (told["answered"], told["accuracy"], told["interval"]) == (0, None, None)
    assert calibration.answered(SURE[:0], RIGHT[:0], 0.5)["share"] == 0


def test_classes_are_counted_by_what_the_pictures_are() -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.45, 0.55]])
    labels = np.array([0, 0, 1, 1])
    rows = calibration.cut_offs(probabilities, labels, ["cat", "dog"])
    assert [row["cut_off"] for row in rows] == sorted(row["cut_off"] for row in rows)
    (row,) = [row for row in rows if row["cut_off"] == 0.7]
    assert (row["answered"], row["correct"]) == (3, 2)
    cat, dog = row["per_class"]["cat"], row["per_class"]["dog"]
    assert (cat["images"], cat["answered"], cat["correct"]) == (2, 2, 1)
    assert (dog["images"], dog["answered"], dog["correct"]) == (2, 1, 1)
    for row in rows:
        assert row["answered"] == sum(each["answered"] for each in row["per_class"].values())
