"""What a model said of each picture that it was evaluated on, kept beside the evaluation.

`judged.npz` holds it, for a run and for each of its evaluations on other pictures. Everything that
leads from a number to its pictures is arithmetic on it. Runs of earlier versions have none: of
those, only the mistakes in `results.json` are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.dataset import Record, labels_of
from core.errors import UserError
from core.storage import arrays, home

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Answers:
    """What a model said of some pictures.

    Attributes:
        classes: The model's classes, in its order.
        files: The name of each picture.
        digests: SHA-256 of each picture.
        labels: The place of each picture's own class, [pictures].
        probabilities: What the model said of each picture, [pictures, classes].
        whole: Whether these are all the pictures of the evaluation. Else they are mistakes alone,
            and of each only the probability of the predicted class is known; the others are 0.
    """

    classes: tuple[str, ...]
    files: tuple[str, ...]
    digests: tuple[str, ...]
    labels: Places
    probabilities: npt.NDArray[np.float32]
    whole: bool = True

    @cached_property
    def predicted(self) -> Places:
        """The place of the class that each picture was taken for, [pictures]."""
        found: Places = self.probabilities.argmax(axis=1)
        return found

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """How sure the model was of it, [pictures]."""
        found: npt.NDArray[np.float32] = self.probabilities.max(axis=1)
        return found

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """Which pictures it got right, [pictures]."""
        found: npt.NDArray[np.bool_] = self.predicted == self.labels
        return found

    def called(self, names: Mapping[str, str]) -> "Answers":
        """The same with other names for classes; one without another keeps its own."""
        return replace(self, classes=tuple(names.get(name, name) for name in self.classes))

    def take(self, places: Places) -> "Answers":
        """Those of some of the pictures, in this order."""
        return replace(
            self,
            files=tuple(self.files[place] for place in places),
            digests=tuple(self.digests[place] for place in places),
            labels=self.labels[places],
            probabilities=self.probabilities[places],
        )


def of_records(
    probabilities: npt.NDArray[np.floating], records: Sequence[Record], classes: Sequence[str]
) -> Answers:
    """What a model said of some records.

    Args:
        probabilities: Its answers, [records, classes].
        records: The pictures, in the same order.
        classes: The model's classes, in its order.
    """
    return Answers(
        tuple(classes),
        tuple(record.file for record in records),
        tuple(record.digest for record in records),
        labels_of(records, classes),
        np.asarray(probabilities, np.float32),
    )


def of_mistakes(results: Mapping[str, Any]) -> Answers:
    """What is known of single pictures where only the results are there: the surest mistakes."""
    classes = results["classes"]
    index = {label: number for number, label in enumerate(classes)}
    mistakes = [
        one for one in results["mistakes"] if {one["label"], one["predicted"]} <= set(index)
    ]
    probabilities = np.zeros((len(mistakes), len(classes)), np.float32)
    for row, mistake in zip(probabilities, mistakes, strict=True):
        row[index[mistake["predicted"]]] = mistake["confidence"]
    return Answers(
        tuple(classes),
        tuple(mistake["file"] for mistake in mistakes),
        tuple(mistake["digest"] for mistake in mistakes),
        np.array([index[mistake["label"]] for mistake in mistakes], np.intp),
        probabilities,
        whole=False,
    )


def keep(folder: Path, answers: Answers) -> None:
    """Write answers into the folder of a run or an evaluation.

    Raises:
        OSError: They can't be written.
    """
    facts = {
        "classes": list(answers.classes),
        "files": list(answers.files),
        "digests": list(answers.digests),
    }
    told = {"labels": answers.labels.astype(np.int32), "probabilities": answers.probabilities}
    arrays.write(folder / home.JUDGED, facts, told)


def read(folder: Path) -> Answers | None:
    """The answers in the folder of a run or an evaluation, by the classes' names in training.

    None where an earlier version has kept none, or where they are damaged: the numbers in
    `results.json` stand without them.

    Raises:
        UserError: A newer Thaw has written them.
    """
    found = arrays.read(folder / home.JUDGED)
    match found:
        case (
            {"classes": [*classes], "files": [*names], "digests": [*digests]},
            {"labels": labels, "probabilities": probabilities},
        ) if (
            all(isinstance(each, str) for each in (*classes, *names))
            and all(map(home.is_digest, digests))
            and len(names) == len(digests)
            and labels.shape == (len(names),)
            and labels.dtype == np.int32
            and probabilities.shape == (len(names), len(classes))
            and probabilities.dtype == np.float32
            and bool(np.isin(labels, np.arange(len(classes))).all())
            and bool(((probabilities >= 0) & (probabilities <= 1)).all())
        ):
            return Answers(
                tuple(classes),
                tuple(names),
                tuple(digests),
                labels.astype(np.intp),
                probabilities,
            )
    return None


def of(folder: Path, results: Mapping[str, Any]) -> Answers:
    """The answers behind results, or what those tell of single pictures.

    Args:
        folder: Of a run or an evaluation.
        results: What its `results.json` holds.
    """
    try:
        answers = read(folder)
    except UserError:
        answers = None
    matches = answers is not None and (
        len(answers.files) == results["images"] and list(answers.classes) == results["classes"]
    )
    return answers if answers is not None and matches else of_mistakes(results)
