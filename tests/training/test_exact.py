"""The head's exact solution: what is chosen for a data set, and that it is the same in Keras."""

from dataclasses import replace

import numpy as np
import pytest

from core.training import exact

STAGES = (4, 60)


def features(shown_by: int, images: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that one stage tells apart; all other numbers are noise of odd scales."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 2
    numbers = rng.normal(size=(images, sum(STAGES)))
    first = 0 if shown_by == 0 else STAGES[0]
    numbers[:, first : first + 2] += 1.5 * (2 * labels[:, None] - 1)
    scales = rng.uniform(0.01, 50, sum(STAGES))
    return (numbers * scales + 3 * scales).astype(np.float32), labels


def chosen(numbers: np.ndarray, labels: np.ndarray) -> exact.Choice:
    return exact.choose(numbers, labels, np.ones(len(labels)), [STAGES], 2)


def test_a_small_stage_counts_more_where_it_tells_classes_apart() -> None:
    assert chosen(*features(shown_by=0)).emphases > chosen(*features(shown_by=1)).emphases


def test_numbers_of_any_scale_come_to_one_length() -> None:
    numbers, labels = features(shown_by=1)
    choice = chosen(numbers, labels)
    length = np.sqrt(np.mean(np.sum((numbers * choice.scale + choice.offset) ** 2, axis=1)))
    assert length == pytest.approx(10, rel=0.01)


def test_what_never_changes_stays_harmless() -> None:
    numbers, labels = features(shown_by=1)
    numbers[:, 7] = 5
    numbers[0, 7] += 1e-6
    choice = chosen(numbers, labels)
    assert np.isfinite(choice.scale).all()
    assert np.isfinite(choice.offset).all()
    solved = choice.solution(numbers, labels, np.ones(len(labels)), 2)
    scores = (numbers * choice.scale + choice.offset) @ solved.kernel + solved.bias
    right = scores.argmax(1) == labels
    assert right.mean() > 0.9


def test_the_solution_is_the_same_behind_the_layer_of_another_choice() -> None:
    numbers, labels = features(shown_by=0)
    some = chosen(numbers[:60], labels[:60])
    every = chosen(numbers, labels)
    solved = every.solution(numbers, labels, np.ones(len(labels)), 2)
    own = (numbers * every.scale + every.offset) @ solved.kernel + solved.bias
    other_kernel, other_bias = solved.behind(some)
    others = (numbers * some.scale + some.offset) @ other_kernel + other_bias
    np.testing.assert_allclose(others, own, rtol=1e-3, atol=1e-3)


def test_the_layer_does_the_same_in_keras() -> None:
    numbers, labels = features(shown_by=0)
    choice = chosen(numbers, labels)
    np.testing.assert_allclose(
        np.asarray(choice.layer()(numbers)),
        numbers * choice.scale + choice.offset,
        rtol=1e-4,
        atol=1e-4,
    )


def test_a_single_stage_needs_no_emphasis() -> None:
    numbers, labels = features(shown_by=1)
    choice = exact.choose(numbers, labels, np.ones(len(labels)), [(sum(STAGES),)], 2)
    assert choice.emphases == (0,)


def test_a_rare_class_is_among_those_that_a_choice_goes_by() -> None:
    labels = np.array([0] * 500 + [1] * 5 + [2] * 95)
    few = labels[exact.spread(labels, 50)]
    assert len(few) == 50
    assert set(few) == {0, 1, 2}
    assert (few == 0).sum() == pytest.approx(42, abs=2)


@pytest.mark.parametrize("classes", [[2, 1], [1, 1], [3, 0, 1]])
def test_very_few_images_are_no_error(classes: list[int]) -> None:
    labels = np.repeat(np.arange(len(classes)), classes)
    numbers, _ = features(shown_by=0, images=len(labels))
    choice = exact.choose(numbers, labels, np.ones(len(labels)), [STAGES], len(classes))
    solved = choice.solution(numbers, labels, np.ones(len(labels)), len(classes))
    assert np.isfinite(solved.kernel).all()
    assert np.isfinite(solved.bias).all()


def test_one_is_better_only_beyond_noise() -> None:
    right = np.ones(100, bool)
    for lost, beyond in ((3, False), (4, False), (5, True), (30, True)):
        others = right.copy()
        others[:lost] = False
        assert exact.beyond_noise(right, others) is beyond
    assert not exact.beyond_noise(right, right)
    swapped = np.array([True, False] * 50)
    assert not exact.beyond_noise(swapped, ~swapped)


def test_replacing_the_penalty_changes_the_solution() -> None:
    numbers, labels = features(shown_by=0)
    choice = chosen(numbers, labels)
    weights = np.ones(len(labels))
    small = choice.solution(numbers, labels, weights, 2)
    large = replace(choice, penalties=(1e6,)).solution(numbers, labels, weights, 2)
    assert np.abs(large.kernel).max() < np.abs(small.kernel).max() / 10


def test_many_images_are_measured_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, labels = features(shown_by=0)
    at_once = chosen(numbers, labels)
    monkeypatch.setattr(exact, "_AT_ONCE", 7)
    np.testing.assert_allclose(chosen(numbers, labels).scale, at_once.scale, rtol=1e-5)
