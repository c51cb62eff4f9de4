"""The estimate is arithmetic on what a probe met; the probe runs the real thing."""

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.advice.estimate import LONG, Probe, estimate
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import BACKBONES, backbone_named
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage import home

Painted = Callable[..., Path]
LITE0 = BACKBONES["efficientnet_lite0"]
MOBILENET = backbone_named("mobilenet", 0.25)
COUNTS = {"train": 100, "validation": 20, "test": 0}
PROBE = Probe(
    prepare=2.0,
    image=0.01,
    new_images=120,
    feature_bytes=5120,
    head_step=0.001,
    step=0.5,
    judge=0.02,
    frozen_image=0.008,
    trained_from=95,
)


def seconds(settings: TrainingSettings, probe: Probe = PROBE) -> float:
    return estimate(probe, settings, LITE0, COUNTS).seconds


BESIDE = (15 + 4 * 3) * 0.001  # what an epoch of 4 steps takes beside them


def test_epochs_and_steps_add_up() -> None:
    """100 images by 32 are 4 steps; each epoch looks at 20 images more."""
    one = seconds(TrainingSettings(frozen_layers=95, epochs=11, warm_up_epochs=1))
    two = seconds(TrainingSettings(frozen_layers=95, epochs=12, warm_up_epochs=1))
    assert two - one == pytest.approx(4 * 0.5 + 20 * 0.02 + BESIDE)


def test_warm_up_epochs_cost_what_the_head_costs() -> None:
    without = seconds(TrainingSettings(frozen_layers=95, epochs=5, warm_up_epochs=0))
    warmed = seconds(TrainingSettings(frozen_layers=95, epochs=5, warm_up_epochs=2))
    assert without - warmed == pytest.approx(2 * (4 * 0.5 + 20 * 0.02 + 4 * 0.003 - 4 * 0.001))
    every = seconds(TrainingSettings(frozen_layers=95, epochs=5, warm_up_epochs=9))
    assert every == seconds(TrainingSettings(frozen_layers=95, epochs=5, warm_up_epochs=4))


def test_only_new_images_go_through_the_frozen_part() -> None:
    known = dataclasses.replace(PROBE, new_images=0)
    settings = TrainingSettings()
    assert seconds(settings) - seconds(settings, known) == pytest.approx(120 * 0.01)
    frozen = {estimate(p, settings, LITE0, COUNTS).frozen_seconds for p in (PROBE, known)}
    assert len(frozen) == 1  # asked of another choice, whose features may not be there


def test_memory_and_disk_grow_with_what_they_hold() -> None:
    def memory(**settings: object) -> int:
        return estimate(PROBE, TrainingSettings(**settings), LITE0, COUNTS).memory  # type: ignore[arg-type]

    assert memory(frozen_layers=95) > memory()
    assert memory(frozen_layers=95, batch_size=64) > memory(frozen_layers=95)
    assert memory(frozen_layers=95, batch_size=4096) == memory(frozen_layers=95, batch_size=100)
    more = dataclasses.replace(PROBE, feature_bytes=6120)
    disks = [estimate(p, TrainingSettings(), LITE0, COUNTS).disk for p in (PROBE, more)]
    assert disks[1] - disks[0] == 120 * 1000


# Megabytes that trainings held at most on a Linux with 2 cores, the largest of several.
PEAKS = [
    (LITE0, {}, 980),
    (LITE0, {"frozen_layers": 95, "batch_size": 16}, 1273),
    (LITE0, {"frozen_layers": 95}, 1337),
    (LITE0, {"frozen_layers": 47}, 1568),
    (LITE0, {"frozen_layers": 0, "batch_size": 8}, 1727),
    (LITE0, {"frozen_layers": 0}, 2890),
    (LITE0, {"frozen_layers": 0, "weights": "random"}, 4180),
    (MOBILENET, {}, 769),
    (MOBILENET, {"frozen_layers": 0, "weights": "random"}, 1613),
]


@pytest.mark.parametrize(("backbone", "chosen", "peak"), PEAKS)
def test_memory_is_neither_below_the_measured_peak_nor_far_above(
    backbone: Backbone, chosen: dict[str, Any], peak: int
) -> None:
    settings = TrainingSettings(backbone=backbone.name, alpha=backbone.alpha, **chosen)
    from_layer = settings.frozen_layers
    ran = len(backbone.layers) if from_layer is None else from_layer
    probe = dataclasses.replace(PROBE, trained_from=ran)
    memory = estimate(probe, settings, backbone, COUNTS).memory / 1e6
    assert peak <= memory <= 1.25 * peak


def test_memory_counts_what_a_step_keeps_for_its_gradients() -> None:
    """Where batch norm adapts, all there is; else it is part of its convolution."""

    def memory(size: int, **chosen: Any) -> int:
        settings = TrainingSettings(frozen_layers=95, batch_size=size, **chosen)
        return estimate(PROBE, settings, LITE0, COUNTS).memory

    thawed = LITE0.layers[95:]
    norms = {layer.name for layer in thawed if layer.type == "BatchNormalization"}
    before = {one.name for one, then in itertools.pairwise(thawed) if then.name in norms}
    overwritten = {
        one.name
        for one, then in itertools.pairwise(thawed)
        if one.name in norms and then.type == "ReLU"
    }
    largest = max(layer.size for layer in thawed)

    def image(gone: set[str]) -> int:
        return 4 * (largest + sum(each.size for each in thawed if each.name not in gone))

    assert memory(16) - memory(8) == 8 * image(before | overwritten)
    learns = {"batch_norm_learns": True}
    assert memory(16, **learns) - memory(8, **learns) == 8 * image(set())


def test_an_hour_deserves_a_warning() -> None:
    slow = dataclasses.replace(PROBE, step=LONG)
    assert estimate(slow, TrainingSettings(frozen_layers=0), LITE0, COUNTS).long
    assert not estimate(PROBE, TrainingSettings(frozen_layers=0), LITE0, COUNTS).long


@pytest.mark.slow
@pytest.mark.parametrize("frozen", ["all", 4, pytest.param(0, marks=pytest.mark.exhaustive)])
def test_a_probe_tries_the_real_thing(painted: Painted, tiny: Path, frozen: Any) -> None:
    from core.advice.probe import probe

    feed = SourceFeed(open_source(painted(8)), SplitSettings())
    dataset = feed.read(lambda _: True, lambda _: None, 16, lambda *_: None)
    settings = TrainingSettings("tiny", frozen_layers=frozen, batch_size=8)
    met = probe(home.HOME, feed, dataset, settings)
    assert Probe.from_dict(json.loads(json.dumps(met.to_dict()))) == met
    assert met.new_images == 24
    for measured in (met.prepare, met.image, met.head_step, met.step, met.judge, met.frozen_image):
        assert 0 < measured < 60
    assert met.trained_from == {"all": 11, 4: 4, 0: 0}[frozen]
    pooled = (8 + 8) * 4
    assert (
        met.feature_bytes
        == {"all": pooled, 4: 8 * 8 * 8 * 4 + pooled, 0: 16 * 16 * 3 + pooled}[frozen]
    )
    again = probe(home.HOME, feed, dataset, settings)
    assert again.new_images < 24  # what it tried is kept for the training
    total = estimate(met, settings, backbone_named("tiny"), dataset.split_counts)
    assert total.seconds > met.prepare
