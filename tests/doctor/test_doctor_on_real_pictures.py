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
from core.datasets.feed import SourceFeed, StoredFeed
from core.datasets.samples import samples
from core.doctor import (
    checkup,
    guessing,
    looking,
)
from core.doctor.finding import Problem
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
            seen[folder] = looking.look(
                SourceFeed(open_source(folder), SplitSettings()), lambda *_: None
            )
        return seen[folder]

    return at


Folder = Callable[[str], Path]


def on(*names: str) -> pytest.MarkDecorator:
    """Drawings are at hand everywhere and judged by `make test`; the rest by `make test-all`."""
    others = [pytest.param(name, marks=pytest.mark.exhaustive) for name in names]
    return pytest.mark.parametrize("name", ["sketches", *others])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made: dict[str, Path] = {}

    def draw(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("drawn") / name
            samples.write(name, made[name])
        return made[name]

    return draw


@pytest.fixture
def folder_of(drawn: Folder, request: pytest.FixtureRequest) -> Folder:
    """A starter set, or a set of the real material."""

    def find(name: str) -> Path:
        if name in samples.SAMPLES:
            return drawn(name)
        found: Path = request.getfixturevalue("material") / "datasets" / name
        return found

    return find


@pytest.mark.exhaustive
def test_copies_are_found_and_few_others_taken_for_them(material: Path) -> None:
    rows = {row["what"]: row["share"] for row in measured(material / "datasets" / "flowers5", 60)}
    assert rows["copies found, all"] >= 0.95
    assert rows["images taken for copies"] < 0.01


@on("flowers5")
def test_most_swapped_labels_are_among_as_many_suspects(
    name: str, folder_of: Folder, look: Look
) -> None:
    seen = look(folder_of(name))
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


@on("flowers5", "fruits4", "handdrawn_greek24", "food_imbalanced3", "digits")
def test_no_shortcut_where_there_is_none(name: str, folder_of: Folder, look: Look) -> None:
    assert list(shortcuts.findings(look(folder_of(name)))) == []


@on("digits")
def test_starter_sets_hold_no_copies(name: str, folder_of: Folder, look: Look) -> None:
    seen = look(folder_of(name))
    assert duplicates.near(seen, duplicates.neighbours(seen), lambda *_: None) == []


@on("flowers5")
def test_coloured_frames_are_caught(name: str, folder_of: Folder, tmp_path: Path) -> None:
    labels = sorted(path.name for path in folder_of(name).iterdir())[:3]
    colours = dict(zip(labels, ("white", "red", "green"), strict=True))
    for label, colour in colours.items():
        (tmp_path / label).mkdir()
        for path in sorted((folder_of(name) / label).glob("*"))[:25]:
            with Image.open(path) as photo:
                small = photo.convert("RGB").resize((180, 180))
            ImageOps.expand(small, 12, colour).save(tmp_path / label / path.name)
    _, found = checkup.check(
        SourceFeed(open_source(tmp_path), SplitSettings()), lambda _: lambda *_: None
    )
    (finding,) = (each for each in found.findings if each.kind is Problem.SHORTCUT)
    assert {case.told for case in finding.cases} == set(colours)


@pytest.mark.exhaustive
def test_a_letter_among_flowers_stands_out(material: Path, tmp_path: Path) -> None:
    for label in ("daisy", "tulips"):
        shutil.copytree(material / "datasets" / "flowers5" / label, tmp_path / label)
    letter = min((material / "datasets" / "handdrawn_greek24").rglob("*.png"))
    shutil.copy(letter, tmp_path / "daisy" / "stranger.png")
    seen = looking.look(SourceFeed(open_source(tmp_path), SplitSettings()), lambda *_: None)
    (finding,) = outliers.findings(seen, duplicates.neighbours(seen), ())
    found = [case.files[0] for case in finding.cases]
    assert "daisy/stranger.png" in found
    assert len(found) <= 3


def test_a_stored_picture_that_is_gone_is_a_finding(drawn: Folder, tmp_path: Path) -> None:
    few, folder = tmp_path / "few", tmp_path / "kept"
    for label in sorted(path.name for path in drawn("sketches").iterdir())[:2]:
        shutil.copytree(drawn("sketches") / label, few / label)
    dataset = store.import_dataset(open_source(few), folder, split=SplitSettings(), name="sketches")
    gone, changed = dataset.records[3], dataset.records[9]
    image_files.original(folder, gone.digest).unlink()
    image_files.original(folder, changed.digest).write_bytes(b"no picture")
    steps: dict[str, list[tuple[int, int]]] = {}
    _, found = checkup.check(
        StoredFeed(folder), lambda stage: lambda *told: steps.setdefault(stage, []).append(told)
    )
    (finding,) = (each for each in found.findings if each.kind is Problem.UNREADABLE)
    assert {case.files[0] for case in finding.cases} == {gone.file, changed.file}
    assert len(found.map) == len(dataset.records) - 2
    for told in steps.values():
        assert told[-1][0] == told[-1][1]


@on("flowers5")
def test_the_map_lays_like_beside_like(name: str, folder_of: Folder, look: Look) -> None:
    seen = look(folder_of(name))
    places = checkup.map_of(seen)
    assert np.abs(places).max() == pytest.approx(1)
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = seen.labels[apart.argmin(axis=1)]
    assert (nearest == seen.labels).mean() > 0.75
    assert (checkup.map_of(replace(seen)) == places).all()
