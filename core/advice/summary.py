"""The settings of a training in one line."""

from core.backbones.catalogue.rows import backbone_of
from core.errors import UserError
from core.settings import ALL, IMAGENET, RANDOM, Squaring, Strength, TrainingSettings

_SQUARED = {Squaring.CROP: "pictures cropped", Squaring.PAD: "pictures padded"}


def summary(settings: TrainingSettings, epochs: int | None = None) -> str:
    """What was chosen, but for what is left at its default.

    Args:
        settings: They.
        epochs: How many there are to be, where that has changed since.
    """
    try:
        backbone = backbone_of(settings)
        title, total = backbone.title, f" of {len(backbone.layers)}"
    except UserError:  # a module that is no longer in the catalogue
        title, total = settings.backbone, ""
    start = {IMAGENET: "", RANDOM: " from scratch"}.get(settings.weights, " from a file")
    epochs = epochs or settings.epochs
    told = [
        f"{title}{start}",
        f"{settings.frozen_layers}{total if settings.frozen_layers != ALL else ''} layers frozen",
        f"dense {' + '.join(map(str, settings.dense))}" if settings.dense else "",
        f"{epochs:,} {'epoch' if epochs == 1 else 'epochs'}",
        f"{settings.optimizer}, learning rate {settings.learning_rate:g}",
        _SQUARED.get(settings.square, ""),
        f"{settings.augment} augmentation" if settings.augment is not Strength.NONE else "",
        "classes balanced" if settings.balanced else "",
    ]
    return " · ".join(filter(None, told))
