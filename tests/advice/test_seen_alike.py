"""A network is trained, tried out and asked with the same squares of its pictures."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.pictures.images import decode, to_square
from core.intake.pictures.preparation import Paper, Preparation
from core.intake.pictures.preparing import Chosen
from core.network.features import FeatureCache
from core.results.predictor import Predictor, of_run
from core.settings import SplitSettings, Squaring, Strength, TrainingSettings
from core.storage import home
from core.storage.runs import Run
from core.training import augment, fit
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
    run = Run.create(tmp_path / "run", settings, data_name="noise")
    feed = SourceFeed(open_source(pictures), SplitSettings())
    fit.train(run, feed)

    setup = Setup.of(home.HOME, settings, Preparation(), lambda *_: None)
    prefix = setup.build(12).prefix
    assert prefix.cut == "pixels"
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    records = feed.read(lambda _: True, lambda _: None, 16, lambda *_: None).records
    learned_from = cache.rows(record.digest for record in records).take(range(len(records)))
    files = [(pictures / record.file).read_bytes() for record in records]
    expected = np.stack([to_square(decode(data, 16), tiny_network.SIZE, way) for data in files])
    assert np.array_equal(learned_from, expected)

    predictor = of_run(run.folder)
    shown = watch(predictor, monkeypatch)
    predictor.predict([(str(n), data) for n, data in enumerate(files)], top=1)
    assert_same(learned_from, shown)


def watch(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The squares that its network is shown from now on, in any order."""
    shown: list[np.ndarray] = []
    ask = predictor._network.ask

    def watched(pixels: np.ndarray) -> Any:
        shown.append(pixels)
        return ask(pixels)

    monkeypatch.setattr(predictor._network, "ask", watched)
    return shown


def assert_same(expected: np.ndarray, shown: list[np.ndarray]) -> None:
    assert sorted(each.tobytes() for each in shown) == sorted(each.tobytes() for each in expected)


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """Deep greys of two classes, and white logos on nothing."""
    ramp = np.linspace(0, 1, 40 * 60).reshape(40, 60)
    for place, label in enumerate(("dark", "light")):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(6):
            values = (900 + 500 * place + 300 * np.roll(ramp, 90 * number)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / "data" / label / f"{number}.tif")
            logo = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
            logo.paste((255, 255, 255, 255), (9 * place, number, 9 * place + 12, 20))
            logo.save(tmp_path / "data" / label / f"{number}.png")
    return tmp_path / "data"


def test_deep_and_see_through_pictures_are_seen_alike_in_training_evaluation_and_prediction(
    awkward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainingSettings("tiny", frozen_layers=0, epochs=1, warm_up_epochs=0)
    run = Run.create(tmp_path / "run", settings, data_name="awkward")
    feed = SourceFeed(open_source(awkward), SplitSettings())
    fit.train(run, feed)
    preparation = feed.preparation(lambda *_: None)
    assert preparation.levels == pytest.approx((900, 1700), abs=10)
    assert preparation.paper is Paper.BLACK
    kept = json.loads((run.folder / "model.json").read_text())
    assert Preparation.from_dict(kept) == preparation

    prefix = Setup.of(home.HOME, settings, preparation, lambda *_: None).build(24).prefix
    cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
    records = feed.read(lambda _: False, lambda _: None, 16, lambda *_: None).records
    learned_from = cache.rows(record.digest for record in records).take(range(len(records)))
    spread = learned_from.reshape(len(records), -1).std(axis=1)
    assert spread.min() > 10  # nothing is blank

    files = [(record.file, (awkward / record.file).read_bytes()) for record in records]
    predictor = of_run(run.folder)
    shown = watch(predictor, monkeypatch)
    predictor.predict(files, top=1)
    assert_same(learned_from, shown)

    judged: dict[str, np.ndarray] = {}
    answers = Predictor.answers

    def watched_too(self: Predictor, read: Any) -> Any:
        def submitting(submit: Any) -> Any:
            def both(key: str, pixels: np.ndarray) -> None:
                judged[key] = pixels
                submit(key, pixels)

            return read(both)

        return answers(self, submitting)

    monkeypatch.setattr(Predictor, "answers", watched_too)
    predictor.evaluate(open_source(awkward), lambda *_: None)
    assert np.array_equal(learned_from, np.stack([judged[record.digest] for record in records]))


def test_a_run_goes_on_only_with_pictures_that_are_read_as_before(
    awkward: Path, tmp_path: Path
) -> None:
    settings = TrainingSettings("tiny", epochs=1)
    run = Run.create(tmp_path / "run", settings, data_name="awkward")
    fit.train(run, SourceFeed(open_source(awkward), SplitSettings()))
    run.resume(more=1)
    otherwise = Chosen(levels=(0.0, 9000.0))
    with pytest.raises(UserError):
        fit.train(run, SourceFeed(open_source(awkward), SplitSettings(), otherwise))
    fit.train(run, SourceFeed(open_source(awkward), SplitSettings()))


def test_variants_and_probes_too(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.advice import probe

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
    met = probe.probe(home.HOME, feed, dataset, settings)
    assert met.new_images > 0
    tried = len(ways)
    fit.train(Run.create(tmp_path / "run", settings, data_name="noise"), feed)
    assert 0 < tried < len(ways)
    assert set(ways) == {(Squaring.CROP,)}
