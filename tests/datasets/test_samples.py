"""The starter sets."""

import hashlib
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import reading
from core.datasets.samples import samples, sketches
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.settings import SplitSettings


@pytest.mark.slow
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_sample_reads_as_any_data_set(name: str, tmp_path: Path) -> None:
    sample = samples.SAMPLES[name]
    steps: list[tuple[int, int]] = []
    samples.write(name, tmp_path / name, lambda done, total: steps.append((done, total)))
    assert steps == [(done, sample.images) for done in range(1, sample.images + 1)]
    found = reading.read(open_source(tmp_path / name), split=SplitSettings())
    assert found.classes == sample.classes
    assert len(found.records) == sample.images
    assert set(found.counts.values()) == {sample.images // len(sample.classes)}
    assert not found.skipped
    assert len({record.digest for record in found.records}) == sample.images


@pytest.mark.slow
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_examples_are_not_in_the_set(name: str, tmp_path: Path) -> None:
    samples.write(name, tmp_path)
    known = {hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.rglob("*.png")}
    found = samples.examples(name)
    assert len(found) == 8
    assert len({file for file, _, _ in found}) == 8
    assert {label for _, _, label in found} <= set(samples.SAMPLES[name].classes)
    for _, data, _ in found:
        assert hashlib.sha256(data).digest() not in known
        assert Image.open(io.BytesIO(data)).format == "PNG"


def test_sketches_are_the_same_every_time() -> None:
    for name in sketches.DRAWERS:
        one, two = sketches.draw(name, "7"), sketches.draw(name, "7")
        assert one.tobytes() == two.tobytes()
        assert one.size == (sketches.SIZE, sketches.SIZE)
        assert one.tobytes() != sketches.draw(name, "8").tobytes()


def test_sketch_examples_show_every_class_twice() -> None:
    labels = Counter(label for _, _, label in samples.examples("sketches"))
    assert labels == dict.fromkeys(sketches.DRAWERS, 2)


@pytest.mark.slow
def test_colours_and_places_say_nothing_about_a_sketch() -> None:
    """Choosing the class whose mean picture is nearest is right less than half of the time."""
    pictures = {
        name: np.stack(
            [
                np.asarray(sketches.draw(name, str(seed)).resize((12, 12)), float)
                for seed in range(40)
            ]
        )
        for name in sketches.DRAWERS
    }
    means = {name: stack[:20].mean(axis=0) for name, stack in pictures.items()}
    right = sum(
        min(means, key=lambda other: float(((picture - means[other]) ** 2).sum())) == name
        for name, stack in pictures.items()
        for picture in stack[20:]
    )
    assert right / 80 < 0.5


def test_digits_are_dark_on_white() -> None:
    for _, data, _ in samples.examples("digits"):
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        assert pixels.shape == (112, 112)
        assert pixels[0, 0] == 255
        assert pixels.min() < 60


def test_unknown_sample(tmp_path: Path) -> None:
    for act in (lambda: samples.write("birds", tmp_path), lambda: samples.examples("birds")):
        with pytest.raises(UserError, match="among sketches, digits, received “birds”"):
            act()
