"""What a training starts from: its network with weights, frozen and cut. TensorFlow comes late."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import backbone_of, beside_of, one_spelling
from core.backbones.weights import own_weights, weights
from core.intake.pictures.preparation import Preparation
from core.network import engine, features
from core.network.prefix import PIXELS, POOLED, Prefix, prefix_at
from core.settings import ALL, IMAGENET, Strength, TrainingSettings
from core.storage import home
from core.storage.home import Space
from core.training.augment import Augmentation

if TYPE_CHECKING:
    from core.network.classifier import Network

_BODIES = 2  # that are kept in memory: as many as look at a picture together


@dataclass(frozen=True)
class Setup:
    """What the settings of a run come to.

    Attributes:
        settings: How it is trained.
        backbone: The row that they name.
        file: The weights to start from; None to start from nothing.
        digest: Stands for these weights.
        preparation: How images are read and become square.
        beside: The same for a second network, where there is one.
    """

    settings: TrainingSettings
    backbone: Backbone
    file: Path | None
    digest: str
    preparation: Preparation
    beside: "Setup | None" = None

    @classmethod
    def of(
        cls,
        space: Space,
        settings: TrainingSettings,
        preparation: Preparation,
        report: weights.Report,
    ) -> "Setup":
        """Find the weights, or download them.

        Args:
            space: Where a weights file lies that somebody brought.
            settings: What to train.
            preparation: How its images are read; how they become square, the settings say.
            report: Told bytes done and in total during a download; may raise to end it.

        Raises:
            UserError: The settings cannot be used, or the weights cannot be had.
        """
        backbone, settings = backbone_of(settings), one_spelling(settings)
        preparation = replace(preparation, square=settings.square)
        if settings.from_scratch:
            return cls(settings, backbone, None, f"random {settings.seed}", preparation)
        if settings.weights == IMAGENET:
            file = weights.obtain(backbone, report)
            digest = weights.digest(file)
        else:
            file, digest = own_weights.find(space, settings.weights), settings.weights
        setup = cls(settings, backbone, file, digest, preparation)
        second = beside_of(settings)
        if second is None:
            return setup
        file = weights.obtain(second, report)
        alone = replace(settings, backbone=second.name, alpha=1.0, weights=IMAGENET, beside="")
        beside = cls(alone, second, file, weights.digest(file), preparation)
        return replace(setup, beside=beside)

    @property
    def all_frozen(self) -> bool:
        """Whether nothing but the head learns."""
        return self.settings.frozen_layers == ALL

    @property
    def warm_up(self) -> int:
        """How many epochs train the head alone before the thawed layers join in."""
        return self.settings.warm_up(len(self.backbone.layers))

    @property
    def augmentation(self) -> Augmentation | None:
        """How training images are varied, where they are."""
        if self.settings.augment is Strength.NONE:
            return None
        return Augmentation(self.settings.augment, self.settings.mirror, self.settings.square)

    def variant_keys(self, prefix: Prefix, digest: str) -> list[str]:
        """The cache's names of the variants of a training image at a cut.

        There are none while a head warms up, nor of pixels, which are varied anew in every epoch.
        """
        warming = prefix.cut == POOLED and not self.all_frozen
        if self.augmentation is None or warming or prefix.cut == PIXELS:
            return []
        return [self.augmentation.key(digest, n) for n in range(self.settings.views)]

    def build(self, images: int) -> "Network":
        """Build, freeze and cut the network; imports TensorFlow.

        Args:
            images: About how many there are, which decides what features fit on the disk.
        """
        from core.network.classifier import Network

        home.root().mkdir(parents=True, exist_ok=True)
        return Network(
            self.backbone,
            self._body(),
            self.digest,
            frozen_layers=self.settings.frozen_of(len(self.backbone.layers)),
            budget=min(features.limit(), shutil.disk_usage(home.root()).free // 2),
            images=images,
            preparation=self.preparation,
            sees_stages=self.settings.sees_stages,
            beside=self.beside.build(images) if self.beside else None,
        )

    def _body(self) -> Any:
        if self.file is None:
            from core.backbones import load
            from core.backbones.frameworks import keras

            keras.utils.set_random_seed(self.settings.seed)
            return load.build(self.backbone)
        # Training changes thawed layers in place, so only a wholly frozen body is kept for others.
        return (_frozen_body if self.all_frozen else _load)(self.backbone, self.file, self.digest)

    def untouched(self) -> Any:
        """The backbone as it was before anything was thawed; imports TensorFlow.

        Only where it has weights to start from.
        """
        assert self.file is not None
        return _load(self.backbone, self.file, self.digest)

    def in_full_precision(self) -> list[Prefix]:
        """The whole networks as predictions run them, where features are computed otherwise."""
        full = [each._pooled(engine.FLOAT32) for each in self._side_by_side]
        return full if self.all_frozen and full != self.wholes() else []

    def wholes(self) -> list[Prefix]:
        """Each whole network, known before it is built."""
        return [each._pooled() for each in self._side_by_side]

    @property
    def _side_by_side(self) -> "list[Setup]":
        return [self, self.beside] if self.beside is not None else [self]

    def _pooled(self, precision: str | None = None) -> Prefix:
        shape = (sum(self.backbone.stages),)
        return prefix_at(POOLED, self.backbone, self.digest, shape, self.preparation, precision)

    def prefixes(self, network: "Callable[[], Network]") -> list[Prefix]:
        """What runs once an image; where all is frozen it is known before the network is built.

        While the head warms up nothing else learns: then, too, the backbone need not run each
        epoch.

        Args:
            network: Waits for what `build` gives.
        """
        if self.all_frozen:
            return self.wholes()
        built = network()
        return [built.prefix, built.pooled] if self.warm_up else [built.prefix]


def _load(backbone: Backbone, file: Path, digest: str) -> Any:
    from core.backbones import load

    return load.load(backbone, file)


_frozen_body: Callable[[Backbone, Path, str], Any] = lru_cache(maxsize=_BODIES)(_load)
