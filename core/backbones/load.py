"""Builds a backbone in Keras, with its pretrained weights and the preprocessing it expects."""

from pathlib import Path
from typing import Any

from core.backbones import efficientnet_lite
from core.backbones.catalog import Backbone, Preprocessing
from core.backbones.frameworks import keras
from core.backbones.torch_weights import read_torch_weights
from core.errors import UserError

# keras.applications.imagenet_utils, mode "caffe": the mean blue, green and red of ImageNet.
_CAFFE_MEANS = (103.939, 116.779, 123.68)


def build(backbone: Backbone, *, input_size: int | None = None) -> keras.Model:
    """The backbone with random weights, without its classes and without pooling.

    Args:
        backbone: A row of the catalogue.
        input_size: Side of the square input; the backbone's own where None.

    Returns:
        A functional model from preprocessed images [N, size, size, 3] to feature maps.
    """
    size = input_size or backbone.input_size
    if backbone.name == "efficientnet_lite0":
        return efficientnet_lite.efficientnet_lite0(size)
    applications = {
        "mobilenet": keras.applications.MobileNet,
        "mobilenet_v2": keras.applications.MobileNetV2,
        "vgg16": keras.applications.VGG16,
        "resnet50": keras.applications.ResNet50,
    }
    return applications[backbone.name](
        include_top=False, pooling=None, weights=None, input_shape=(size, size, 3)
    )


def load(backbone: Backbone, file: Path) -> keras.Model:
    """The backbone with the weights of a file that `weights.obtain` gave.

    Raises:
        UserError: The file is damaged or belongs to another network.
    """
    model = build(backbone)
    try:
        if file.suffix == ".pth":
            efficientnet_lite.load_torch_weights(model, read_torch_weights(file))
        else:
            model.load_weights(file)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"The weights file {file.name} of {backbone.title} is damaged or of another network. "
            "Delete it and press Train again to fetch it anew."
        ) from error
    return model


def preprocess(preprocessing: Preprocessing, images: Any) -> Any:
    """RGB images in [0, 255] as the network was trained to see them; only built-in layers.

    Args:
        preprocessing: Which convention.
        images: A symbolic tensor [N, size, size, 3].
    """
    match preprocessing:
        case Preprocessing.LITE:
            return keras.layers.Rescaling(1 / 128, -127 / 128, name="preprocessing")(images)
        case Preprocessing.TF:
            return keras.layers.Rescaling(1 / 127.5, -1.0, name="preprocessing")(images)
        case Preprocessing.CAFFE:
            blue_green_red = keras.ops.flip(keras.ops.cast(images, "float32"), axis=-1)
            offsets = [-mean for mean in _CAFFE_MEANS]
            return keras.layers.Rescaling([1.0, 1.0, 1.0], offsets, name="preprocessing")(
                blue_green_red
            )
