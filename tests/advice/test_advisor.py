"""The advisor: four cases, two sentences each, and settings that can be trained."""

import dataclasses
from pathlib import Path

import pytest

from core.advice.advisor import (
    Case,
    advise,
    cheaper,
)
from core.advice.estimate import Estimate
from core.advice.likeness import LIKE, Likeness
from core.backbones.catalogue.backbone import Level
from core.backbones.catalogue.rows import BACKBONES, backbone_of
from core.datasets.dataset import Dataset, Record
from core.settings import ALL, IMAGENET, RANDOM, TrainingSettings
from core.training.racing.candidates import first_of


@pytest.fixture(autouse=True)
def _only_what_comes_with_thaw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)


def dataset(classes: int, each: int) -> Dataset:
    """As many images to learn from; a fifth more to check."""
    names = tuple(f"class {number}" for number in range(classes))
    records = tuple(
        Record(f"{name}/{i}.jpg", name, "train" if i < each else "validation", "0" * 64, 9, 9, 9)
        for name in names
        for i in range(each + max(1, each // 5))
    )
    return Dataset("painted", names, records, (), False)


def alike(value: float) -> Likeness:
    return Likeness(value, 40, {"class 0": ("daisy", 0.9)})


CASES = {
    Case.FEW_LIKE: (dataset(5, 144), 0.48),
    Case.FEW_UNLIKE: (dataset(10, 160), 0.28),
    Case.MANY_LIKE: (dataset(10, 400), 0.5),
    Case.MANY_UNLIKE: (dataset(10, 400), 0.1),
}


@pytest.mark.parametrize("case", list(Case))
def test_each_of_the_four_cases(case: Case) -> None:
    advice = advise(CASES[case][0], alike(CASES[case][1]))
    assert advice.case is case
    backbone = backbone_of(advice.settings)  # which has so many layers
    frozen = advice.settings.frozen_layers
    expected = {
        Case.FEW_LIKE: ALL,
        Case.FEW_UNLIKE: first_of(backbone, Level.WHOLES),
        Case.MANY_LIKE: first_of(backbone, Level.WHOLES),
        Case.MANY_UNLIKE: first_of(backbone, Level.TEXTURES),
    }
    assert frozen == expected[case]
    assert advice.reasons.count(". ") == 1
    assert advice.reasons.endswith(".")


def test_too_few_to_thaw_are_seen_by_every_stage() -> None:
    """24 letters, 12 times each: thawed blocks get fewer right than a head on every stage."""
    advice = advise(dataset(24, 12), alike(0.28))
    assert advice.case is Case.FEW_UNLIKE
    assert advice.settings == TrainingSettings(advice.settings.backbone)
    assert "too few to thaw layers" in advice.reasons


def test_rare_classes_are_to_count_as_much_where_it_matters() -> None:
    even, likeness = dataset(3, 40), alike(0.5)
    assert not advise(even, likeness).settings.balanced
    rare = [r for r in even.records if r.label != "class 2" or int(r.file[8:-4]) < 10]
    uneven = dataclasses.replace(even, records=tuple(rare))
    advice = advise(uneven, likeness)
    assert advice.settings.balanced
    assert "“class 0” has 40 pictures and “class 2” has 10" in advice.reasons


def test_unlike_photos_the_thawed_layers_take_larger_steps() -> None:
    rates = {case: advise(*painted).settings for case, painted in _advisable().items()}
    assert rates[Case.MANY_UNLIKE].thawed_rate > rates[Case.MANY_LIKE].thawed_rate


def _advisable() -> dict[Case, tuple[Dataset, Likeness]]:
    return {case: (data, alike(value)) for case, (data, value) in CASES.items()}


def test_many_images_are_many_for_each_class_too() -> None:
    assert advise(dataset(200, 12), alike(0.5)).case is Case.FEW_LIKE
    assert advise(dataset(20, 120), alike(0.5)).case is Case.MANY_LIKE


def test_the_threshold_itself_is_like() -> None:
    assert advise(dataset(2, 9), alike(LIKE)).case is Case.FEW_LIKE
    assert advise(dataset(2, 9), alike(LIKE - 0.001)).case is Case.FEW_UNLIKE


def test_the_backbone_is_one_that_is_ready_and_light() -> None:
    chosen = BACKBONES[advise(dataset(2, 9), alike(0.5)).settings.backbone]
    assert chosen.family == "EfficientNet-Lite"
    assert chosen.multiply_adds <= 1_000_000_000


def test_what_is_cheaper_than_thawing_is_freezing() -> None:
    settings = TrainingSettings(frozen_layers=3, epochs=50)
    choice = cheaper(settings, Estimate(7200, 0, 0, frozen_seconds=90))
    assert choice is not None
    name, instead, seconds = choice
    assert (name, seconds) == ("All layers frozen", 90)
    assert instead == TrainingSettings(epochs=50)


def test_what_is_cheaper_than_a_heavy_network_is_a_light_one(tmp_path: Path) -> None:
    settings = TrainingSettings("vgg16")
    choice = cheaper(settings, Estimate(9000, 0, 0, frozen_seconds=9000))
    assert choice is not None
    name, instead, seconds = choice
    assert instead.backbone.startswith("efficientnet_lite")
    assert BACKBONES[instead.backbone].title in name
    share = BACKBONES[instead.backbone].multiply_adds / BACKBONES["vgg16"].multiply_adds
    assert seconds == pytest.approx(9000 * share)


def test_from_scratch_the_cheaper_way_is_pretrained() -> None:
    settings = TrainingSettings(weights=RANDOM, frozen_layers=0, epochs=90)
    choice = cheaper(settings, Estimate(5000, 0, 0, frozen_seconds=60))
    assert choice is not None
    assert choice[1].weights == IMAGENET
    assert choice[1].frozen_layers == ALL


def test_nothing_is_cheaper_than_the_cheapest() -> None:
    assert cheaper(TrainingSettings(), Estimate(4000, 0, 0, frozen_seconds=4000)) is None
