"""What a person chooses before training: each setting once, with its default, bounds and words.

Validation, the command line's options, the controls of the Train page and the tables in
`docs/settings.md` all come from these two classes. They are valid or do not exist.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Literal, Self

from core.errors import UserError
from core.saying import later, say

DENSE_LAYERS = 3
ALL: Final = "all"  # layers are frozen
IMAGENET, RANDOM = "imagenet", "random"
BEST = 120  # seconds to look for something better, where somebody wants the best
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEEDS = 2**31 - 1


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


class Sees(StrEnum):
    """What the new layers look at: the last features, or the pooled output of every stage."""

    LAST = "last"
    STAGES = "stages"


class Grouping(StrEnum):
    """Which images stay on one side of the split together; see `datasets/grouping.py`."""

    NONE = "none"
    NAME = "name"
    FOLDER = "folder"


@dataclass(frozen=True)
class Setting:
    """What is known of a setting besides its name, its type and its default.

    Attributes:
        label: What it is called.
        help: What it does, in words that hold on a page and in a terminal.
        expected: What it may be, in words.
        allowed: Whether it may be this value.
        options: What it is chosen from, where it is one of a few words.
        bounds: Its least and its largest value, where it is a number.
        step: What the buttons of its control change a number by.
    """

    label: str
    help: str
    expected: str
    allowed: Callable[[Any], bool]
    options: tuple[str, ...] = ()
    bounds: tuple[float, float] = (0, 0)
    step: float = 1


def _setting(default: Any, label: str, help: str, *rest: Any, **more: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(label, help, *rest, **more)})


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _whole(default: int, label: str, least: int, most: int, help: str) -> Any:
    return _setting(
        default,
        label,
        help,
        say("a whole number from {least:d} to {most:d}", least=least, most=most),
        lambda value: _is_whole(value, least, most),
        bounds=(least, most),
    )


def _number(
    default: float, label: str, least: float, most: float, help: str, step: float = 0.05
) -> Any:
    def allowed(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value) and least <= value <= most

    expected = say("a number from {least:g} to {most:g}", least=least, most=most)
    return _setting(default, label, help, expected, allowed, bounds=(least, most), step=step)


def _switch(default: bool, label: str, help: str) -> Any:
    return _setting(
        default, label, help, later("true or false"), lambda value: isinstance(value, bool)
    )


def _among(default: str, label: str, options: Sequence[str], help: str) -> Any:
    options = tuple(map(str, options))
    expected = say("one of {options}", options=options)
    return _setting(default, label, help, expected, lambda v: v in options, options=options)


class _Checked:
    """Settings that are checked as they are made."""

    def __post_init__(self) -> None:
        for name, setting in known(type(self)).items():
            value, default = getattr(self, name), getattr(type(self), name)
            if not setting.allowed(value):
                raise UserError(
                    "Expected {expected} for “{label}”, received {value!r}.",
                    expected=setting.expected,
                    label=setting.label,
                    value=value,
                )
            if isinstance(default, StrEnum | tuple):
                object.__setattr__(self, name, type(default)(value))


def known(settings: type) -> dict[str, Setting]:
    """What is known of each setting of a class, by name."""
    return {each.name: each.metadata["setting"] for each in fields(settings)}


@dataclass(frozen=True)
class SplitSettings(_Checked):
    """How images are divided where they do not come divided. The same seed, the same split."""

    validation: float = _number(
        0.2,
        later("Share for validation"),
        0.01,
        0.9,
        later("The share of each class that is only used to check what was learned."),
    )
    seed: int = _whole(
        0,
        later("Seed"),
        0,
        _SEEDS,
        later("The same seed and the same pictures give the same split."),
    )
    test: float = _number(
        0.0,
        later("Share for the test set"),
        0.0,
        0.9,
        later("The share of each class that is held out for a final test."),
    )
    group_by: Grouping = _among(
        Grouping.NONE,
        later("Pictures that stay together"),
        tuple(Grouping),
        later(
            "Pictures that stay in one part of the split: those with the same name "
            "except for the last number, or those in one subfolder of the class."
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation + self.test > 0.95:
            raise UserError(
                "Expected at most 0.95 for the shares of validation and test together, received "
                "{share:g}.",
                share=self.validation + self.test,
            )


_OF_ONE_CLASS = ("backbone", "alpha", "weights", "square", "refit", "batch_size", "seed")


@dataclass(frozen=True)
class TrainingSettings(_Checked):
    """Everything a run needs to know besides its images."""

    backbone: str = _setting(
        "efficientnet_lite0",
        later("A network that has seen a million photos (pretrained backbone)"),
        later("Its name in the catalogue of backbones."),
        later("a name in the catalogue"),
        lambda value: isinstance(value, str),
    )
    alpha: float = _number(
        1.0,
        later("Width (alpha): how many channels its layers have"),
        0.01,
        10.0,
        later("A narrower network is smaller and faster, but less accurate."),
    )
    # A file that somebody brought is named by its SHA-256.
    weights: str = _setting(
        IMAGENET,
        later("What it has seen before (its weights)"),
        later(
            "Because it has seen ImageNet’s million photos, a dozen of your "
            "pictures are enough. Random weights know nothing (from scratch). A "
            "weights file is an .h5 or .weights.h5 of this network."
        ),
        later("imagenet, random or a weights file"),
        lambda value: (
            value in (IMAGENET, RANDOM)
            or (isinstance(value, str) and bool(_DIGEST.fullmatch(value)))
        ),
    )
    # Counted from the input over `include_top=False, pooling=None` `model.layers`. All of them is
    # never a number here: `rows.one_spelling` sees to that wherever settings come in.
    frozen_layers: int | Literal["all"] = _setting(
        ALL,
        later("Frozen layers"),
        later(
            "Frozen layers keep what they know. Thawed layers learn from your "
            "pictures too, which takes longer and needs more pictures."
        ),
        later("all or a whole number from 0 to 10000"),
        lambda value: value == ALL or _is_whole(value, 0, 10_000),
    )
    head_sees: Sees = _among(
        Sees.STAGES,
        later("What the new layers look at"),
        tuple(Sees),
        later(
            "The last features say what a picture shows. Every stage adds edges, textures and "
            "parts (Head2Toe), which helps with drawings, signs and materials and costs no time. "
            "If layers are thawed, the new layers always look at the last features."
        ),
    )
    dense: tuple[int, ...] = _setting(
        (),
        later("Dense layers before the classes"),
        later("The units of each new layer (ReLU) between the network and the classes."),
        say("up to {most} whole numbers from 1 to 8192", most=DENSE_LAYERS),
        lambda value: (
            isinstance(value, tuple | list)
            and len(value) <= DENSE_LAYERS
            and all(_is_whole(units, 1, 8192) for units in value)
        ),
        bounds=(1, 8192),
    )
    dropout: float = _number(
        0.0,
        later("Dropout"),
        0.0,
        0.95,
        later(
            "The share of units that are switched off at random in each step, so "
            "that the network does not rely on any single one."
        ),
    )
    epochs: int = _whole(
        40,  # of milliseconds each, where all layers are frozen
        later("Epochs"),
        1,
        1000,
        later("How often it sees all training pictures. The best epoch is kept."),
    )
    batch_size: int = _whole(
        32, later("Batch size"), 1, 4096, later("Pictures per update of the network.")
    )
    learning_rate: float = _number(
        0.01,
        later("Learning rate"),
        1e-7,
        10.0,
        later("How much the network changes in each update."),
        0.0005,
    )
    # fastai's `fine_tune` spreads 1 to 1/100 over a network.
    thawed_rate: float = _number(
        0.05,
        later("Thawed layers’ share of the learning rate"),
        0.0001,
        1.0,
        later(
            "Thawed layers already know something, so they take smaller steps than "
            "the new last layers."
        ),
    )
    # At least one epoch is left for thawed layers. fastai's `fine_tune` does the same with one.
    warm_up_epochs: int = _whole(
        1,
        later("Warm-up epochs"),
        0,
        1000,
        later(
            "Epochs at the start in which only the new last layers learn, so that "
            "their random weights do not spoil the thawed layers."
        ),
    )
    # Otherwise gamma and beta alone learn, and dropout within the thawed layers does not drop.
    batch_norm_learns: bool = _switch(
        False,
        later("Batch norm adapts too"),
        later(
            "Batch norm scales the values in the network by averages from the "
            "training. Off: it keeps the averages of a million photos, which is "
            "steadier with few pictures."
        ),
    )
    optimizer: str = _among(
        "adam",
        later("Optimizer"),
        ("adam", "adamw", "sgd", "rmsprop"),
        later("The method that updates the network."),
    )
    schedule: str = _among(
        "cosine",
        later("Learning rate schedule"),
        ("cosine", "plateau", "constant"),
        later(
            "How the learning rate changes during training. Cosine: large steps "
            "first, smaller and smaller ones towards the end. Plateau: halved "
            "whenever the network stops improving. Constant: always the same."
        ),
    )
    # Decoupled (Loshchilov and Hutter 2019), times the learning rate, and of the layers behind the
    # backbone alone: pretrained ones are left as they are for what they know, and all of a network
    # from scratch since what suits a head would be far too much. 0 leaves it to the optimizer
    # (AdamW takes 0.004, the others nothing).
    weight_decay: float = _number(
        0.5,
        later("Weight decay"),
        0.0,
        1.0,
        later(
            "Pulls the weights of the new layers towards zero, so that the network "
            "does not rely on single details. For sgd, a hundredth of a good value "
            "for adam is plenty."
        ),
        0.001,
    )
    label_smoothing: float = _number(
        0.0,
        later("Label smoothing"),
        0.0,
        0.9,
        later("Teaches it never to be completely sure. Helps if some labels may be wrong."),
    )
    balanced: bool = _switch(
        False,
        later("Rare classes count as much as frequent ones (class weights)"),
        later(
            "If one class has far more pictures than another, the network could "
            "otherwise do well by always guessing the large one."
        ),
    )
    patience: int = _whole(
        0,
        later("Patience (early stopping)"),
        0,
        1000,
        later(
            "The training ends after this many epochs in a row without "
            "improvement. 0 trains all epochs; the best epoch is kept either way."
        ),
    )
    refit: bool = _switch(
        True,
        later("Learn from the validation pictures too, at the end (refit)"),
        later(
            "After the accuracy has been measured, the new layers learn once more, from the "
            "training and the validation pictures together. Never from test pictures. Only if "
            "all layers are frozen, because then it takes seconds."
        ),
    )
    # A name in the catalogue, or none.
    beside: str = _setting(
        "",
        later("A second network beside it (ensemble)"),
        later(
            "Two networks notice different things, so together they are right more often. Both "
            "look at every picture, which takes longer. Only if all layers are frozen."
        ),
        later("a name in the catalogue, or nothing"),
        lambda value: isinstance(value, str),
    )
    square: Squaring = _among(
        Squaring.SQUASH,
        later("How pictures become square (resizing)"),
        tuple(Squaring),
        later(
            "A network sees every picture as a small square, whatever its shape. "
            "Pictures that you show it later are resized in the same way."
        ),
    )
    augment: Strength = _among(
        Strength.NONE,
        later("Vary the training pictures (augmentation)"),
        tuple(Strength),
        later(
            "It also learns from copies of each picture that are slightly rotated, "
            "zoomed, mirrored and brightened or darkened. That helps if you have "
            "few pictures; preparing the copies takes time once."
        ),
    )
    views: int = _whole(
        4,
        later("Copies of each picture"),
        1,
        50,
        later("The number of varied copies of each picture."),
    )
    mirror: bool = _switch(
        True,
        later("Mirror them too"),
        later("Right for most things. Wrong for letters, digits, and left and right hands."),
    )
    seed: int = _whole(
        0,
        later("Seed"),
        0,
        _SEEDS,
        later("The same seed and the same pictures give the same result."),
    )
    # The race of `training/race.py`; its candidates have none.
    budget: int = _whole(
        0,
        later("How thoroughly (budget)"),
        0,
        86_400,
        later(
            "Seconds to look for something better: after these settings it tries a second network "
            "beside the first and thawed layers, as far as the time goes, and keeps what is "
            "clearly better (best). 0 trains these settings alone (quick)."
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_scratch and self.frozen_layers != 0:
            raise UserError(
                "Expected 0 frozen layers for a network from scratch, since it knows nothing that "
                "is worth keeping, received {count}.",
                count=self.frozen_layers,
            )

    def for_one_class(self) -> Self:
        """What is left to set where there is a single class: there is nothing to tell apart.

        No layer learns. The network only remembers how the pictures look, so there is one epoch,
        in which nothing changes.

        Raises:
            UserError: Layers were to be thawed, or the network knows nothing.
        """
        if self.frozen_layers != ALL:
            raise UserError(
                "There is only one class, so there is nothing that thawed layers could learn to "
                "tell apart. Freeze all layers, or add another class."
            )
        kept = {name: getattr(self, name) for name in _OF_ONE_CLASS}
        return type(self)(**kept, head_sees=Sees.LAST, dropout=0.0, epochs=1)

    @property
    def from_scratch(self) -> bool:
        """Whether the backbone starts from random numbers."""
        return self.weights == RANDOM

    @property
    def statistics_adapt(self) -> bool:
        """Whether batch norm of thawed layers adapts its statistics."""
        return self.batch_norm_learns or self.from_scratch

    @property
    def sees_stages(self) -> bool:
        """Whether the new layers look at every stage."""
        return self.head_sees is Sees.STAGES and self.frozen_layers == ALL

    @property
    def pair(self) -> bool:
        """Whether a second network looks at every picture too."""
        return bool(self.beside) and self.sees_stages

    @property
    def refits(self) -> bool:
        """Whether they learn once more at the end, from validation images too."""
        return self.refit and self.frozen_layers == ALL

    def frozen_of(self, layers: int) -> int:
        """How many layers stay as they are in a backbone of so many."""
        return self.frozen_layers if isinstance(self.frozen_layers, int) else layers

    def warm_up(self, layers: int) -> int:
        """How many epochs train the head alone before thawed layers join in.

        Args:
            layers: How many the backbone has.
        """
        if self.from_scratch or self.frozen_of(layers) == layers:
            return 0
        return min(self.warm_up_epochs, self.epochs - 1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"dense": list(self.dense)}

    def changed(self) -> dict[str, Any]:
        """What is not as `usual`, as JSON holds it."""
        thawed = self.frozen_layers != ALL
        return {
            name: value
            for name, value in self.to_dict().items()
            if getattr(self, name) != usual(name, thawed=thawed)
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; what an older version did not know has its default.

        Raises:
            UserError: A value is out of its range, or a name is unknown.
        """
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise UserError(
                "These settings are unknown to this version: {names}.", names=sorted(unknown)
            )
        return cls(**values)


# Where layers are thawed: each epoch takes far longer.
THAWED: dict[str, Any] = {"epochs": 15}


def usual(name: str, *, thawed: bool) -> Any:
    """The default of a setting where layers are thawed, or none."""
    default = getattr(TrainingSettings, name)
    return THAWED.get(name, default) if thawed else default
