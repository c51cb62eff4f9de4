"""The numbers of an evaluation, worked out by hand."""

import numpy as np
import pytest

from core.datasets.dataset import Record
from core.results.evaluation import evaluate, mixed_up, wilson

CLASSES = ("ant", "bee", "cat", "dog")


def records(labels: str) -> list[Record]:
    names = {name[0]: name for name in CLASSES}
    return [
        Record(f"{i}.png", names[label], "test", f"{i:064x}", 8, 8, 1)
        for i, label in enumerate(labels)
    ]


def answers(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


def sure(letters: str, confidence: float = 0.7) -> np.ndarray:
    """Answers that are as sure of the class with each letter, the rest shared out evenly."""
    made = np.full((len(letters), len(CLASSES)), (1 - confidence) / (len(CLASSES) - 1))
    for row, letter in zip(made, letters, strict=True):
        row["abcd".index(letter)] = confidence
    return made


# True:      a a a b b c c c c a       d is never there; c is never predicted
TRUE = "aaabbcccca"
PREDICTED = "aabbbabdda"


def test_by_hand() -> None:
    found = evaluate(sure(PREDICTED), records(TRUE), CLASSES)
    assert found["classes"] == list(CLASSES)
    assert found["images"] == 10
    assert found["correct"] == 5
    assert found["accuracy"] == 0.5
    assert found["confusion"] == [
        [3, 1, 0, 0],  # four ants: three found, one taken for a bee
        [0, 2, 0, 0],
        [1, 1, 0, 2],  # four cats, none found
        [0, 0, 0, 0],
    ]
    assert found["per_class"] == {
        "ant": {"precision": 3 / 4, "recall": 3 / 4, "f1": 3 / 4, "images": 4},
        "bee": {"precision": 2 / 4, "recall": 1.0, "f1": pytest.approx(2 / 3), "images": 2},
        "cat": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 4},
        "dog": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 0},
    }


def test_mistakes_are_the_surest_first() -> None:
    probabilities = answers(
        (0.4, 0.3, 0.2, 0.1),  # right
        (0.6, 0.4, 0.0, 0.0),  # a bee taken for an ant, rather sure
        (0.1, 0.2, 0.2, 0.5),  # a cat taken for a dog, less so
        (0.01, 0.99, 0.0, 0.0),  # an ant taken for a bee, very sure
    )
    mistakes = evaluate(probabilities, records("abca"), CLASSES)["mistakes"]
    assert [(m["file"], m["label"], m["predicted"], m["confidence"]) for m in mistakes] == [
        ("3.png", "ant", "bee", 0.99),
        ("1.png", "bee", "ant", 0.6),
        ("2.png", "cat", "dog", 0.5),
    ]
    assert mistakes[0]["digest"] == f"{3:064x}"


def test_not_more_than_200_mistakes_are_told() -> None:
    found = evaluate(sure("b" * 250), records("a" * 250), CLASSES)
    assert len(found["mistakes"]) == 200
    assert found["accuracy"] == 0


def test_all_right() -> None:
    found = evaluate(sure("abcd"), records("abcd"), CLASSES)
    assert found["accuracy"] == 1
    assert found["mistakes"] == []
    assert all(row["f1"] == 1 for row in found["per_class"].values())


@pytest.mark.parametrize(
    ("correct", "images", "low", "high"),
    [  # statsmodels' proportion_confint(method="wilson")
        (18, 20, 0.6990, 0.9721),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (860, 1000, 0.8371, 0.8801),
    ],
)
def test_wilson(correct: int, images: int, low: float, high: float) -> None:
    assert wilson(correct, images) == pytest.approx((low, high), abs=1e-4)


def test_the_ends_of_an_interval_are_exact() -> None:
    """Else “> 99%” is said of what is 100%."""
    for images in range(1, 500):
        assert wilson(images, images)[1] == 1
        assert wilson(0, images)[0] == 0


def test_the_interval_of_an_evaluation() -> None:
    found = evaluate(sure(PREDICTED), records(TRUE), CLASSES)
    assert found["interval"] == wilson(5, 10)


def test_what_was_mixed_up_comes_with_the_commonest_first() -> None:
    confusion = [[5, 1, 0], [3, 9, 0], [0, 2, 4]]
    assert mixed_up(("cat", "dog", "owl"), confusion) == [
        ("dog", "cat", 3),
        ("owl", "dog", 2),
        ("cat", "dog", 1),
    ]
    assert mixed_up(("cat", "dog"), [[2, 0], [0, 2]]) == []
