"""How long a training will take, and how much memory and disk: arithmetic on what a probe met."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any, Self

from core.backbones.catalogue.backbone import Backbone, Layer
from core.backbones.catalogue.rows import beside_of
from core.settings import TrainingSettings
from core.training.batches import FOR_STATISTICS
from core.training.racing.candidates import candidates

LONG = 3600.0  # seconds from which a training is worth a warning
# Bytes, measured on peaks of trainings with EfficientNet-Lite0 and MobileNet (test_memory_of_runs).
_PROCESS = 680_000_000  # a process with all that it imports, a data set, and an earlier run
_AT_LEAST = 950_000_000  # one that has trained before may hold THAW_KEPT_GB when it begins
_LAYER = 2_500_000  # a layer that is built, converted, compiled, and converted again with its head
_TRAINED_LAYER = 5_500_000  # one that trains: its part of the traced steps, its kernels' buffers
_QUICK = 0.002  # seconds of a step that is mostly Keras' own doing, which these are multiples of:
_BESIDE_EPOCH = 15  # what an epoch takes beside its steps: validation, checkpoint, telling
_BESIDE_STEP = 3  # what a step that comes alone takes beside itself: its batch, and Keras' call
_FINISH = 0.5  # seconds to evaluate, and to write
_WRITTEN = 200e6  # bytes of a model that are saved in a second
_NORM, _CONVOLUTIONS = "BatchNormalization", ("Conv2D", "DepthwiseConv2D")
_ARRAYS = 5  # of each thawed number: itself, its gradient, Adam's two moments, the best so far


@dataclass(frozen=True)
class Probe:
    """What a few images met on this machine, with one backbone frozen to one depth.

    Attributes:
        prepare: Seconds to build and compile, once.
        image: Seconds an image that is new, from its file to its features.
        new_images: How many of the data set's images and their variants are new.
        feature_bytes: Bytes of an image's features.
        head_step: Seconds a step that trains the head alone.
        step: Seconds a step that trains all that is thawed.
        judge: Seconds an image that is only looked at, for validation.
        frozen_image: Seconds an image would take with all layers frozen.
        trained_from: How many layers run once an image; the rest runs in every step.
    """

    prepare: float
    image: float
    new_images: int
    feature_bytes: int
    head_step: float
    step: float
    judge: float
    frozen_image: float
    trained_from: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**values)


@dataclass(frozen=True)
class Estimate:
    """What a training will cost.

    Attributes:
        seconds: From its start to its results.
        memory: Bytes that the training process will hold at most.
        disk: Bytes that the run and its features will take.
        frozen_seconds: What it would take with all layers frozen.
    """

    seconds: float
    memory: int
    disk: int
    frozen_seconds: float

    @property
    def long(self) -> bool:
        """Whether it deserves a warning."""
        return self.seconds >= LONG


def estimate(
    probe: Probe, settings: TrainingSettings, backbone: Backbone, counts: Mapping[str, int]
) -> Estimate:
    """Work out what a training will cost.

    Args:
        probe: Measured for these settings but for epochs and rates.
        settings: What to train.
        backbone: The row that they name.
        counts: Images of each side: train, validation and test.
    """
    if settings.budget:
        return _of_race(probe, settings, backbone, counts)
    images = sum(counts.values())
    steps = -(-counts["train"] // settings.batch_size)
    layers = backbone.layers
    warm_up = settings.warm_up(len(layers))
    validation = counts["validation"]
    quick = min(probe.head_step, _QUICK)
    head_epoch = steps * probe.head_step + _BESIDE_EPOCH * quick
    beside = (_BESIDE_EPOCH + _BESIDE_STEP * steps) * quick
    looked_at = validation
    if settings.statistics_adapt:  # batch norm is estimated anew before every validation
        looked_at += min(counts["train"], FOR_STATISTICS * settings.batch_size)
    thawed_epoch = steps * probe.step + looked_at * probe.judge + beside
    all_frozen = settings.frozen_of(len(layers)) == len(layers)
    epoch = head_epoch if all_frozen else thawed_epoch
    judged = counts["test"] or validation
    finish = _FINISH + 4 * backbone.parameters / _WRITTEN + judged * probe.judge
    seconds = (
        probe.prepare
        + probe.new_images * probe.image
        + warm_up * head_epoch
        + (settings.epochs - warm_up) * epoch
        + finish
    )
    frozen = probe.prepare + images * probe.frozen_image + settings.epochs * head_epoch + finish
    trained = () if all_frozen else layers[probe.trained_from :]
    kept = _kept_for_gradients(trained, adapts=settings.statistics_adapt)
    largest = max((layer.size for layer in trained), default=0)  # its gradient, on the way back
    memory = max(
        _AT_LEAST,
        _PROCESS
        + _LAYER * len(layers)
        + _TRAINED_LAYER * len(trained)
        + 4 * backbone.parameters
        + 4 * _ARRAYS * sum(layer.trainable for layer in trained)
        + 4 * (kept + largest) * min(settings.batch_size, counts["train"]),
    )
    second = beside_of(settings)
    if second is not None:
        memory += _LAYER * len(second.layers) + 4 * second.parameters
    disk = probe.new_images * probe.feature_bytes + 3 * 4 * backbone.parameters
    return Estimate(seconds, memory, disk, frozen)


def _of_race(
    probe: Probe, settings: TrainingSettings, backbone: Backbone, counts: Mapping[str, int]
) -> Estimate:
    """A race takes its budget, and as much memory as the largest of its candidates."""
    tried = [
        estimate(
            replace(probe, trained_from=each.frozen_of(len(backbone.layers))),
            each,
            backbone,
            counts,
        )
        for each in candidates(settings, lambda: True)
    ]
    return Estimate(
        seconds=max(settings.budget, tried[0].seconds),
        memory=max(each.memory for each in tried),
        disk=sum(each.disk for each in tried),
        frozen_seconds=tried[0].frozen_seconds,
    )


def _kept_for_gradients(layers: Sequence[Layer], *, adapts: bool) -> int:
    """Numbers that a training step keeps of each image until it has gone back through the layers.

    Batch norm that keeps its statistics is part of the convolution before it (see
    `InferenceMode`), whose own output does not exist then, and ReLU overwrites what it gives. Where
    it adapts them, Keras computes it in parts and each layer's output is kept.

    Args:
        layers: Those that run in every step, in order.
        adapts: Whether batch norm adapts its statistics.
    """
    if adapts:
        return sum(layer.size for layer in layers)
    kept = 0
    for layer, following in zip_longest(layers, layers[1:]):
        then = following.type if following else ""
        overwritten = layer.type == _NORM and then == "ReLU"
        folded = layer.type in _CONVOLUTIONS and then == _NORM
        if not overwritten and not folded:
            kept += layer.size
    return kept
