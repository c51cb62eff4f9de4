"""Several networks on the same pictures: who is right about what, and what luck alone explains."""

from dataclasses import replace

import numpy as np
import pytest

from core.results.answers import comparing, kept, ranking
from tests.results.test_answers import made

LUCK = 0.05


def test_two_networks_are_compared_as_by_mcnemar() -> None:
    first = made(*[("ant", "ant", 0.9)] * 12, *[("bee", "cat", 0.9)] * 3, ("cat", "cat", 0.5))
    second = made(*[("ant", "bee", 0.9)] * 12, *[("bee", "bee", 0.9)] * 3, ("cat", "cat", 0.5))
    found = ranking.rank([first, second])
    assert found is not None
    assert found.correct == [13, 4]
    assert found.best == 0
    assert found.only(0, 1).tolist() == list(range(12))
    assert found.only(1, 0).tolist() == [12, 13, 14]
    assert found.chances == {(0, 1): comparing.mcnemar(12, 3)}
    (told,) = found.in_words("AB")
    assert "They differ on 15 of 16 pictures" in told
    assert "“B” alone is right about 3 of these, “A” alone about 12" in told
    assert "“A” is better" in told


def test_only_pictures_that_all_have_count_by_the_classes_of_the_first() -> None:
    first = made(("ant", "ant", 0.9), ("bee", "bee", 0.9), ("cat", "ant", 0.9), ("cat", "cat", 0.9))
    second = made(
        ("ant", "ant", 0.9), ("ant", "bee", 0.9), ("cat", "cat", 0.9), classes=("cat", "ant", "bee")
    )
    third = made(*[("cat", "cat", 0.9)] * 4, classes=("cat", "dog"))
    third = replace(
        third,
        digests=(third.digests[2], "f" * 64, third.digests[1], third.digests[0]),
        files=("x", "y", "z", "w"),
    )
    found = ranking.rank([first, second, third])
    assert found is not None
    assert found.files == ("0.png", "1.png", "2.png"), "the fourth is not the second's"
    assert found.places.tolist() == [0, 1, 2]
    assert found.right.tolist() == [
        [True, True, False],
        [True, True, True],
        [False, False, True],  # it does not know ant and bee
    ]
    assert found.relabelled == 2
    assert found.best == 1


def test_nothing_is_said_where_nothing_is_known() -> None:
    one = made(("ant", "ant", 0.9))
    assert ranking.rank([one, replace(one, digests=("f" * 64,))]) is None
    assert ranking.rank([one, replace(one, whole=False)]) is None
    same = ranking.rank([one, one])
    assert same is not None
    assert "no difference" in same.in_words("AB")[0]


@pytest.mark.parametrize(
    ("alone", "raised"),
    [
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # Holm's example, as in R's p.adjust
        ([0.6, 0.9], [1.0, 1.0]),
        ([0.01, 0.01], [0.02, 0.02]),
        ([], []),
    ],
)
def test_chances_are_raised_as_holm_does(alone: list[float], raised: list[float]) -> None:
    assert ranking.holm(alone) == pytest.approx(raised)


def test_the_best_of_equals_is_rarely_called_better() -> None:
    """Five networks of the same skill: one always looks best. Without Holm, one in ten is called
    better than another; with it, no more than one in twenty."""
    rng = np.random.default_rng(0)
    worlds, raised, alone = 300, 0, 0
    pictures = [f"{number:064x}" for number in range(80)]
    for _ in range(worlds):
        hard = rng.random(80)
        answers = []
        for _ in range(5):
            right = rng.random(80) < 0.5 + 0.5 * hard
            chances = np.stack([right, ~right], axis=1).astype(np.float32)
            labels = np.zeros(80, np.intp)
            answers.append(
                kept.Answers(("a", "b"), tuple(pictures), tuple(pictures), labels, chances)
            )
        found = ranking.rank(answers)
        assert found is not None
        pairs = [pair for pair in found.chances if found.best in pair]
        raised += any(found.chances[pair] < LUCK for pair in pairs)
        alone += any(
            comparing.mcnemar(len(found.only(*pair)), len(found.only(*pair[::-1]))) < LUCK
            for pair in pairs
        )
    assert alone / worlds > 0.10
    assert raised / worlds <= 0.05


def test_who_compares_many_is_told_so() -> None:
    one, other = made(("ant", "ant", 0.9)), made(("ant", "bee", 0.9))
    found = ranking.rank([one, other, one])
    assert found is not None
    told = found.in_words("ABC")
    assert len(told) == 3
    assert "3 pairs were compared" in told[-1]
