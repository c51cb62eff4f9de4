"""From a number to its pictures: what is kept of each answer, and what follows from it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.dataset import Record
from core.errors import UserError
from core.results import calibration, evaluation
from core.results.answers import choosing, comparing, intervals, kept
from core.results.answers.choosing import ANY, WRONG, Wanted
from core.storage import arrays

CLASSES = ("ant", "bee", "cat")


def made(*said: tuple[str, str, float], classes: tuple[str, ...] = CLASSES) -> kept.Answers:
    """Answers: the class that a picture has, the one that it is taken for, how sure."""
    records, rows = [], []
    for number, (true, predicted, sure) in enumerate(said):
        records.append(Record(f"{number}.png", true, "test", f"{number:064x}", 8, 8, 1))
        rest = (1 - sure) / (len(classes) - 1)
        rows.append([sure if name == predicted else rest for name in classes])
    return kept.of_records(np.array(rows), records, classes)


ANSWERS = made(
    ("ant", "ant", 0.9),
    ("ant", "bee", 0.6),
    ("ant", "bee", 0.8),
    ("bee", "bee", 0.99),
    ("bee", "cat", 0.4),
    ("cat", "cat", 0.5),
    ("cat", "ant", 1.0),
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept.keep(tmp_path, ANSWERS)
    found = kept.read(tmp_path)
    assert found is not None
    assert (found.classes, found.files, found.digests) == (
        ANSWERS.classes,
        ANSWERS.files,
        ANSWERS.digests,
    )
    assert np.array_equal(found.labels, ANSWERS.labels)
    assert np.array_equal(found.probabilities, ANSWERS.probabilities)


@pytest.mark.parametrize(
    "damage",
    [
        {"labels": np.array([0, 1, 2, 0, 1, 2, 3], np.int32)},
        {"labels": np.zeros(6, np.int32)},
        {"labels": np.zeros(7)},
        {"probabilities": np.full((7, 3), np.nan, np.float32)},
        {"probabilities": np.full((7, 3), 2, np.float32)},
        {"probabilities": np.zeros((7, 2), np.float32)},
        {"digests": ["../../etc/passwd"] * 7},
        {"files": [1] * 7},
        {"classes": "abc"},
    ],
    ids=str,
)
def test_what_is_damaged_counts_as_not_there(tmp_path: Path, damage: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        "classes": list(CLASSES),
        "files": list(ANSWERS.files),
        "digests": list(ANSWERS.digests),
    }
    told = {"labels": ANSWERS.labels.astype(np.int32), "probabilities": ANSWERS.probabilities}
    arrays.write(tmp_path / "judged.npz", facts, told)
    assert kept.read(tmp_path) is not None
    given = facts | told | damage
    arrays.write(
        tmp_path / "judged.npz",
        {name: given[name] for name in facts},
        {name: given[name] for name in told},
    )
    assert kept.read(tmp_path) is None
    (tmp_path / "judged.npz").write_bytes(b"PK nonsense")
    assert kept.read(tmp_path) is None


def test_results_of_another_evaluation_do_not_get_these_answers(tmp_path: Path) -> None:
    kept.keep(tmp_path, ANSWERS)
    records = [
        Record(name, CLASSES[label], "test", digest, 8, 8, 1)
        for name, label, digest in zip(ANSWERS.files, ANSWERS.labels, ANSWERS.digests, strict=True)
    ]
    results = evaluation.evaluate(ANSWERS.probabilities, records, CLASSES)
    assert kept.of(tmp_path, results).whole
    other = evaluation.evaluate(ANSWERS.probabilities[1:], records[1:], CLASSES)
    of_mistakes = kept.of(tmp_path, other)
    assert not of_mistakes.whole
    assert of_mistakes.files == ("6.png", "2.png", "1.png", "4.png")
    assert [CLASSES[each] for each in of_mistakes.predicted] == ["ant", "bee", "bee", "cat"]
    assert of_mistakes.confidence == pytest.approx([1.0, 0.8, 0.6, 0.4])


def test_every_cell_opens_exactly_its_pictures() -> None:
    table = np.zeros((3, 3), int)
    for true in range(3):
        for predicted in range(3):
            found = choosing.places(ANSWERS, Wanted(true, predicted))
            assert all(ANSWERS.labels[found] == true)
            assert all(ANSWERS.predicted[found] == predicted)
            table[true, predicted] = len(found)
    assert table.tolist() == [[1, 2, 0], [0, 1, 1], [1, 0, 1]]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [6, 2, 1, 4]),  # mistakes, the surest first
        (Wanted(least_sure=True), [4, 1, 2, 6]),
        (Wanted(0, ANY), [0, 2, 1]),  # a class's row
        (Wanted(0, WRONG), [2, 1]),
        (Wanted(ANY, 1), [3, 2, 1]),  # a column
        (Wanted(ANY, ANY, 9), [6, 3, 0]),  # certainty itself is in the last range
        (Wanted(ANY, ANY, 5, least_sure=True), [5]),
        (Wanted(ANY, ANY, 3), []),
        (Wanted(ANY, ANY, least=0.8), [6, 3, 0, 2]),
        (Wanted(ANY, ANY, below=0.8), [1, 5, 4]),
        (Wanted(2, 1), []),
    ],
)
def test_which_pictures_stand_behind_a_number(wanted: Wanted, expected: list[int]) -> None:
    assert choosing.places(ANSWERS, wanted).tolist() == expected


@pytest.mark.parametrize("confidence", np.linspace(0, 1, 101).tolist())
def test_every_bar_of_the_reliability_diagram_opens_as_many_pictures_as_it_says(
    confidence: float,
) -> None:
    """Also where confidences lie on the border of two ranges, in float32."""
    rng = np.random.default_rng(int(100 * confidence))
    sure = np.clip(confidence + np.float32(rng.normal(0, 1e-7, 40)), 1 / 3, 1)
    answers = made(*[("ant", "ant", float(each)) for each in sure])
    bins = calibration.reliability(answers.confidence, answers.right)["bins"]
    counts = {round(10 * each["from"]): each["images"] for each in bins}
    for number in range(10):
        found = choosing.places(answers, Wanted(ANY, ANY, number))
        assert len(found) == counts.get(number, 0)


def test_near_misses_are_those_whose_two_best_classes_are_closest() -> None:
    assert choosing.near_misses(ANSWERS, 2).tolist() == [4, 5]


def test_intervals_of_a_class() -> None:
    # ant: 1 hit of 3, taken for it 2; so 1 of 4 among all that concern it
    found = intervals.of_classes(CLASSES, [[1, 2, 0], [0, 1, 1], [1, 0, 1]])["ant"]
    assert found["recall"] == evaluation.wilson(1, 3)
    assert found["precision"] == evaluation.wilson(1, 2)
    low, high = evaluation.wilson(1, 4)
    assert found["f1"] == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    nothing = intervals.of_classes(("a", "b"), [[0, 0], [0, 5]])["a"]
    assert nothing == dict.fromkeys(("recall", "precision", "f1"), (0.0, 1.0))


def test_the_interval_of_f1_holds_as_often_as_it_says() -> None:
    """Simulated: 4,000 evaluations of classes whose true F1 is known."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(4000):
        share = rng.uniform(0.1, 0.6)  # of all pictures that are of the class
        recall, false = rng.uniform(0.5, 0.95), rng.uniform(0.02, 0.2)
        hit, miss, wrong = share * recall, share * (1 - recall), (1 - share) * false
        true = 2 * hit / (2 * hit + miss + wrong)
        hits, misses, wrongs, rest = rng.multinomial(
            150, [hit, miss, wrong, 1 - hit - miss - wrong]
        )
        table = [[int(hits), int(misses)], [int(wrongs), int(rest)]]
        low, high = intervals.of_classes(("a", "b"), table)["a"]["f1"]
        held += low <= true <= high
    assert held / 4000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("gained", "lost", "chance"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (1, 5, 0.21875), (7, 7, 1.0),
     (10, 2, 0.03857421875)],
)  # fmt: skip
def test_mcnemar(gained: int, lost: int, chance: float) -> None:
    assert comparing.mcnemar(gained, lost) == chance
    assert comparing.mcnemar(lost, gained) == chance


