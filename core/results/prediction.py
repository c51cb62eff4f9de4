"""What a model sees in one picture: plain data, which the pages can hold without TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What the model sees in one picture.

    Attributes:
        file: The picture's name, as it came.
        label: The class it is most sure of; empty where the picture cannot be read.
        confidence: How sure, from 0 to 1.
        top: The classes it is most sure of, with confidence, most sure first.
        thumbnail: The picture upright, as JPEG.
        seen: The square that the model saw, as JPEG; None where that is the picture squashed.
        error: Why the picture cannot be read, in plain words.
    """

    file: str
    label: str = ""
    confidence: float = 0.0
    top: tuple[tuple[str, float], ...] = ()
    thumbnail: bytes | None = None
    seen: bytes | None = None
    error: str | None = None
