"""The part of a network that runs once an image, as its cache key knows it. No TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import PIL

from core.backbones.backbone import Backbone
from core.network import engine
from core.network.features import cache_key

POOLED = "pooled"  # the cut behind the whole backbone: one number a channel
RESIZE = f"squash bilinear, Pillow {PIL.__version__}"
PIXELS = "pixels"  # the cut before it: nothing is frozen, or nothing worth keeping


@dataclass(frozen=True)
class Prefix:
    """What runs once an image: everything up to a cut.

    Attributes:
        cut: The place in `model.operations` that it ends with, or POOLED or PIXELS.
        key: Stands for all that its numbers depend on but the image.
        shape: Of one image's features.
        dtype: Of the features.
    """

    cut: str
    key: str
    shape: tuple[int, ...]
    dtype: str

    def compile(self, build: Callable[[], Any], answer: engine.Answer) -> engine.Engine:
        """Make it ready to run.

        Args:
            build: Makes its Keras model, where that is not converted yet; see
                `engine.compile_model`.
            answer: Told the key of each image and its features, from any thread.
        """
        if self.cut == PIXELS:
            return engine.Pixels(answer)
        return engine.compile_model(self.key, build, answer)


def prefix_at(cut: str, backbone: Backbone, weights: str, shape: tuple[int, ...]) -> Prefix:
    """Describe the prefix that ends at a cut.

    Args:
        cut: The place in `model.operations`, or POOLED or PIXELS.
        backbone: Its row of the catalogue.
        weights: Digest of its weights.
        shape: Of one image's features.
    """
    facts = {"cut": cut, "input_size": backbone.input_size, "resize": RESIZE}
    if cut == PIXELS:
        return Prefix(cut, cache_key(**facts), shape, "uint8")
    facts |= {
        "backbone": backbone.name,
        "alpha": backbone.alpha,
        "weights": weights,
        "preprocessing": backbone.preprocessing,
        "shape": shape,
        "keras": version("keras"),
        "engine": engine.name(),
    }
    return Prefix(cut, cache_key(**facts), shape, "float32")
