"""A network is trained, tried out and asked with the same squares of its pictures."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data import augment
from core.data.archive import open_source
from core.data.feed import SourceFeed
from core.data.images import decode, to_square
from core.data.preparation import Preparation
from core.network.features import FeatureCache
from core.results.predictor import Predictor, of_run
from core.runs import Run
from core.settings import SplitSettings, Squaring, Strength, TrainingSettings
from core.training import fit
from core.training.setup import Setup
from tests import tiny_network

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tiny")]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Noise of two classes, wide and high."""
    rng = random.Random(3)
    for label in ("left", "right"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(6):
            size = rng.choice([(60, 24), (24, 60), (40, 40)])
            noise = Image.frombytes("RGB", size, rng.randbytes(3 * size[0] * size[1]))
            noise.save(tmp_path / "data" / label / f"{number}.png")
    return tmp_path / "data"


@pytest.mark.parametrize(
    "way",
    [
        Squaring.CROP,
        pytest.param(Squaring.SQUASH, marks=pytest.mark.exhaustive),
        pytest.param(Squaring.PAD, marks=pytest.mark.exhaustive),
    ],
)
def test_training_and_prediction_see_the_same(
    way: Squaring, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainingSettings("tiny", frozen_layers=0, epochs=1, warm_up_epochs=0, square=way)
    run = Run.create(tmp_path / "run", settings, data="noise")
    feed = SourceFeed(open_source(pictures), SplitSettings())
    fit.train(run, feed)

    setup = Setup.of(settings, Preparation(), lambda *_: None)
    prefix = setup.build(12).prefix
    assert prefix.cut == "pixels"
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    records = feed.read(lambda _: True, lambda _: None, 16, lambda *_: None).records
    learned_from = cache.rows(record.digest for record in records).take(range(len(records)))
    files = [(pictures / record.file).read_bytes() for record in records]
    expected = np.stack([to_square(decode(data, 16), tiny_network.SIZE, way) for data in files])
    assert np.array_equal(learned_from, expected)

    shown: list[np.ndarray] = []
    answer = Predictor.probabilities

    def watched(self: Predictor, squares: Any) -> np.ndarray:
        shown.extend(squares)
        return answer(self, shown)

    monkeypatch.setattr(Predictor, "probabilities", watched)
    of_run(run.folder).predict([(str(n), data) for n, data in enumerate(files)], top=1)
    assert np.array_equal(learned_from, np.stack(shown))


def test_variants_and_probes_too(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training import probe

    ways: list[tuple[Squaring, ...]] = []

    def watched(image: Image.Image, size: int, *way: Squaring) -> np.ndarray:
        ways.append(way)
        return to_square(image, size, *way)

    for module in (augment, fit, probe):
        monkeypatch.setattr(module, "to_square", watched)
    settings = TrainingSettings(
        "tiny", frozen_layers=4, epochs=1, augment=Strength.LIGHT, views=1, square=Squaring.CROP
    )
    feed = SourceFeed(open_source(pictures), SplitSettings())
    dataset = feed.read(lambda _: True, lambda _: None, 16, lambda *_: None)
    met = probe.probe(feed, dataset, settings)
    assert met.new_images > 0
    tried = len(ways)
    fit.train(Run.create(tmp_path / "run", settings, data="noise"), feed)
    assert 0 < tried < len(ways)
    assert set(ways) == {(Squaring.CROP,)}
