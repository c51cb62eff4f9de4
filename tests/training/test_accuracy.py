"""What only real pictures show: how well it learns, and that the short cut costs nothing."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.weights import weights
from core.datasets.dataset import Dataset
from core.datasets.feed import SourceFeed
from core.datasets.samples import samples
from core.intake.archives.archive import open_source
from core.intake.pictures import images
from core.network.classifier import head_layers
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("warm_home"),
]
LITE0 = BACKBONES["efficientnet_lite0"]
SEEDS = range(10)


def thaw(folder: Path, run: Path, seed: int, **settings: Any) -> float:
    """Train as Thaw does; returns the best epoch's validation accuracy."""
    source = SourceFeed(open_source(folder), SplitSettings(seed=seed))
    made = Run.create(run, TrainingSettings(seed=seed, **settings), data_name="real")
    return float(fit.train(made, source)["val_accuracy"])


@pytest.mark.exhaustive
def test_flowers(material: Path, tmp_path: Path) -> None:
    """Five epochs with everything frozen, as in the tutorials, over ten splits."""
    flowers = material / "datasets" / "flowers5"
    accuracies = [thaw(flowers, tmp_path / f"run-{seed}", seed, epochs=5) for seed in SEEDS]
    assert np.mean(accuracies) >= 0.85


def shuffled(
    pixels: np.ndarray, labels: np.ndarray, size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Whole pictures, in the order in which Thaw takes their features."""
    for epoch in itertools.count():
        order = np.random.default_rng([seed, epoch]).permutation(len(labels))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            yield pixels[chosen], labels[chosen]


class PlainKeras:
    """The way of the tutorials: the whole network in the graph, frozen, and `fit`.

    Written without Thaw's classifier, freezing, cutting, engine, cache, batches and callbacks. It
    has in common with Thaw the weights, the split, the head's first weights and the order of
    batches: that is what makes the seeds paired.
    """

    def __init__(self, folder: Path) -> None:
        file = weights.find(LITE0)
        assert file is not None
        self._folder = folder
        self._body = load.load(LITE0, file)
        self._body.trainable = False

    def accuracy(self, seed: int, epochs: int, rate: float) -> float:
        """The highest validation accuracy of any epoch."""
        source = SourceFeed(open_source(self._folder), SplitSettings(seed=seed))
        found = source.read(lambda _: True, lambda _: None, 224, lambda *_: None)
        keras.utils.set_random_seed(seed)
        inputs = keras.layers.Input((224, 224, 3), dtype="uint8")
        x = self._body(keras.layers.Rescaling(1 / 128, -127 / 128)(inputs), training=False)
        x = keras.layers.GlobalAveragePooling2D()(x)
        (classes,) = head_layers((), 0.0, len(found.classes), seed)
        model = keras.Model(inputs, classes(x))
        model.compile(
            keras.optimizers.Adam(rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        pixels, labels = self._pixels(found, "train")
        history = model.fit(
            shuffled(pixels, labels, 32, seed),
            steps_per_epoch=-(-len(labels) // 32),
            shuffle=False,
            validation_data=self._pixels(found, "validation"),
            epochs=epochs,
            verbose=0,
        )
        return max(history.history["val_accuracy"])

    def _pixels(self, found: Dataset, split: Any) -> tuple[np.ndarray, np.ndarray]:
        records = found.of(split)
        pixels = [
            images.to_square(images.decode((self._folder / r.file).read_bytes(), 224), 224)
            for r in records
        ]
        labels = [found.classes.index(r.label) for r in records]
        return np.stack(pixels), np.array(labels)


@pytest.mark.exhaustive
@pytest.mark.parametrize("pictures", ["photos of flowers", "drawings"])
def test_the_short_cut_costs_no_accuracy(
    pictures: str, sketches: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A subset (16 pictures of each class, 3 epochs) keeps plain Keras within a minute or two.

    At least 12 validation pictures a seed, 120 in all: not one picture may differ. Photos are in
    the material alone; drawings are at hand everywhere.
    """
    few, folder = tmp_path / "few", sketches
    if pictures != "drawings":
        folder = request.getfixturevalue("material") / "datasets" / "flowers5"
    for label in sorted(folder.iterdir()):
        (few / label.name).mkdir(parents=True)
        for picture in sorted(label.iterdir())[:16]:
            shutil.copy(picture, few / label.name)
    plain = PlainKeras(few)
    theirs = [plain.accuracy(seed, epochs=3, rate=0.01) for seed in SEEDS]
    same: dict[str, Any] = {"epochs": 3, "learning_rate": 0.01, "schedule": "constant"}
    ours = [thaw(few, tmp_path / f"run-{seed}", seed, **same) for seed in SEEDS]
    assert len(set(theirs)) > 1  # the seeds do matter
    assert 0.3 < np.mean(theirs) < 0.95  # and there is room for a difference on both sides
    assert abs(np.mean(ours) - np.mean(theirs)) <= 0.005


@pytest.fixture(scope="module")
def sketches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("starter") / "sketches"
    samples.write("sketches", folder)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.exhaustive
def test_a_pretrained_network_knows_sketches(sketches: Path, tmp_path: Path) -> None:
    accuracies = [thaw(sketches, tmp_path / f"run-{seed}", seed) for seed in range(3)]
    assert np.mean(accuracies) >= 0.85


@pytest.mark.exhaustive
def test_a_fresh_network_does_not(sketches: Path) -> None:
    """The small network that tutorials train from nothing, given twice the epochs.

    It has no batch norm, whose statistics would still be off after so few steps and make any
    fresh network look worse than it is. Chance is 0.25.
    """
    source = SourceFeed(open_source(sketches), SplitSettings())
    found = source.read(lambda _: True, lambda _: None, 96, lambda *_: None)

    def pixels(split: Any) -> tuple[np.ndarray, np.ndarray]:
        records = found.of(split)
        squares = [
            images.to_square(images.decode((sketches / r.file).read_bytes()), 96) for r in records
        ]
        return np.stack(squares), np.array([found.classes.index(r.label) for r in records])

    (x_train, y_train), validation = pixels("train"), pixels("validation")
    best = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.layers.Input((96, 96, 3)), keras.layers.Rescaling(1 / 255)])
        for filters in (16, 32, 64):
            model.add(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
            model.add(keras.layers.MaxPooling2D())
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(128, activation="relu"))
        model.add(keras.layers.Dense(4, activation="softmax"))
        model.compile(
            keras.optimizers.Adam(0.001),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        history = model.fit(
            x_train, y_train, batch_size=32, epochs=10, validation_data=validation, verbose=0
        ).history
        assert history["accuracy"][-1] > history["accuracy"][0]  # it does try
        best.append(max(history["val_accuracy"]))
    assert np.mean(best) <= 0.6
