"""What a model sees in one picture: plain data, which the pages can hold without TensorFlow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


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
    """

    file: str
    label: str = ""
    confidence: float = 0.0
    top: tuple[tuple[str, float], ...] = ()
    thumbnail: bytes | Path | None = None
    seen: bytes | Path | None = None
    error: str | None = None


def as_table(predictions: Iterable[Prediction], top: int) -> Iterator[list[str | float]]:
    """Rows for a CSV file, with a heading; pictures that cannot be read are not among them.

    Args:
        predictions: What was seen.
        top: How many classes of each there are columns for.
    """
    places = range(1, top + 1)
    columns = [name for place in places for name in (f"label_{place}", f"confidence_{place}")]
    yield ["file", "label", "confidence", *columns]
    for each in predictions:
        if not each.error:
            pairs = [value for pair in each.top[:top] for value in pair]
            yield [each.file, each.label, each.confidence, *pairs]
