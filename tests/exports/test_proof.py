"""What is measured of an export, and what keeps it from being offered."""

from dataclasses import replace

import numpy as np
import pytest

from core.exports import proof, table
from core.exports.proof import Agreement, Proof

OURS = np.array([[0.7, 0.2, 0.1], [0.4, 0.401, 0.199], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]])
LABELS = [0, 1, 2, None]


def answers(probabilities: np.ndarray, **more: np.ndarray) -> dict[str, np.ndarray]:
    return {"probabilities": probabilities, **more}


def measured(same: float, largest: float, accuracy: float = 0.9) -> Proof:
    close = Agreement(same, largest, accuracy)
    return Proof(200, True, False, close, close, 0.9, 1000, 1.0, 0)


def test_the_same_answers_agree() -> None:
    assert proof.compare(answers(OURS), answers(OURS), LABELS) == Agreement(1.0, 0.0, 1.0)


def test_where_two_classes_are_as_likely_either_may_come_first() -> None:
    theirs = OURS.copy()
    theirs[1] = [0.4012, 0.3998, 0.199]
    assert proof.compare(answers(OURS), answers(theirs), LABELS).same == 1.0
    theirs[0] = [0.2, 0.7, 0.1]
    found = proof.compare(answers(OURS), answers(theirs), LABELS)
    assert (found.same, found.accuracy) == (0.75, pytest.approx(1 / 3))
    assert found.largest == pytest.approx(0.5)


def test_what_could_not_be_read_does_not_count() -> None:
    theirs = OURS.copy()
    theirs[0] = np.nan
    found = proof.compare(answers(OURS), answers(theirs), LABELS, unread={0})
    assert (found.same, found.largest, found.accuracy) == (1.0, 0.0, 1.0)
    assert proof.compare(answers(OURS), answers(theirs), LABELS, unread=range(4)).same == 0


@pytest.mark.parametrize("classes", [1, 3])
def test_an_answer_that_is_no_number_is_wrong(classes: int) -> None:
    """As where float16 overflows: nothing may pass because it cannot be compared."""
    ours = np.ones((4, 1)) if classes == 1 else OURS
    theirs = ours.copy()
    theirs[2] = np.nan
    found = proof.compare(answers(ours), answers(theirs), [0, 0, 0, 0])
    assert (found.same, found.largest >= 0.2) == (0.75, True)
    for name in ("onnx", "litert-f16"):
        assert proof.objection(table.find(name), replace(measured(1.0, 0.0), from_pixels=found))


def test_a_third_class_is_not_one_of_two_that_are_as_likely() -> None:
    theirs = OURS.copy()
    theirs[1] = [0.3, 0.3, 0.4]
    assert proof.compare(answers(OURS), answers(theirs), LABELS).same == 0.75


def test_a_score_that_got_lost_or_never_agrees_is_objected_to() -> None:
    ours = answers(OURS, familiar=np.array([0.9, 0.8, 0.1, 0.5]))
    swapped = answers(OURS, familiar=np.array([0.0, 0.0, 1.0, 0.0]))
    broken = answers(OURS, familiar=np.full(4, np.nan))
    for theirs in (answers(OURS), swapped, broken):
        found = proof.compare(ours, theirs, LABELS, threshold=0.3)
        assert found.known == 0
        assert found.familiar is not None
        assert proof.objection(table.find("onnx"), replace(measured(1.0, 0.0), from_pixels=found))


def test_one_class_is_no_other() -> None:
    one = np.ones((3, 1))
    assert proof.compare(answers(one), answers(one), [0, 0, None]).same == 1.0


def test_the_score_for_none_of_these_is_compared_as_well() -> None:
    ours = answers(OURS, familiar=np.array([0.9, 0.8, 0.1, 0.5]))
    theirs = answers(OURS, familiar=np.array([0.9, 0.8, 0.4, 0.5]))
    found = proof.compare(ours, theirs, LABELS, threshold=0.3)
    assert (found.familiar, found.known) == (pytest.approx(0.3), 0.75)
    assert proof.compare(ours, theirs, LABELS, threshold=0.6).known == 1
    format, unlike = table.find("onnx"), measured(1.0, 0.0)
    unlike = replace(unlike, from_pixels=replace(unlike.from_pixels, known=0.75))
    assert proof.objection(format, unlike)
    (told,) = proof.warnings(table.find("litert-int8"), unlike)
    assert "75.0%" in told


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("onnx", measured(1.0, 0.0009), measured(1.0, 0.0011)),
        ("onnx", measured(1.0, 0.0), measured(0.995, 0.0)),
        ("litert-f16", measured(0.995, 0.01), measured(0.99, 0.001)),
    ],
)
def test_what_answers_otherwise_is_not_offered(name: str, good: Proof, bad: Proof) -> None:
    assert proof.objection(table.find(name), good) is None
    told = proof.objection(table.find(name), bad)
    assert told
    assert "not offered" in told


def test_int8_is_offered_with_the_figure_where_it_costs_accuracy() -> None:
    format = table.find("litert-int8")
    assert proof.objection(format, measured(0.5, 0.5)) is None
    assert not proof.warnings(format, measured(0.95, 0.1, 0.891))
    (told,) = proof.warnings(format, measured(0.95, 0.1, 0.88))
    assert "88.0%" in told
    assert "90.0%" in told


def test_a_decoder_of_its_own_is_told() -> None:
    unlike = replace(measured(1.0, 0.0), from_file=Agreement(0.985, 0.2, 0.9), unread=3)
    own, unread = proof.warnings(table.find("savedmodel"), unlike)
    assert "98.5%" in own
    assert "3 of 200" in unread


def test_it_stays_what_it_is_in_a_file() -> None:
    made = replace(measured(1.0, 0.0), warnings=("slow",))
    assert Proof.from_dict(made.to_dict()) == made