def test_mcnemar_of_very_many() -> None:
    assert comparing.mcnemar(9000, 1000) < 1e-100
    assert comparing.mcnemar(5000, 4900) == pytest.approx(0.3197, abs=2e-3)


def test_two_runs_on_the_pictures_that_both_have() -> None:
    """By digest, by the classes that pictures have now, whatever each run calls which number."""
    first = made(
        ("ant", "ant", 0.9),
        ("bee", "ant", 0.9),
        ("bee", "bee", 0.9),
        ("cat", "bee", 0.9),
    )
    second = made(
        ("ant", "ant", 0.9),
        ("ant", "ant", 0.9),  # was a bee
        ("bee", "ant", 0.9),
        ("cat", "cat", 0.9),
        ("cat", "cat", 0.9),  # only the second knows this one
        classes=("cat", "ant", "bee"),
    )
    compared = comparing.compare(first, second)
    assert compared is not None
    assert compared.images == 4
    assert compared.correct == (3, 3)
    assert compared.gained.tolist() == [3]
    assert compared.lost.tolist() == [2]
    assert compared.relabelled.tolist() == [False, True, False, False]
    assert compared.chance == 1
    told = comparing.in_words(compared, "before", "now")
    assert "can well be luck" in told
    assert "“before” alone is right about 1 of these, “now” alone about 1" in told


def test_two_runs_without_a_picture_in_common() -> None:
    other = made(("ant", "ant", 0.9))
    moved = kept.Answers(other.classes, other.files, ("f" * 64,), other.labels, other.probabilities)
    assert comparing.compare(ANSWERS, moved) is None


def test_a_difference_beyond_luck_is_said() -> None:
    wrong = made(*[("ant", "bee", 0.9)] * 12)
    right = made(*[("ant", "ant", 0.9)] * 12)
    compared = comparing.compare(wrong, right)
    assert compared is not None
    told = comparing.in_words(compared, "before", "now")
    assert "“now” is better by more than luck would explain" in told
    assert "less than 0.1%" in told
    same = comparing.compare(right, right)
    assert same is not None
    assert "no difference" in comparing.in_words(same, "before", "now")


def test_facts_and_arrays_of_a_newer_thaw_are_not_guessed_at(tmp_path: Path) -> None:
    kept.keep(tmp_path, ANSWERS)
    facts, told = arrays.read(tmp_path / "judged.npz") or ({}, {})
    arrays.write(tmp_path / "judged.npz", facts | {"format": 99}, told)
    with pytest.raises(UserError):
        kept.read(tmp_path)
