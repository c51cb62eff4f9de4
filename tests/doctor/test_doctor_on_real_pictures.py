"""What the data doctor finds in real pictures, measured."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.near_duplicates import measured
from core.datasets import image_files, store
from core.datasets.samples import samples
from core.doctor import (
    atlas,
    checkup,
    guessing,
    looking,
)
from core.doctor.finding import Kind
from core.doctor.findings import (
    duplicates,
    labels,
    outliers,
    shortcuts,
)
from core.doctor.looking import Sight
from core.intake.archives.archive import open_source
from core.settings import SplitSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
SEEDS = range(2)  # of five the mean is in benchmarks/README.md

Look = Callable[[Path], Sight]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warm")


@pytest.fixture(autouse=True)
def warm_home(warm: Path, thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features are made once for all tests here."""
    monkeypatch.setenv("THAW_HOME", str(warm))


@pytest.fixture(scope="module")
def seen() -> dict[Path, Sight]:
    return {}


@pytest.fixture
def look(seen: dict[Path, Sight]) -> Look:
    def at(folder: Path) -> Sight:
        if folder not in seen:
            seen[folder] = looking.at_source(open_source(folder), SplitSettings(), lambda *_: None)
        return seen[folder]

    return at


@pytest.mark.exhaustive
def test_copies_are_found_and_few_others_taken_for_them(material: Path) -> None:
    rows = {row["what"]: row["share"] for row in measured(material / "datasets" / "flowers5", 60)}
    assert rows["copies found, all"] >= 0.95
    assert rows["images taken for copies"] < 0.01


def test_most_swapped_labels_are_among_as_many_suspects(material: Path, look: Look) -> None:
    seen = look(material / "datasets" / "flowers5")
    truth, classes = seen.labels, len(seen.dataset.classes)
    shares, right = [], []
    for seed in SEEDS:
        chance = np.random.default_rng(seed)
        swapped = chance.choice(len(truth), round(0.05 * len(truth)), replace=False)
        called = truth.copy()
        called[swapped] += chance.integers(1, classes, len(swapped))
        called %= classes
        guesses = guessing.leave_one_out(seen.features, called, classes)
        ranked = np.argsort(guesses.probabilities[np.arange(len(called)), called])
        shares.append(np.isin(ranked[: len(swapped)], swapped).mean())
        found = np.intersect1d(labels.suspects(guesses), swapped)
        right.append((guesses.guessed[found] == truth[found]).mean())
    assert np.mean(shares) >= 0.7
    assert np.mean(right) >= 0.8  # of those that are found, the button says what they are


ALSO = ["handdrawn_greek24", "food_imbalanced3", "sketches", "digits"]


@pytest.mark.parametrize(
    "name",
    ["flowers5", "fruits4", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ALSO)],
)
def test_no_shortcut_where_there_is_none(
    name: str, look: Look, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name in samples.SAMPLES:
        folder = tmp_path / name
        samples.write(name, folder)
    else:
        folder = request.getfixturevalue("material") / "datasets" / name
    assert list(shortcuts.findings(look(folder))) == []


@pytest.mark.parametrize("name", ["sketches", pytest.param("digits", marks=pytest.mark.exhaustive)])
def test_starter_sets_hold_no_copies(name: str, look: Look, tmp_path: Path) -> None:
    samples.write(name, tmp_path)
    seen = look(tmp_path)
    assert duplicates.near(seen, duplicates.neighbours(seen), lambda *_: None) == []


def test_coloured_frames_are_caught(material: Path, tmp_path: Path) -> None:
    colours = {"daisy": "white", "roses": "red", "tulips": "green"}
    for label, colour in colours.items():
        (tmp_path / label).mkdir()
        for path in sorted((material / "datasets" / "flowers5" / label).glob("*"))[:25]:
            with Image.open(path) as photo:
                small = photo.convert("RGB").resize((180, 180))
            ImageOps.expand(small, 12, colour).save(tmp_path / label / path.name)
    _, found = checkup.of_source(open_source(tmp_path), SplitSettings(), lambda _: lambda *_: None)
    (finding,) = (each for each in found.findings if each.kind is Kind.SHORTCUT)
    assert {case.told for case in finding.cases} == set(colours)


def test_a_letter_among_flowers_stands_out(material: Path, tmp_path: Path) -> None:
    for label in ("daisy", "tulips"):
        shutil.copytree(material / "datasets" / "flowers5" / label, tmp_path / label)
    letter = min((material / "datasets" / "handdrawn_greek24").rglob("*.png"))
    shutil.copy(letter, tmp_path / "daisy" / "stranger.png")
    seen = looking.at_source(open_source(tmp_path), SplitSettings(), lambda *_: None)
    (finding,) = outliers.findings(seen, duplicates.neighbours(seen), ())
    found = [case.files[0] for case in finding.cases]
    assert "daisy/stranger.png" in found
    assert len(found) <= 3


def test_a_stored_picture_that_is_gone_is_a_finding(tmp_path: Path) -> None:
    drawn, folder = tmp_path / "drawn", tmp_path / "kept"
    samples.write("sketches", drawn)
    for label in sorted(path.name for path in drawn.iterdir())[2:]:
        shutil.rmtree(drawn / label)
    dataset = store.import_dataset(
        open_source(drawn), folder, split=SplitSettings(), name="sketches"
    )
    gone, changed = dataset.records[3], dataset.records[9]
    image_files.original(folder, gone.digest).unlink()
    image_files.original(folder, changed.digest).write_bytes(b"no picture")
    steps: dict[str, list[tuple[int, int]]] = {}
    found = checkup.of_stored(
        folder, lambda stage: lambda *told: steps.setdefault(stage, []).append(told)
    )
    (finding,) = (each for each in found.findings if each.kind is Kind.UNREADABLE)
    assert {case.files[0] for case in finding.cases} == {gone.file, changed.file}
    assert len(found.map) == len(dataset.records) - 2
    for told in steps.values():
        assert told[-1][0] == told[-1][1]


def test_the_map_lays_like_beside_like(material: Path, look: Look) -> None:
    seen = look(material / "datasets" / "flowers5")
    places = atlas.laid_out(seen)
    assert np.abs(places).max() == pytest.approx(1)
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = seen.labels[apart.argmin(axis=1)]
    assert (nearest == seen.labels).mean() > 0.75
    assert (atlas.laid_out(replace(seen)) == places).all()
