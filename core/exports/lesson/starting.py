"""The backbone that a run began with, as a file that plain Keras opens."""

from dataclasses import dataclass
from pathlib import Path

from core.backbones.catalogue.backbone import Backbone
from core.backbones.weights import own_weights, weights
from core.settings import IMAGENET, TrainingSettings
from core.storage.home import Space


@dataclass(frozen=True)
class Start:
    """What to write; plain data, so a separate process can receive it.

    Attributes:
        backbone: Its row of the catalogue.
        weights: The file with its weights; None for random ones.
        seed: Of random weights.
        file: The `.keras` file to be.
    """

    backbone: Backbone
    weights: Path | None
    seed: int
    file: Path

    def write(self) -> list[str]:
        """Write it.

        Returns:
            The layers that take in what each stage but the last makes, by name.
        """
        from core.backbones import load
        from core.backbones.frameworks import keras
        from core.backbones.stages import next_stages

        keras.utils.set_random_seed(self.seed)
        if self.weights is None:
            model = load.build(self.backbone)
        else:
            model = load.load(self.backbone, self.weights)
        model.save(self.file)
        firsts = [block.first for block in self.backbone.blocks]
        return [layer.name for layer in next_stages(model, firsts)]


def of(space: Space, backbone: Backbone, settings: TrainingSettings, file: Path) -> Start:
    """What a run began with.

    Args:
        space: Where a weights file lies that somebody brought.
        backbone: That its settings name.
        settings: Of the run.
        file: The `.keras` file to be.

    Raises:
        UserError: The weights are gone and cannot be had.
    """
    if settings.from_scratch:
        found = None
    elif settings.weights == IMAGENET:
        found = weights.obtain(backbone, lambda *_: None)
    else:
        found = own_weights.find(space, settings.weights)
    return Start(backbone, found, settings.seed, file)
