"""Likeness: high only where an untouched network is confident and says the same of alike images."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.advice import survey
from core.advice.likeness import LIKE, Likeness, likeness
from core.datasets import store
from core.datasets.feed import ImageFeed, SourceFeed, StoredFeed
from core.datasets.samples import samples, sketches
from core.intake.archives.archive import open_source
from core.settings import SplitSettings

LABELS = [f"thing {number}" for number in range(1000)]
ROOT = Path(__file__).parents[2]


def sure_of(*places: int, by: float = 1.0) -> np.ndarray:
    """Probabilities [images, 1000]: each image is one thing, as sure as that."""
    rows = np.full((len(places), 1000), (1 - by) / 999)
    rows[np.arange(len(places)), places] = by
    return rows


def value(**classes: np.ndarray) -> float:
    return likeness(classes, LABELS).value


def test_sure_of_one_thing_is_one_and_no_idea_is_nothing() -> None:
    assert value(a=sure_of(7, 7, 7), b=sure_of(8, 8)) == 1
    assert value(a=np.full((3, 1000), 0.001)) == pytest.approx(0, abs=1e-6)


def test_confidence_counts() -> None:
    values = [value(a=sure_of(7, 7, 7, by=sure)) for sure in (0.1, 0.3, 0.6, 0.9)]
    assert values == sorted(set(values))


def test_consistency_counts() -> None:
    assert value(a=sure_of(1, 2, 3, 4)) == pytest.approx(1 - np.log(2) / np.log(1000), abs=1e-4)
    assert value(a=sure_of(1, 2, 3, 4)) < value(a=sure_of(1, 1, 3, 3)) < value(a=sure_of(1, 1, 1))


@pytest.mark.slow
def test_it_does_not_depend_on_how_many_images_there_are() -> None:
    random = np.random.default_rng(0)
    rows = random.dirichlet(np.full(1000, 0.02), 120)
    few = np.mean([value(a=rows[start : start + 4]) for start in range(0, 120, 4)])
    assert few == pytest.approx(value(a=rows), abs=0.01)


def test_every_class_counts_the_same() -> None:
    clear, unclear = sure_of(*[5] * 9), np.full((2, 1000), 0.001)
    assert value(a=clear, b=unclear) == pytest.approx(0.5, abs=1e-3)


def test_one_image_is_judged_alone() -> None:
    assert value(a=sure_of(3)) == 1


def test_what_it_takes_each_class_for() -> None:
    found = likeness({"a": sure_of(4, 4, 9, by=0.7)}, LABELS)
    assert found.named == {"a": ("thing 4", pytest.approx(0.4668, abs=1e-3))}
    assert found.images == 3
    assert Likeness.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def many(folder: Path, each: int = 30) -> Path:
    """More pictures of each class than are looked at; one of them is in both."""
    for place, label in enumerate(("left", "right")):
        (folder / label).mkdir(parents=True)
        for number in range(each):
            drawn = sketches.draw(tuple(sketches.DRAWERS)[place], f"{label} {number}")
            drawn.save(folder / label / f"{number}.png")
    shutil.copy(folder / "left" / "3.png", folder / "right" / "copy.png")
    return folder


def routes(folder: Path, tmp_path: Path) -> dict[str, ImageFeed]:
    """The same pictures as a terminal has them, in a folder and in a zip, and as the app does."""
    archive = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", folder))
    source = open_source(archive)
    store.import_dataset(source, tmp_path / "kept", split=SplitSettings(), name="kept")
    return {
        "folder": SourceFeed(open_source(folder), SplitSettings()),
        "zip": SourceFeed(open_source(archive), SplitSettings()),
        "stored": StoredFeed(tmp_path / "kept"),
    }


def test_the_same_images_are_looked_at_on_every_way(tmp_path: Path) -> None:
    chosen, pixels = [], []
    for feed in routes(many(tmp_path / "many"), tmp_path).values():
        dataset = feed.read(lambda _: False, lambda _: None, 64, lambda *_: None)
        chosen.append(survey.sample(dataset.records))
        wanted = {digest for digests in chosen[-1].values() for digest in digests}
        seen: dict[str, bytes] = {}
        feed.read(
            wanted.__contains__,
            lambda one, seen=seen: seen.update({one.digest: one.image.tobytes()}),
            64,
            lambda *_: None,
        )
        assert seen.keys() == wanted
        pixels.append(seen)
    assert all(len(digests) == 20 for digests in chosen[0].values())
    assert chosen[0] == chosen[1] == chosen[2]
    assert pixels[0] == pixels[1] == pixels[2]


@pytest.mark.slow
@pytest.mark.usefixtures("warm_home")
def test_likeness_is_the_same_number_on_every_way(tmp_path: Path) -> None:
    found = {
        name: survey.measure(feed, lambda *_: None)[1]
        for name, feed in routes(many(tmp_path / "many"), tmp_path).items()
    }
    assert found["folder"] == found["zip"] == found["stored"]


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.usefixtures("warm_home")
def test_photos_are_nearer_than_drawings(material: Path, tmp_path: Path) -> None:
    from core.advice.survey import measure

    drawn = tmp_path / "digits"
    samples.write("digits", drawn)
    folders = {path.name: path for path in (material / "datasets").iterdir() if path.is_dir()}

    def of(folder: Path) -> float:
        feed = SourceFeed(open_source(folder), SplitSettings())
        return measure(feed, lambda *_: None)[1].value

    photos = [of(folders[name]) for name in ("flowers5", "food_imbalanced3", "fruits4")]
    drawings = [of(folders["handdrawn_greek24"]), of(drawn)]
    assert max(drawings) < LIKE < min(photos)
    assert min(photos) - max(drawings) > 0.1


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_survey_keeps_tensorflow_out_of_its_process(tmp_path: Path) -> None:
    """It runs where data sets are read, which stays light: conversion has a process of its own."""
    samples.write("sketches", tmp_path / "sketches")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.intake.archives.archive import open_source\n"
        "from core.datasets.feed import SourceFeed\n"
        "from core.settings import SplitSettings\n"
        "from core.advice.survey import measure\n"
        "feed = SourceFeed(open_source(Path(sys.argv[1])), SplitSettings())\n"
        "print(measure(feed, lambda *_: None)[1].value, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(tmp_path / "sketches")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, heavy = done.stdout.split()
    assert 0.1 < float(found) < LIKE
    assert heavy == "False"
