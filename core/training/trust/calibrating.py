"""The temperature of the model that is kept, and how much it mends."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from core.network import temperature
from core.results import calibration
from core.training.exact import SAMPLE, Choice

FEWEST = 10  # validation pictures; what fewer say of how sure to be is chance
_FOLDS = 5

Probabilities = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


class FittedOn(StrEnum):
    """The answers that a temperature comes from."""

    LEFT_OUT = "left out"  # training pictures, each left out in turn
    VALIDATION = "validation"


@dataclass(frozen=True)
class Calibration:
    """A temperature and where it comes from.

    Attributes:
        temperature: What the scores are divided by. Those of the exact solution are no scores of a
            softmax until they have been.
        fitted_on: The answers that it comes from; None where there were too few.
        images: How many answers there were.
    """

    temperature: float = 1.0
    fitted_on: FittedOn | None = None
    images: int = 0

    @classmethod
    def on_validation(cls, probabilities: Probabilities, labels: Places) -> "Calibration":
        """Fit it on validation pictures, where there are enough of them.

        Args:
            probabilities: The model's answers to them, [pictures, classes].
            labels: The place of each picture's class.
        """
        if len(labels) < FEWEST:
            return cls(images=len(labels))
        return cls(temperature.fit(probabilities, labels), FittedOn.VALIDATION, len(labels))

    @classmethod
    def of_solution(cls, choice: Choice, images: int) -> "Calibration":
        """That of an exact solution, which is in its weights from the beginning.

        Args:
            choice: What it was solved with.
            images: How many training images there are.
        """
        return cls(1 / choice.sharpness, FittedOn.LEFT_OUT, min(images, SAMPLE))

    def told(
        self, probabilities: Probabilities, labels: Places, *, fitted_on_these: bool
    ) -> dict[str, Any]:
        """How well calibrated the model's answers are, and were before.

        Args:
            probabilities: Its answers to the pictures that it is judged on, calibrated.
            labels: The place of each picture's class.
            fitted_on_these: Whether these are the validation pictures. If the temperature was
                fitted on them, each is judged at one that was fitted on others of them.

        Returns:
            As `calibration.reliability`, and before: the expected calibration error without the
            temperature, None for an exact solution; temperature, fitted_on and fitted_images.
        """
        honest, before = probabilities, None
        right = probabilities.argmax(axis=1) == labels
        if self.fitted_on is not FittedOn.LEFT_OUT:
            raw = temperature.apply(probabilities, 1 / self.temperature)
            before = calibration.reliability(raw.max(axis=1), right)["error"]
            if self.fitted_on and fitted_on_these:
                honest = _in_turn(raw, labels)
        return calibration.reliability(honest.max(axis=1), right) | {
            "before": before,
            "temperature": round(self.temperature, 6),
            "fitted_on": self.fitted_on,
            "fitted_images": self.images,
        }


def _in_turn(raw: Probabilities, labels: Places) -> Probabilities:
    """Each answer at a temperature that was fitted on four fifths of the others."""
    folds = np.random.default_rng(0).permutation(len(labels)) % _FOLDS
    found = np.empty_like(raw)
    for fold in range(_FOLDS):
        held = folds == fold
        found[held] = temperature.apply(raw[held], temperature.fit(raw[~held], labels[~held]))
    return found
