"""Starter data sets that need no download: sketches drawn here, and scikit-learn's digits."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.samples import sketches
from core.errors import UserError
from core.saying import later

SKETCHES_PER_CLASS = 60
DIGITS_PER_CLASS = 100

_DIGIT_SIZE = 112  # pixels; the originals have 8 × 8
_EXAMPLES = 8


@dataclass(frozen=True)
class Sample:
    """A starter set, and what a person wants to know before choosing it."""

    name: str
    title: str
    description: str
    classes: tuple[str, ...]
    images: int


SAMPLES = {
    "sketches": Sample(
        name="sketches",
        title=later("Hand sketches"),
        description=later("Boats, cats, fish and houses, drawn by hand on all kinds of paper."),
        classes=tuple(sketches.DRAWERS),
        images=SKETCHES_PER_CLASS * len(sketches.DRAWERS),
    ),
    "digits": Sample(
        name="digits",
        title=later("Handwritten digits"),
        description=later("The digits 0 to 9, written by 43 people, from scikit-learn."),
        classes=tuple("0123456789"),
        images=DIGITS_PER_CLASS * 10,
    ),
}


def write(sample_name: str, folder: Path, report: Callable[[int, int], None] | None = None) -> None:
    """Write a starter set as class folders of PNG files.

    Args:
        sample_name: One of SAMPLES.
        folder: Where the class folders go; it is made if need be.
        report: Called with images done and images in all; what it raises ends the work.

    Raises:
        UserError: There is no such starter set.
    """
    sample = find(sample_name)
    for name in sample.classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
    images = _digits(0, DIGITS_PER_CLASS) if sample_name == "digits" else _sketches()
    for done, (label, number, image) in enumerate(images, 1):
        (folder / label / f"{label}-{number:03}.png").write_bytes(_png(image))
        if report:
            report(done, sample.images)


def examples(sample_name: str) -> list[tuple[str, bytes, str]]:
    """Images to try a trained network on, none of which is in the starter set.

    Returns:
        File name, PNG bytes and true class of each; the classes take turns.

    Raises:
        UserError: There is no such starter set.
    """
    sample = find(sample_name)
    if sample_name == "digits":
        chosen = list(_digits(DIGITS_PER_CLASS, DIGITS_PER_CLASS + 1))[:_EXAMPLES]
        found = [(label, image) for label, _, image in chosen]
    else:
        found = [
            (label, sketches.draw(label, f"example {number}"))
            for number in range(_EXAMPLES // len(sample.classes))
            for label in sample.classes
        ]
    return [
        (f"try-{number}.png", _png(image), label) for number, (label, image) in enumerate(found, 1)
    ]


def find(sample_name: str) -> Sample:
    """A starter set by its name.

    Raises:
        UserError: There is none of that name.
    """
    if sample_name not in SAMPLES:
        raise UserError(
            "Expected a starter set among {samples}, received “{sample_name}”.",
            samples=", ".join(SAMPLES),
            sample_name=sample_name,
        )
    return SAMPLES[sample_name]


def _sketches() -> Iterator[tuple[str, int, Image.Image]]:
    for label in sketches.DRAWERS:
        for number in range(1, SKETCHES_PER_CLASS + 1):
            yield label, number, sketches.draw(label, str(number))


def _digits(first: int, end: int) -> Iterator[tuple[str, int, Image.Image]]:
    """The digits of each class from `first` to before `end`, as dark ink on white paper."""
    from sklearn.datasets import load_digits  # slow to import, and only needed here

    digits = load_digits()
    for label in range(10):
        of_label = digits.images[digits.target == label][first:end]
        for number, grey in enumerate(of_label, first + 1):
            small = Image.fromarray(np.rint(255 - grey * (255 / 16)).astype(np.uint8))
            large = small.resize((_DIGIT_SIZE, _DIGIT_SIZE), Image.Resampling.BICUBIC)
            yield str(label), number, large


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
