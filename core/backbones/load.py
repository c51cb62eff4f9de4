"""Builds a backbone in Keras, with its weights and the preprocessing it expects."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.backbones.catalogue.backbone import Backbone, HubModule, Preprocessing
from core.backbones.frameworks import keras
from core.backbones.weights import weights_file
from core.backbones.weights.torch_weights import read_torch_weights
from core.errors import UserError

# keras.applications.imagenet_utils, mode "caffe": the mean blue, green and red of ImageNet.
_CAFFE_MEANS = (103.939, 116.779, 123.68)
# The same, mode "torch": mean and deviation of red, green and blue in [0, 1].
_TORCH_MEANS = (0.485, 0.456, 0.406)
_TORCH_DEVIATIONS = (0.229, 0.224, 0.225)


def build(backbone: Backbone, *, input_size: int | None = None, top: bool = False) -> keras.Model:
    """The network with random weights.

    Args:
        backbone: A row of the catalogue; not a sealed one, which has no other form than its own.
        input_size: Side of the square input; the backbone's own where None.
        top: With its 1000 ImageNet classes.

    Returns:
        A functional model from preprocessed images [N, size, size, 3] to feature maps, not pooled,
        or to probabilities [N, 1000].
    """
    size = input_size or backbone.input_size
    module, _, function = backbone.builder.rpartition(".")
    if module == "keras.applications":
        options = {"alpha": backbone.alpha} if backbone.widths else {}
        return getattr(keras.applications, function)(
            include_top=top, pooling=None, weights=None, input_shape=(size, size, 3), **options
        )
    return getattr(importlib.import_module(module), function)(size, top=top)


def load(backbone: Backbone, file: Path, *, top: bool = False) -> keras.Model:
    """The network with the weights of a file, or a folder for a sealed one.

    Args:
        backbone: A row of the catalogue.
        file: What `weights.obtain` gave, or a file that somebody brought.
        top: With its 1000 ImageNet classes; the file is then that of the head.

    Raises:
        UserError: The file is damaged or belongs to another network.
    """
    if isinstance(backbone.weights, HubModule):
        from core.backbones.hub import hub

        return hub.sealed(file, backbone, top=top)
    model = build(backbone, top=top)
    if file.suffix == ".pth":
        state = read_torch_weights(file)
        loader = importlib.import_module(backbone.builder.rpartition(".")[0])
        try:
            loader.load_torch_weights(model, state)
        except (ValueError, KeyError) as error:
            raise UserError(
                "Expected the weights of {title}, but {name} holds those of another network. Get "
                "the right file, or delete this one to have it fetched anew.",
                title=backbone.title,
                name=file.name,
            ) from error
        return model
    layers = backbone.table.whole if top else backbone.layers
    _fill(model, weights_file.read(file, layers, backbone.title))
    return model


def _fill(model: keras.Model, arrays: Sequence[Sequence[np.ndarray]]) -> None:
    for layer, values in zip(model.layers, arrays, strict=True):
        if values:
            layer.set_weights(values)


def preprocess(preprocessing: Preprocessing, images: Any) -> Any:
    """RGB images in [0, 255] as the network was trained to see them; only built-in layers.

    Args:
        preprocessing: Which convention.
        images: A symbolic tensor [N, size, size, 3].
    """
    scale: Any = 1.0
    offset: Any = 0.0
    match preprocessing:
        case Preprocessing.LITE:
            scale, offset = 1 / 128, -127 / 128
        case Preprocessing.TF:
            scale, offset = 1 / 127.5, -1.0
        case Preprocessing.UNIT:
            scale = 1 / 255
        case Preprocessing.TORCH:
            scale = [1 / (255 * deviation) for deviation in _TORCH_DEVIATIONS]
            pairs = zip(_TORCH_MEANS, _TORCH_DEVIATIONS, strict=True)
            offset = [-mean / deviation for mean, deviation in pairs]
        case Preprocessing.CAFFE:
            images = keras.ops.flip(keras.ops.cast(images, "float32"), axis=-1)
            scale, offset = [1.0, 1.0, 1.0], [-mean for mean in _CAFFE_MEANS]
        case Preprocessing.INSIDE:
            pass  # the layer below only makes them float32
    return keras.layers.Rescaling(scale, offset, name="preprocessing")(images)
