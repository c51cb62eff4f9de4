"""What a person chooses before training, as frozen dataclasses that are valid or do not exist."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from core.errors import UserError

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop")
SCHEDULES = ("cosine", "plateau", "constant")
DENSE_LAYERS = 3
IMAGENET, RANDOM = "imagenet", "random"
EPOCHS = 40  # of milliseconds each, where all layers are frozen
THAWED_EPOCHS = 15
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Strength(StrEnum):
    """How much training images are varied (augmentation)."""

    NONE = "none"
    LIGHT = "light"
    MEDIUM = "medium"
    STRONG = "strong"


class Squaring(StrEnum):
    """How an image becomes the square that a network sees."""

    SQUASH = "squash"
    CROP = "crop"
    PAD = "pad"


class Grouping(StrEnum):
    """Which images stay on one side of the split together; see `data/grouping.py`."""

    NONE = "none"
    NAME = "name"
    FOLDER = "folder"


@dataclass(frozen=True)
class SplitSettings:
    """How images are divided where the archive does not say.

    Attributes:
        validation: Share of each class that training never sees, between 0 and 1.
        seed: Same seed and same images, same split.
        test: Share of each class that is held out besides, for one last test.
        group_by: Which images stay together, one of Grouping.
    """

    validation: float = 0.2
    seed: int = 0
    test: float = 0.0
    group_by: Grouping = Grouping.NONE

    def __post_init__(self) -> None:
        _between("validation share", self.validation, 0.01, 0.9)
        _whole("seed", self.seed, 0, 2**31 - 1)
        _between("test share", self.test, 0.0, 0.9)
        _between("share of validation and test together", self.validation + self.test, 0.0, 0.95)
        _among("a way to group images", self.group_by, tuple(Grouping))
        object.__setattr__(self, "group_by", Grouping(self.group_by))


@dataclass(frozen=True)
class TrainingSettings:
    """Everything a run needs to know besides its images.

    Attributes:
        backbone: A name in the catalogue.
        alpha: Its width, where it was published in several.
        weights: What the backbone starts from: IMAGENET, its published weights; RANDOM, nothing
            ("from scratch"); or the SHA-256 of a weights file that somebody brought.
        frozen_layers: How many of the backbone's layers stay as they are, counted from the
            input over `include_top=False, pooling=None` `model.layers`; None freezes all.
        dense: Units of each dense layer (ReLU) between the pooled features and the classes.
        dropout: Share of units dropped before the class layer and after each dense layer.
        epochs: Passes over the training images.
        batch_size: Images a step.
        learning_rate: Step size of the optimizer, at its highest.
        thawed_rate: What thawed layers of the backbone take of it: they know something already.
            fastai's `fine_tune` spreads 1 to 1/100 over a network.
        warm_up_epochs: How many of the epochs train the head alone before the thawed layers join
            in, so that a head of random numbers does not shake them; at least one epoch is left
            for them. fastai's `fine_tune` does the same with one.
        batch_norm_learns: Whether the batch norm of thawed layers also adapts its statistics, and
            their dropout drops; otherwise gamma and beta alone learn.
        optimizer: One of OPTIMIZERS.
        schedule: How the learning rate goes on, one of SCHEDULES; see `training/schedule.py`.
        weight_decay: Share that each step takes off the weights of the layers behind the backbone,
            times the learning rate (decoupled: Loshchilov and Hutter 2019). The backbone's are
            left alone: pretrained ones for what they know, all of a network from scratch since
            what suits a head would be far too much. 0 leaves it to the optimizer (AdamW takes
            0.004, the others nothing).
        label_smoothing: Share of certainty that the labels give to the other classes.
        balanced: Whether rare classes count as much as common ones ("class weights").
        patience: Training ends when validation has not been better for so many epochs; 0 goes on to
            the last ("early stopping").
        square: How images become square, one of Squaring; see `data/images.py`. Predictions do as
            the training did.
        augment: How much the training images are varied, one of Strength.
        views: Into how many variants of each, besides itself.
        mirror: Whether variants may be mirrored: harmless for most things, wrong for letters.
        seed: Seeds initial weights, dropout and the order of images.
    """

    backbone: str = "efficientnet_lite0"
    alpha: float = 1.0
    weights: str = IMAGENET
    frozen_layers: int | None = None
    dense: tuple[int, ...] = ()
    dropout: float = 0.0
    epochs: int = EPOCHS
    batch_size: int = 32
    learning_rate: float = 0.01
    thawed_rate: float = 0.05
    warm_up_epochs: int = 1
    batch_norm_learns: bool = False
    optimizer: str = "adam"
    schedule: str = "cosine"
    weight_decay: float = 0.5
    label_smoothing: float = 0.0
    balanced: bool = False
    patience: int = 0
    square: Squaring = Squaring.SQUASH
    augment: Strength = Strength.NONE
    views: int = 4
    mirror: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        _between("width (alpha)", self.alpha, 0.01, 10.0)
        if self.frozen_layers is not None:
            _whole("frozen layers", self.frozen_layers, 0, 10_000)
        self._check_weights()
        object.__setattr__(self, "dense", tuple(self.dense))
        if len(self.dense) > DENSE_LAYERS:
            raise UserError(
                f"Expected at most {DENSE_LAYERS} dense layers, received {len(self.dense)}."
            )
        for units in self.dense:
            _whole("units of a dense layer", units, 1, 8192)
        _between("dropout", self.dropout, 0.0, 0.95)
        _whole("epochs", self.epochs, 1, 1000)
        _whole("batch size", self.batch_size, 1, 4096)
        _between("learning rate", self.learning_rate, 1e-7, 10.0)
        _between("share of the learning rate for thawed layers", self.thawed_rate, 0.0001, 1.0)
        _whole("warm-up epochs", self.warm_up_epochs, 0, 1000)
        _whether("batch norm learns", self.batch_norm_learns)
        _among("an optimizer", self.optimizer, OPTIMIZERS)
        _among("a schedule of the learning rate", self.schedule, SCHEDULES)
        _between("weight decay", self.weight_decay, 0.0, 1.0)
        _between("label smoothing", self.label_smoothing, 0.0, 0.9)
        _whether("classes are balanced", self.balanced)
        _whole("epochs without improvement", self.patience, 0, 1000)
        _among("a way to make images square", self.square, tuple(Squaring))
        object.__setattr__(self, "square", Squaring(self.square))
        _among("a strength of augmentation", self.augment, tuple(Strength))
        object.__setattr__(self, "augment", Strength(self.augment))
        _whole("variants of each image", self.views, 1, 50)
        _whether("images are mirrored", self.mirror)
        _whole("seed", self.seed, 0, 2**31 - 1)

    def _check_weights(self) -> None:
        named = isinstance(self.weights, str)
        if not named or (
            self.weights not in (IMAGENET, RANDOM) and not _DIGEST.fullmatch(self.weights)
        ):
            raise UserError(
                f"Expected {IMAGENET}, {RANDOM} or a file that was brought as the weights to start "
                f"from, received {self.weights!r}."
            )
        if self.from_scratch and self.frozen_layers != 0:
            raise UserError(
                "Expected 0 frozen layers for a network from scratch, since it knows nothing that "
                f"is worth keeping, received {self.to_dict()['frozen_layers']}."
            )

    @property
    def from_scratch(self) -> bool:
        """Whether the backbone starts from random numbers."""
        return self.weights == RANDOM

    @property
    def statistics_adapt(self) -> bool:
        """Whether batch norm of thawed layers adapts its statistics."""
        return self.batch_norm_learns or self.from_scratch

    def all_frozen(self, layers: int) -> bool:
        """Whether nothing but the head learns in a backbone of so many layers."""
        return self.frozen_layers in (None, layers)

    def warm_up(self, layers: int) -> int:
        """How many epochs train the head alone before thawed layers join in.

        Args:
            layers: How many the backbone has.
        """
        if self.from_scratch or self.all_frozen(layers):
            return 0
        return min(self.warm_up_epochs, self.epochs - 1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; all layers frozen is written "all"."""
        frozen = "all" if self.frozen_layers is None else self.frozen_layers
        return asdict(self) | {"frozen_layers": frozen, "dense": list(self.dense)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            UserError: A value is out of its range, or a name is unknown.
        """
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise UserError(f"These settings are unknown to this version: {sorted(unknown)}.")
        frozen = values.get("frozen_layers")
        return cls(
            **values
            | {
                "frozen_layers": None if frozen == "all" else frozen,
                "dense": tuple(values.get("dense", ())),
            }
        )


def _between(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"Expected a number for the {name}, received {value!r}.")
    if not low <= value <= high:
        raise UserError(f"Expected the {name} between {low:g} and {high:g}, received {value:g}.")


def _whether(what: str, value: bool) -> None:
    if not isinstance(value, bool):
        raise UserError(f"Expected true or false for whether {what}, received {value!r}.")


def _among(what: str, value: str, names: Sequence[str]) -> None:
    if value not in names:
        raise UserError(f"Expected {what} among {', '.join(names)}, received {value!r}.")


def _whole(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserError(f"Expected a whole number for the {name}, received {value!r}.")
    if not low <= value <= high:
        raise UserError(f"Expected the {name} between {low} and {high}, received {value}.")
