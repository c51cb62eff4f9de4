"""Which of two networks is better: painted answers whose truth is known."""

import numpy as np
import pytest

from core.network import temperature
from core.training.racing.judging import Judged

CLASSES = 3


def answers(images: int, margin: float, seed: int, noise: int = 0, first: int = 0) -> Judged:
    """Answers that are right by a margin, more or less; the same seed, the same images."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, images)
    scores = rng.normal(size=(images, CLASSES))
    scores += np.random.default_rng(noise).normal(scale=0.3, size=scores.shape)
    scores[np.arange(images), labels] += margin
    raised = np.exp(scores)
    probabilities = raised / raised.sum(axis=1, keepdims=True)
    return Judged(tuple(f"{first + n:064x}" for n in range(images)), labels, probabilities)


def test_who_is_surer_of_the_truth_is_better() -> None:
    weak, strong = answers(300, 1.0, 0), answers(300, 2.5, 0, noise=1)
    assert strong.better_than(weak)
    assert not weak.better_than(strong)


def test_nobody_is_better_than_an_equal_more_often_than_chance_allows() -> None:
    wins = sum(
        answers(200, 1.5, seed, noise=2 * seed + 1).better_than(
            answers(200, 1.5, seed, noise=2 * seed + 2)
        )
        for seed in range(100)
    )
    assert wins <= 10  # two standard errors are passed one way by chance in 2.3 of 100


def test_few_images_prove_little() -> None:
    weak, strong = answers(8, 1.0, 3), answers(8, 1.3, 3, noise=1)
    assert not strong.better_than(weak)


def test_being_too_sure_throughout_is_not_held_against_a_network() -> None:
    network = answers(300, 1.5, 0)
    too_sure = Judged(
        network.digests, network.labels, temperature.apply(network.probabilities, 0.3)
    )
    assert not network.better_than(too_sure)
    assert not too_sure.better_than(network)


def test_only_images_that_both_answered_count() -> None:
    weak, strong = answers(300, 1.0, 0), answers(300, 2.5, 0, noise=1)
    elsewhere = answers(900, 0.1, 5, first=10_000)
    assert strong.with_(elsewhere).better_than(weak)


@pytest.mark.parametrize("right", [0.9, 1.0])
def test_who_gets_fewer_right_is_never_better(right: float) -> None:
    images = 200
    labels = np.zeros(images, int)
    digests = tuple(f"{n:064x}" for n in range(images))
    sure = np.full((images, 2), [0.99, 0.01])
    sure[: int(images * (1 - right)) + 1] = [0.49, 0.51]
    timid = np.full((images, 2), [0.51, 0.49])
    one = Judged(digests, labels, sure)
    other = Judged(digests, labels, timid)
    assert not one.better_than(other)
