"""Ridge regression: the exact solution, as scikit-learn has it, and what is left out."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from core.network import ridge


def blobs(each: list[int], numbers: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(each)), each)
    centres = rng.normal(size=(len(each), numbers))
    described = centres[labels] + rng.normal(size=(len(labels), numbers))
    return described.astype(np.float32), labels


@pytest.mark.parametrize("numbers", [7, 90])  # fewer and more than images
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_solution_of_scikit_learn(numbers: int, weighted: bool) -> None:
    described, labels = blobs([12, 20, 8], numbers)
    weights = np.random.default_rng(1).uniform(0.2, 2, len(labels)) if weighted else np.ones(40)
    kernel, bias = ridge.solve(described, labels, 3, weights, 2.5)
    plain = Ridge(alpha=2.5).fit(described.astype(float), np.eye(3)[labels], weights)
    np.testing.assert_allclose(kernel, plain.coef_.T, atol=1e-5)
    np.testing.assert_allclose(bias, plain.intercept_, atol=1e-5)


def test_many_images_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    described, labels = blobs([30, 40], 9)
    at_once = ridge.solve(described, labels, 2, np.ones(70), 1.0)
    monkeypatch.setattr(ridge, "_AT_ONCE", 16)
    for part, whole in zip(
        ridge.solve(described, labels, 2, np.ones(70), 1.0), at_once, strict=True
    ):
        np.testing.assert_allclose(part, whole, atol=1e-6)


@pytest.mark.parametrize("numbers", [7, 90])
def test_what_is_left_out_is_answered_by_the_others(numbers: int) -> None:
    described, labels = blobs([5, 9, 7], numbers)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(labels))
    found = ridge.leave_one_out(described, labels, 3, weights, [4.0])
    for place in range(len(labels)):
        others = np.arange(len(labels)) != place
        kernel, bias = ridge.solve(described[others], labels[others], 3, weights[others], 4.0)
        scores = found.sharpness * (described[[place]] @ kernel + bias)
        np.testing.assert_allclose(found.probabilities[[place]], ridge.softmax(scores), atol=1e-4)


@pytest.mark.parametrize(("numbers", "threads"), [(90, 1), (1200, 2)])
def test_a_small_matrix_is_decomposed_by_one_thread(
    numbers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ridge, "_SMALL", 1000)
    used = []
    solve = np.linalg.solve

    def noted(*args: np.ndarray) -> np.ndarray:
        known = [each for each in ridge._THREADS.info() if each["user_api"] == "blas"]
        used.append(max(each["num_threads"] for each in known))
        return solve(*args)

    monkeypatch.setattr(np.linalg, "solve", noted)
    described, labels = blobs([700, 700], numbers)
    with threadpool_limits(2, "blas"):
        ridge.solve(described, labels, 2, np.ones(1400), 1.0)
    assert used == [threads]
