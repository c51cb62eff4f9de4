"""Batch norm that learns: what is validated is the network that has been trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit, learn
from core.training.callbacks import Statistics

Painted = Callable[..., Path]


def test_statistics_are_the_mean_of_the_batches() -> None:
    random = np.random.default_rng(0)
    batches = [random.normal(3, 2, (8, 5)).astype("float32") for _ in range(20)]
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.BatchNormalization()])
    (norm,) = model.layers
    estimate = Statistics(model.layers, lambda epoch: ((each,) for each in batches), lambda: None)
    estimate.set_model(model)
    for _ in range(2):  # nothing of an earlier estimate remains
        estimate.on_epoch_end(0)
        used = batches[:16]
        np.testing.assert_allclose(
            norm.moving_mean, np.mean([each.mean(0) for each in used], 0), rtol=1e-4
        )
        np.testing.assert_allclose(
            norm.moving_variance, np.mean([each.var(0) for each in used], 0), rtol=1e-4
        )
    assert norm.momentum == 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"weights": "random", "frozen_layers": 0},
        pytest.param(
            {
                "frozen_layers": 4,
                "batch_norm_learns": True,
                "warm_up_epochs": 0,
                "thawed_rate": 1.0,
            },
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=["from scratch", "partly thawed"],
)
def test_training_and_validation_mode_agree_after_five_epochs(
    painted: Painted,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
) -> None:
    seen: dict[str, np.ndarray] = {}
    answers = learn.Learning.answers

    def both_ways(self: learn.Learning, records: Any, *report: Any) -> np.ndarray:
        learned = self.dataset.of("train")
        seen["inference"] = answers(self, learned, lambda *_: None)
        lessons = self._lessons(self.network.prefix, learned)
        batches = list(lessons.whole_batches(0, 1))
        right = [
            np.argmax(self._trainee(features, training=True), -1) == labels
            for features, labels in batches
        ]
        seen["training"] = np.concatenate(right)
        classes = list(self.dataset.classes)
        labels = [classes.index(record.label) for record in learned]
        seen["inference"] = np.argmax(seen["inference"], -1) == labels
        return answers(self, records, *report)

    monkeypatch.setattr(learn.Learning, "answers", both_ways)
    run = Run.create(
        tmp_path / "run",
        TrainingSettings("tiny", epochs=5, batch_size=8, learning_rate=0.02, **settings),
        data_name="painted",
    )
    fit.train(run, SourceFeed(open_source(painted(40)), SplitSettings()))
    assert seen["training"].mean() > 0.6  # else there is nothing to agree about
    assert abs(seen["training"].mean() - seen["inference"].mean()) < 0.08
    # The model that is kept has the statistics that were validated.
    kept = keras.models.load_model(run.folder / "model.keras")
    results = run.results()
    assert results is not None
    assert results["accuracy"] == pytest.approx(results["val_accuracy"], abs=1e-6)
    assert any(isinstance(each, keras.layers.BatchNormalization) for each in kept._flatten_layers())
