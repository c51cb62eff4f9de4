"""Settings are valid or do not exist."""

import dataclasses
import json
import math
from typing import Any

import pytest

from core.errors import UserError
from core.settings import Grouping, SplitSettings, Squaring, Strength, TrainingSettings

EDGES: dict[str, tuple[list[Any], list[Any]]] = {  # allowed, refused
    "alpha": ([0.25, 1, 1.4], [0, -1, math.nan, "1", True]),
    "weights": (["imagenet", "0123456789abcdef" * 4], ["", "random", "../x", "F" * 64, None, 3]),
    "thawed_rate": ([0.0001, 0.1, 1], [0, 1.1, -0.1, math.nan, "0.1"]),
    "warm_up_epochs": ([0, 1, 1000], [-1, 1001, 1.0, None]),
    "batch_norm_learns": ([True, False], [0, 1, "yes", None]),
    "frozen_layers": (["all", 0, 10_000], [-1, 10_001, 1.5, "most", None, True]),
    "head_sees": (["last", "stages"], ["", "Stages", "all", None, 1]),
    "dense": ([(), (1,), (8192, 1, 1)], [(0,), (8193,), (1, 1, 1, 1), (1.5,), ("8",), (-3,)]),
    "dropout": ([0, 0.0, 0.95], [-0.01, 0.96, 1, math.nan, math.inf, "0.5", True]),
    "epochs": ([1, 1000], [0, -1, 1001, 2.0, "5", True, None]),
    "batch_size": ([1, 4096], [0, 4097, 8.0, None]),
    "learning_rate": ([1e-7, 1, 10.0], [0, -0.1, 1e-8, 10.1, math.nan, math.inf, "0.1"]),
    "optimizer": (["adam", "adamw", "sgd", "rmsprop"], ["Adam", "", "lion", None, 3]),
    "schedule": (["cosine", "plateau", "constant"], ["", "Cosine", "linear", None]),
    "weight_decay": ([0, 0.004, 1], [-0.1, 1.1, math.nan, "0.1"]),
    "label_smoothing": ([0, 0.1, 0.9], [-0.1, 0.95, math.nan, None]),
    "balanced": ([True, False], [0, "no", None]),
    "patience": ([0, 5, 1000], [-1, 1001, 1.5, None]),
    "refit": ([True, False], [0, "no", None]),
    "square": (["squash", "crop", "pad"], ["", "Crop", "stretch", None, 1]),
    "augment": (["none", "light", "medium", "strong"], ["", "Light", "huge", None, 1]),
    "views": ([1, 4, 50], [0, 51, 2.0, None]),
    "mirror": ([True, False], [1, "yes", None]),
    "seed": ([0, 2**31 - 1], [-1, 2**31, 0.0, None]),
    "beside": (["", "efficientnet_lite2"], [None, 2, ("a",)]),
    "budget": ([0, 120, 86_400], [-1, 86_401, 1.5, None, True]),
}


@pytest.mark.parametrize("name", EDGES)
def test_the_edges_of_each_setting(name: str) -> None:
    allowed, refused = EDGES[name]
    for value in allowed:
        assert getattr(TrainingSettings(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(UserError, match=r"^Expected .*\.$"):
            TrainingSettings(**{name: value})


def test_every_number_has_its_edges_tested() -> None:
    assert {field.name for field in dataclasses.fields(TrainingSettings)} == {*EDGES, "backbone"}


def test_from_scratch_nothing_is_frozen() -> None:
    assert TrainingSettings(weights="random", frozen_layers=0).from_scratch
    for frozen in ("all", 3):
        with pytest.raises(UserError, match="0 frozen layers for a network from scratch"):
            TrainingSettings(weights="random", frozen_layers=frozen)


def test_settings_of_an_older_version_get_the_defaults() -> None:
    older = {"backbone": "vgg16", "frozen_layers": 7, "epochs": 9, "dense": []}
    assert TrainingSettings.from_dict(older) == TrainingSettings("vgg16", frozen_layers=7, epochs=9)


def test_the_words_say_what_was_expected_and_what_came() -> None:
    with pytest.raises(
        UserError, match=r"a whole number from 1 to 1000 for “Epochs”, received 0\."
    ):
        TrainingSettings(epochs=0)
    with pytest.raises(
        UserError, match=r"one of adam, .*, rmsprop for “Optimizer”, received 'lion'"
    ):
        TrainingSettings(optimizer="lion")
    with pytest.raises(UserError, match="up to 3 whole numbers from 1 to 8192 for “Dense layers"):
        TrainingSettings(dense=(1, 2, 3, 4))


@pytest.mark.parametrize(
    "settings",
    [
        TrainingSettings(),
        TrainingSettings(frozen_layers=0),
        TrainingSettings(
            "mobilenet",
            0.25,
            "ab" * 32,
            7,
            "last",
            (64, 32),
            0.5,
            9,
            16,
            0.01,
            0.3,
            2,
            True,
            "sgd",
            "plateau",
            0.1,
            0.2,
            True,
            3,
            False,
            "efficientnet_lite2",
            Squaring.CROP,
            Strength.STRONG,
            2,
            False,
            4,
        ),
        TrainingSettings(weights="random", frozen_layers=0),
    ],
)
def test_there_and_back_through_json(settings: TrainingSettings) -> None:
    written = json.loads(json.dumps(settings.to_dict()))
    assert TrainingSettings.from_dict(written) == settings
    assert written["frozen_layers"] == settings.frozen_layers


def test_a_list_of_units_becomes_a_tuple() -> None:
    settings = TrainingSettings(dense=[8, 4])  # type: ignore[arg-type]
    assert settings.dense == (8, 4)
    assert hash(settings)


def test_settings_of_another_version_are_told() -> None:
    with pytest.raises(UserError, match=r"unknown to this version: momentum"):
        TrainingSettings.from_dict(TrainingSettings().to_dict() | {"momentum": 0.9})


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingSettings().epochs = 7  # type: ignore[misc]


@pytest.mark.parametrize("share", [0.0, 0.005, 0.91, 1, -0.2, math.nan, "0.2", None])
def test_a_share_that_leaves_nothing(share: Any) -> None:
    with pytest.raises(UserError, match="Share for validation"):
        SplitSettings(validation=share)


@pytest.mark.parametrize("share", [-0.1, 0.91, math.nan, "0.1", None, True])
def test_a_test_share_that_cannot_be(share: Any) -> None:
    with pytest.raises(UserError, match="Share for the test set"):
        SplitSettings(test=share)


def test_validation_and_test_leave_something_to_learn_from() -> None:
    with pytest.raises(UserError, match=r"at most 0\.95 .* together, received 1\.1"):
        SplitSettings(0.6, test=0.5)
    assert SplitSettings(0.5, test=0.45).test == 0.45


def test_groupings() -> None:
    for name in ("none", "name", "folder"):
        assert SplitSettings(group_by=name).group_by is Grouping(name)  # type: ignore[arg-type]
    for name in ("", "Name", "class", None):
        with pytest.raises(UserError, match="one of none, name, folder"):
            SplitSettings(group_by=name)  # type: ignore[arg-type]


def test_shares_that_are_allowed() -> None:
    assert SplitSettings().validation == 0.2
    assert SplitSettings(0.01, 3).seed == 3
    assert SplitSettings(0.9).validation == 0.9
