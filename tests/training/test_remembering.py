"""“None of these”: what a saved model says of pictures that it was taught, and of others."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbones.frameworks import keras
from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.intake.pictures.images import decode, to_square
from core.network.familiarity import THRESHOLD
from core.results.predictor import of_run
from core.settings import SplitSettings, TrainingSettings
from core.storage import files
from core.storage.runs import Run
from core.training import fit
from tests import saved, tiny_network

pytestmark = pytest.mark.slow

Painted = Callable[..., Path]


def train(run: Path, folder: Path, backbone: str = "tiny", **settings: Any) -> dict[str, Any]:
    chosen = {"epochs": 3, "batch_size": 8, "learning_rate": 0.05} | settings
    made = Run.create(run, TrainingSettings(backbone, **chosen), data_name="painted")
    feed = SourceFeed(open_source(folder), SplitSettings(validation=0.25))
    return fit.train(made, feed, ready=True)


def pixels(folder: Path, size: int) -> np.ndarray:
    found = sorted(folder.rglob("*.png"))
    return np.stack([to_square(decode(file.read_bytes(), size), size) for file in found])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"head_sees": "last", "dense": (8,)}, marks=pytest.mark.exhaustive),
        {"frozen_layers": 8, "warm_up_epochs": 1},
        pytest.param({"refit": False}, marks=pytest.mark.exhaustive),
    ],
    ids=["stages", "dense", "thawed", "measured"],
)
def test_the_saved_model_tells_how_familiar_a_picture_is(
    painted: Painted, tiny: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    results = train(tmp_path / "run", painted(20), **settings)
    told = results["familiar"]
    assert told["images"] == results["images"]
    assert told["accepted"] / told["images"] == told["share"] > 0.6
    refit = results["refit"] is not None
    assert told["remembered"] == 60 - results["images"]
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    shape = model.get_layer("remembered").kernel.shape
    assert shape == (8, 60 if refit else 60 - results["images"])
    new = pixels(painted(30, seed=5, folder="new"), tiny_network.SIZE)
    assert (saved.familiar(model, new) >= THRESHOLD).mean() > 0.8
    compiled = of_run(tmp_path / "run").in_full(new)  # from the graph that the training has left
    np.testing.assert_allclose(compiled[:, :-1], saved.probabilities(model, new), atol=1e-5)
    np.testing.assert_allclose(compiled[:, -1], saved.familiar(model, new), atol=1e-3)
    # How sure it is counts where the answers to pictures that were left out are known.
    assert ("missing" in {layer.name for layer in model.layers}) == (results["kept"] == "solution")
    if not refit:  # it is the model that was judged: what was said then is what it says now
        feed = SourceFeed(open_source(tmp_path / "painted"), SplitSettings(validation=0.25))
        read = feed.read(lambda _: False, lambda _: None, tiny_network.SIZE, lambda *_: None)
        judged = [tmp_path / "painted" / record.file for record in read.of("validation")]
        assert len(judged) == told["images"]
        look = np.stack(
            [
                to_square(decode(f.read_bytes(), tiny_network.SIZE), tiny_network.SIZE)
                for f in judged
            ]
        )
        said = saved.familiar(model, look)
        clear = np.abs(said - THRESHOLD) > 2e-3
        assert (said >= THRESHOLD).sum() == pytest.approx(told["accepted"], abs=int((~clear).sum()))
    if results["kept"] == "solution":
        return
    # The same untouched network, whatever was thawed behind it.
    plain = {"frozen_layers": "all", "head_sees": "last", "refit": refit}
    train(tmp_path / "plain", tmp_path / "painted", **plain)
    frozen = keras.models.load_model(tmp_path / "plain" / "model.keras")
    np.testing.assert_allclose(saved.familiar(model, new), saved.familiar(frozen, new), atol=5e-3)


def test_there_is_none_where_nothing_was_learned_before(
    painted: Painted, tiny: Path, tmp_path: Path
) -> None:
    results = train(tmp_path / "run", painted(8), weights="random", frozen_layers=0)
    assert results["familiar"] is None
    assert files.read_json(tmp_path / "run" / "model.json")["familiar"] is None
    predictor = of_run(tmp_path / "run")
    file = next((tmp_path / "painted").rglob("*.png"))
    (said,) = predictor.predict([("a.png", file.read_bytes())], 1)
    assert (said.familiar, said.known) == (None, None)


def test_a_real_network_refuses_noise_and_colours_and_knows_its_own(
    painted: Painted, warm_home: Path, tmp_path: Path
) -> None:
    folder = painted(24)
    train(tmp_path / "run", folder, "efficientnet_lite0")
    predictor = of_run(tmp_path / "run")
    assert predictor.thresholds.familiar == THRESHOLD

    def known(pictures: list[bytes]) -> list[bool | None]:
        said = predictor.predict([(str(n), data) for n, data in enumerate(pictures)], 1)
        return [each.known for each in said]

    new = [file.read_bytes() for file in painted(10, seed=9, folder="new").rglob("*.png")]
    assert sum(map(bool, known(new))) >= 0.85 * len(new)
    rng = np.random.default_rng(0)
    strange = [_png(rng.integers(0, 256, (80, 80, 3)).astype(np.uint8)) for _ in range(8)]
    strange += [_png(np.full((80, 80, 3), rng.integers(0, 256, 3), np.uint8)) for _ in range(8)]
    assert known(strange) == [False] * 16


def _png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()
