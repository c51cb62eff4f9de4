"""The learning rate: a short rise, a long fall, halves at plateaus, and nothing hidden."""

import itertools

import pytest

from core.training.schedule import share


def shares(schedule: str, begin: int, end: int, again: bool = False) -> list[float]:
    return [
        share(schedule, begin + (end - begin) * k / 200, begin, end, [], again=again)
        for k in range(200)
    ]


@pytest.mark.parametrize(("begin", "end"), [(0, 1), (0, 5), (1, 15), (0, 200), (40, 45)])
def test_cosine_rises_shortly_and_falls_to_almost_nothing(begin: int, end: int) -> None:
    given = shares("cosine", begin, end)
    top = given.index(max(given))
    assert max(given) == pytest.approx(1.0, abs=0.06)
    assert top <= 20
    assert (top - 1) * (end - begin) / 200 <= 1.0
    assert given[0] == pytest.approx(0.1)
    assert given[-1] < 0.02
    assert all(a >= b for a, b in itertools.pairwise(given[top:]))


def test_further_epochs_take_smaller_steps() -> None:
    assert max(shares("cosine", 40, 45, again=True)) == pytest.approx(1 / 3, abs=0.02)
    assert share("constant", 41, 40, 45, [], again=True) == pytest.approx(1 / 3)


def test_constant_is_constant() -> None:
    assert set(shares("constant", 0, 7)) == {1.0}


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([], 1.0),
        ([3, 2, 1, 0.5], 1.0),
        ([1, 1, 1], 1.0),  # two epochs without a lower one
        ([1, 1, 1, 1], 0.5),
        ([1, 2, 2, 2, 2, 2], 0.5),
        ([1, 2, 2, 2, 2, 2, 2], 0.25),
        ([1, 2, 2, 0.9, 2, 2], 1.0),
        ([1, 2, 2, 2, 0.9, 2, 2, 2], 0.25),
    ],
)
def test_a_plateau_halves_it(losses: list[float], expected: float) -> None:
    assert share("plateau", len(losses), 0, 50, losses, again=False) == expected
