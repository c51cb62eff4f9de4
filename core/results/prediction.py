"""What a model sees in one picture: plain data, which the pages can hold without TensorFlow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}

# JSON Schema of an answer; see docs/results.md.
ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string"},
        "confidence": _SHARE,
        "top": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "prefixItems": [{"type": "string"}, _SHARE],
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "familiar": {"anyOf": [_SHARE, {"type": "null"}]},
        "known": {"type": ["boolean", "null"]},
        "model": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        "sure": {"type": "boolean"},
    },
    "required": ["label", "confidence", "top", "familiar", "known", "model"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Prediction:
    """What the model sees in one picture.

    Attributes:
        file: The picture's name, as it came.
        label: The class it is most sure of; empty where the picture cannot be read.
        confidence: How sure, from 0 to 1.
        top: The classes it is most sure of, with confidence, most sure first.
        thumbnail: The picture upright, as JPEG, or the file that holds it.
        seen: The same of the square that the model saw; None where that is the picture squashed.
        error: Why the picture cannot be read, in plain words.
        familiar: The share of pictures like the training pictures that look less familiar; None
            where the model cannot tell.
        known: Whether that is enough for the picture to be of something it was taught; None where
            the model cannot tell. The label is its best guess either way.
        sure: Whether the answer is as sure as the model's cut-off asks; None without a cut-off.
        model: SHA-256 of `model.keras`; None of a model that was not trained here.
        original: The picture's file as it came: its bytes, or a file that holds them; None where it
            is not kept.
    """

    file: str
    label: str = ""
    confidence: float = 0.0
    top: tuple[tuple[str, float], ...] = ()
    thumbnail: bytes | Path | None = None
    seen: bytes | Path | None = None
    error: str | None = None
    familiar: float | None = None
    known: bool | None = None
    sure: bool | None = None
    model: str | None = None
    original: bytes | Path | None = None

    @property
    def certainty(self) -> float:
        """By what answers are put in order; see `certainty`."""
        return certainty(self.top, self.familiar)

    def answer(self) -> dict[str, Any]:
        """What the model says of the picture, as every page, command and program gives it.

        It is as `ANSWER` describes it.
        """
        told: dict[str, Any] = {
            "label": self.label,
            "confidence": self.confidence,
            "top": [[label, sure] for label, sure in self.top],
            "familiar": self.familiar,
            "known": self.known,
            "model": self.model,
        }
        return told if self.sure is None else told | {"sure": self.sure}


def certainty(top: Sequence[Sequence[Any]], familiar: float | None) -> float:
    """How sure an answer is, from 0 to 1; how familiar the picture looks where that is all it says.

    Args:
        top: As in `Prediction`. A single class always has a confidence of 1.
        familiar: As in `Prediction`.
    """
    if len(top) == 1 and familiar is not None:
        return familiar
    return float(top[0][1]) if top else 0.0


def as_table(predictions: Iterable[Prediction], top: int) -> Iterator[list[str | float]]:
    """Rows for a CSV file, with a heading; pictures that cannot be read are not among them.

    Args:
        predictions: What was seen.
        top: How many classes of each there are columns for.
    """
    places = range(1, top + 1)
    columns = [name for place in places for name in (f"label_{place}", f"confidence_{place}")]
    yield ["file", "label", "confidence", *columns, "familiar", "known"]
    for each in predictions:
        if not each.error:
            pairs: list[str | float] = [value for pair in each.top[:top] for value in pair]
            familiar = "" if each.familiar is None else each.familiar
            known = "" if each.known is None else "yes" if each.known else "no"
            pairs += [""] * (len(columns) - len(pairs))
            yield [each.file, each.label, each.confidence, *pairs, familiar, known]
