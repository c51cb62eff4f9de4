"""A temperature: what it finds in answers whose true temperature is known."""

import numpy as np
import pytest

from core.network import temperature
from core.network.ridge import softmax


def drawn(
    images: int, classes: int, spread: float = 2.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated answers, and labels that are drawn by what they say."""
    rng = np.random.default_rng(seed)
    probabilities = softmax(rng.normal(scale=spread, size=(images, classes)))
    labels = np.array([rng.choice(classes, p=row) for row in probabilities])
    return probabilities, labels


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 10])
def test_it_finds_how_much_too_sure_answers_are(true: float, classes: int) -> None:
    calibrated, labels = drawn(6000, classes)
    said = temperature.apply(calibrated, 1 / true)  # too sure by this factor
    assert temperature.fit(said, labels) == pytest.approx(true, rel=0.1)


def test_it_changes_how_sure_answers_are_and_never_which() -> None:
    said, _ = drawn(500, 5)
    softer = temperature.apply(said, 2.5)
    np.testing.assert_array_equal(softer.argmax(1), said.argmax(1))
    np.testing.assert_allclose(softer.sum(1), 1)
    assert (softer.max(1) <= said.max(1) + 1e-12).all()
    np.testing.assert_allclose(temperature.apply(softer, 1 / 2.5), said, atol=1e-9)


def test_always_right_about_few_does_not_mean_certain() -> None:
    labels = np.arange(10) % 2
    said = np.where(np.eye(2, dtype=bool)[labels], 0.9, 0.1)
    sure = temperature.apply(said, temperature.fit(said, labels)).max(1).mean()
    assert 0.9 < sure < 0.95
    many = np.tile(said, (100, 1)), np.tile(labels, 100)
    assert temperature.apply(said, temperature.fit(*many)).max(1).mean() > 0.99


def test_answers_of_nothing_but_certainty_stay_numbers() -> None:
    said = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    fitted = temperature.fit(said, np.array([0, 1, 1]))
    assert np.isfinite(temperature.apply(said, fitted)).all()
    assert fitted > 1
