"""The part of a network that runs once an image, as its cache key knows it. No TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from core.backbones.catalogue.backbone import Backbone
from core.intake.pictures.images import DECODING, LIBRARIES
from core.intake.pictures.preparation import USUAL, Preparation
from core.network import engine, gpu
from core.network.features import cache_key

POOLED = "pooled"  # the cut behind the whole backbone: one number a channel
PIXELS = "pixels"  # the cut before it: nothing is frozen, or nothing worth keeping


@dataclass(frozen=True)
class Prefix:
    """What runs once an image: everything up to a cut.

    Attributes:
        cut: The place in `model.operations` that it ends with, or POOLED or PIXELS.
        key: Stands for all that its numbers depend on but the image.
        graph: Stands for what computes them, in any precision and whatever the images went through
            before.
        shape: Of one image's features.
        dtype: Of the features.
        precision: What they are computed with.
        side: Pixels of the square that goes in.
    """

    cut: str
    key: str
    graph: str
    shape: tuple[int, ...]
    dtype: str
    precision: str
    side: int

    def compile(self, build: Callable[[], Any], answer: engine.Answer) -> engine.Engine:
        """Make it ready to run.

        Args:
            build: Makes its Keras model, where that is not converted yet; see
                `engine.compile_model`.
            answer: Told the key of each image and its features, from any thread.
        """
        if self.cut == PIXELS:
            return engine.Pixels(answer)
        if gpu.is_here():
            return gpu.TensorFlowEngine(build, answer, self.precision)
        return engine.compile_model(self.graph, build, answer, self.precision)


def resizing(preparation: Preparation) -> str:
    """What images go through before a network sees them, for the keys of caches."""
    told = f"decoding {DECODING}, {preparation.square} bilinear, {LIBRARIES}"
    return f"{told}, {preparation.key}" if preparation.key else told


def prefix_at(
    cut: str,
    backbone: Backbone,
    weights: str,
    shape: tuple[int, ...],
    preparation: Preparation = USUAL,
    precision: str | None = None,
) -> Prefix:
    """Describe the prefix that ends at a cut.

    Args:
        cut: The place in `model.operations`, or POOLED or PIXELS.
        backbone: Its row of the catalogue.
        weights: Digest of its weights.
        shape: Of one image's features.
        preparation: How images are read and become square.
        precision: What its numbers are computed with; None for what is fastest here.
    """
    dtype = "uint8" if cut == PIXELS else "float32"
    on_gpu = gpu.is_here()
    precision = precision or (gpu.precision() if on_gpu else engine.feature_precision())
    facts: dict[str, Any] = {"cut": cut, "input_size": backbone.input_size}
    if cut != PIXELS:
        facts |= {
            "backbone": backbone.name,
            "alpha": backbone.alpha,
            "weights": weights,
            "preprocessing": backbone.preprocessing,
            "shape": shape,
            "keras": version("keras"),
            "engine": "tensorflow" if on_gpu else engine.name(),
        }
    key = cache_key(**facts, precision=precision, resize=resizing(preparation))
    return Prefix(cut, key, cache_key(**facts), shape, dtype, precision, backbone.input_size)
