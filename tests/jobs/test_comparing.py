"""Several backbones with the same settings: which ones can be compared, and how each is trained."""

from dataclasses import replace

import pytest

from core.backbones.catalogue.rows import all_backbones, backbone_of
from core.backbones.weights.weights import ready_offline
from core.jobs import comparing
from core.settings import ALL, RANDOM, TrainingSettings

PARTLY = TrainingSettings(frozen_layers=95, epochs=3)  # of 141
VARIED = TrainingSettings(
    epochs=7, dropout=0.3, beside="efficientnet_lite2", budget=120, weights="a" * 64
)
SCRATCH = TrainingSettings(weights=RANDOM, frozen_layers=0)


@pytest.mark.parametrize("settings", [TrainingSettings(), PARTLY, VARIED, SCRATCH])
def test_every_candidate_can_be_trained_with_the_settings(settings: TrainingSettings) -> None:
    found = comparing.candidates(settings)
    assert len({each.name for each in found}) == len(found) > 10
    for backbone in found:
        alike = comparing.alike(settings, backbone)
        assert backbone_of(alike).name == backbone.name
        assert (alike.budget, alike.pair) == (0, False)
        same = {"backbone": "", "alpha": 1.0, "weights": "random", "frozen_layers": 0}
        same |= {"beside": "", "budget": 0}
        assert replace(alike, **same) == replace(settings, **same)


def test_the_same_share_stays_frozen() -> None:
    for backbone in comparing.candidates(PARTLY):
        layers = len(backbone.layers)
        frozen = comparing.alike(PARTLY, backbone).frozen_of(layers)
        assert abs(frozen / layers - 95 / 141) <= 0.5 / layers + 1e-9
    assert comparing.alike(PARTLY, all_backbones()["efficientnet_lite0"]) == PARTLY
    assert comparing.alike(VARIED, all_backbones()["mobilenet_v2"]).frozen_layers == ALL


def test_those_on_this_machine_come_first() -> None:
    ready = [ready_offline(each) for each in comparing.candidates(TrainingSettings())]
    assert ready[0]
    assert ready == sorted(ready, reverse=True)


def test_a_module_that_cannot_learn_is_no_candidate_for_thawing() -> None:
    for settings in (PARTLY, SCRATCH):
        assert all(each.can_thaw for each in comparing.candidates(settings))
    assert not any(each.sealed for each in comparing.candidates(SCRATCH))
