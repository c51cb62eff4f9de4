"""What a network sees before it has learned anything new: its own 1000 ImageNet classes."""

from collections.abc import Iterable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from core.backbones.catalogue.backbone import Backbone
from core.backbones.weights import weights
from core.errors import UserError
from core.intake.pictures.preparation import USUAL, Preparation
from core.network import engine
from core.network.features import cache_key
from core.results.prediction import Prediction
from core.results.predictor import File, Predictor

_LABELS = Path(__file__).parent / "imagenet_labels.txt"


@cache
def labels() -> tuple[str, ...]:
    """ImageNet's 1000 classes in plain words, in the order that networks give them in."""
    return tuple(_LABELS.read_text(encoding="utf-8").splitlines())


def untouched(backbone: Backbone, file: Path, preparation: Preparation = USUAL) -> Predictor:
    """A network as it was published.

    Args:
        backbone: One that has its 1000-class head.
        file: The head's weights, as `weights.obtain(…, head=True)` gives them.
        preparation: How pictures are read and become square.

    Raises:
        UserError: The file is damaged or belongs to another network.
    """
    key = cache_key(
        untouched=backbone.name,
        alpha=backbone.alpha,
        weights=weights.digest(file),
        input_size=backbone.input_size,
        preprocessing=backbone.preprocessing,
        engine=engine.name(),
    )
    build = partial(_build, backbone, file.absolute())
    return Predictor(labels(), backbone.input_size, key, build, preparation)


def _build(backbone: Backbone, file: Path) -> Any:
    from core.backbones import load
    from core.backbones.frameworks import keras

    size = backbone.input_size
    images = keras.layers.Input((size, size, 3), dtype="uint8", name="images")
    network = load.load(backbone, file, top=True)
    return keras.Model(images, network(load.preprocess(backbone.preprocessing, images)))


@lru_cache(maxsize=2)
def _warm(backbone: Backbone, file: Path, preparation: Preparation) -> Predictor:
    return untouched(backbone, file, preparation)


def look(
    backbone: Backbone, files: Iterable[File], top: int, preparation: Preparation
) -> list[Prediction]:
    """What an untouched network sees in pictures, for a process that lives on.

    Args:
        backbone: One that has its 1000-class head.
        files: Name and contents of each picture.
        top: How many classes to name.
        preparation: How pictures are read and become square.

    Raises:
        UserError: Its 1000-class head is not on this machine.
    """
    file = weights.find(backbone, head=True)
    if file is None:
        raise UserError(
            "The 1000-class network of {title} is not on this machine. Download it first.",
            title=backbone.title,
        )
    return _warm(backbone, file, preparation).predict(files, top)
