"""Training as on a GPU that has bfloat16, done on this processor."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.network import engine, gpu
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("adapts", [pytest.param(False, marks=pytest.mark.exhaustive), True])
def test_thawed_layers_learn_in_it_and_what_is_kept_is_float32(
    painted: Callable[..., Path], tiny: Path, tmp_path: Path, adapts: bool
) -> None:
    folder = painted(8)
    settings = TrainingSettings(
        "tiny", frozen_layers=4, epochs=4, batch_size=8, learning_rate=0.02,
        batch_norm_learns=adapts, warm_up_epochs=1,
    )  # fmt: skip

    def trained(name: str) -> dict[str, Any]:
        run = Run.create(tmp_path / name, settings, data_name="painted")
        return fit.train(run, SourceFeed(open_source(folder), SplitSettings()))

    exact = trained("exact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpu, "precision", lambda: engine.BFLOAT16)
        mixed = trained("mixed")
    ours, theirs = ([row["loss"] for row in each["history"]] for each in (mixed, exact))
    assert ours[0] == theirs[0], "the head alone warms up in float32"
    assert ours[1:] != theirs[1:]
    assert ours == pytest.approx(theirs, rel=0.1)
    kept = keras.models.load_model(tmp_path / "mixed" / "model.keras")
    assert {layer.dtype_policy.name for layer in kept._flatten_layers()} == {"float32"}
