"""What there is to know about a pretrained network: the fields of a row of the catalogue."""

import hashlib
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Self

from core.errors import UserError
from core.storage import files

_TABLES = Path(__file__).parent / "layers"
_BYTES_PER_NUMBER = 4  # float32, in every published weights file


class Preprocessing(StrEnum):
    """What a network was trained to see, from RGB in [0, 255]."""

    LITE = "lite"  # (x - 127) / 128
    TF = "tf"  # x / 127.5 - 1
    CAFFE = "caffe"  # BGR, each channel less its ImageNet mean
    TORCH = "torch"  # x / 255, each channel less its mean and by its deviation
    UNIT = "unit"  # x / 255
    INSIDE = "inside"  # the network's own first layers do it


class Level(StrEnum):
    """What layers tell apart, in words for a class; the finer their grid, the simpler it is.

    Zeiler & Fergus 2014 (arXiv:1311.2901) and Olah et al. 2017 (doi:10.23915/distill.00007) show
    it layer by layer.
    """

    EDGES = "edges"
    TEXTURES = "textures"
    PARTS = "parts"
    WHOLES = "whole things"


@dataclass(frozen=True)
class PipFile:
    """Weights that come with a Python package.

    Attributes:
        module: The package's import name.
        path: The file's path inside it.
    """

    module: str
    path: str

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def package(self) -> str:
        return self.module.replace("_", "-")

    @property
    def origin(self) -> str:
        return f"pip package {self.package}"


@dataclass(frozen=True)
class Download:
    """A published weights file, downloaded once on request.

    Attributes:
        url: Where it is published.
        checksum: `md5:…` or `sha256:…` where one is published; a part counts from the left.
    """

    url: str
    checksum: str | None = None

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def origin(self) -> str:
        return "PyTorch" if self.file.endswith(".pth") else "Keras Applications"


@dataclass(frozen=True)
class HubModule:
    """A TensorFlow Hub module.

    Attributes:
        handle: A URL, a Kaggle path (owner/model/framework/variation/version), or a folder on
            this machine.
    """

    handle: str

    @property
    def plain(self) -> str:
        """A name that owes nothing but letters, digits and dashes to the handle."""
        said = self.handle.partition("://")[2] or self.handle
        if Path(self.handle).is_absolute():
            said = Path(self.handle).name
        letters = "".join(c if c.isascii() and c.isalnum() else " " for c in said)
        return "-".join(letters.split())[-100:].strip("-") or "module"

    @property
    def file(self) -> str:
        """Its folder's name in a cache: no other module has the same."""
        return f"{self.plain}-{hashlib.sha256(self.handle.encode()).hexdigest()[:8]}"

    @property
    def origin(self) -> str:
        return "TensorFlow Hub"


Source = PipFile | Download | HubModule


@dataclass(frozen=True)
class Layer:
    """One entry of the backbone's `model.layers`.

    Attributes:
        name: As Keras names it.
        type: Its Keras class.
        shapes: Of its arrays, in the order of `layer.weights`.
        trainable: How many of its numbers training can change.
        multiply_adds: Work for one image.
        size: Numbers that come out for one image.
    """

    name: str
    type: str
    shapes: tuple[tuple[int, ...], ...]
    trainable: int
    multiply_adds: int
    size: int

    @property
    def parameters(self) -> int:
        """All its numbers, batch-norm statistics included."""
        return sum(math.prod(shape) for shape in self.shapes)


@dataclass(frozen=True)
class Block:
    """Layers that belong together: `first` to `last`, both included, counted from 0."""

    name: str
    first: int
    last: int
    level: Level


@dataclass(frozen=True)
class Width:
    """A network published in several widths: alpha times the channels in every layer.

    Attributes:
        alpha: The factor.
        top1: ImageNet accuracy at this width.
        published: How the width is written in the names of the weights files.
    """

    alpha: float
    top1: float | None
    published: str


@dataclass(frozen=True)
class Table:
    """What was read off the real Keras model by `core.backbones.catalogue.describe`.

    Attributes:
        features: Channels of the last layer.
        stages: Channels of each stage's output, from the input on (see `core.backbones.stages`);
            the last are the features.
        layers: In the order of `include_top=False, pooling=None` `model.layers`.
        blocks: Named runs of layers that together cover all of them.
        shared: How many of the layers the published network with its 1000 classes has as well.
        head: Those that follow there; empty where there are no classes.
    """

    features: int
    stages: tuple[int, ...]
    layers: tuple[Layer, ...]
    blocks: tuple[Block, ...]
    shared: int
    head: tuple[Layer, ...]

    @property
    def whole(self) -> tuple[Layer, ...]:
        """The layers of the network with its 1000 classes."""
        return self.layers[: self.shared] + self.head

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of what `describe` writes."""
        return cls(
            values["features"],
            tuple(values.get("stages", [values["features"]])),  # a hub module has one
            tuple(_layer(row) for row in values["layers"]),
            tuple(
                Block(n, first, last, Level(level)) for n, first, last, level in values["blocks"]
            ),
            values["shared"],
            tuple(_layer(row) for row in values["head"]),
        )


@dataclass(frozen=True)
class Backbone:
    """Everything about a pretrained network but its numbers.

    Attributes:
        name: Its id here and in settings.
        title: Its name as people write it.
        family: Networks built alike.
        description: One plain sentence to choose by.
        builder: The function that builds it in Keras, by its dotted name.
        blocks_by: How the names of layers tell their block: a pattern with one group. What
            matches nothing belongs to the block before it.
        input_size: Side of its square input, in pixels.
        preprocessing: What it wants to see.
        weights: Where its ImageNet weights come from.
        licence: The weights' licence.
        top1: ImageNet accuracy of the whole 1000-class network, as its publishers state it; None
            where they do not.
        head: Where the weights of the whole 1000-class network come from; None where there is
            none.
        widths: Where it was published in several.
        alpha: Which of them this is.
        described: What its Keras model looks like, where that is not among the project's tables.
    """

    name: str
    title: str
    family: str
    description: str
    builder: str
    blocks_by: str
    input_size: int
    preprocessing: Preprocessing
    weights: Source
    licence: str
    top1: float | None
    head: Source | None = None
    widths: tuple[Width, ...] = ()
    alpha: float = 1.0
    described: Table | None = None

    @property
    def table(self) -> Table:
        """What its Keras model looks like."""
        if self.described is not None:
            return self.described
        return _read(f"{self.name}-{self.alpha:g}" if self.alpha != 1 else self.name)

    @property
    def features(self) -> int:
        return self.table.features

    @property
    def stages(self) -> tuple[int, ...]:
        """Channels of each stage's output, the features last."""
        return self.table.stages

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.table.layers

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.table.blocks

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Work for one image."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def sealed(self) -> bool:
        """Whether it is a single block that can only be frozen or thawed whole."""
        return isinstance(self.weights, HubModule)

    @property
    def can_thaw(self) -> bool:
        """Whether training can change anything in it."""
        return any(layer.trainable for layer in self.layers)

    def download_bytes(self, *, head: bool = False) -> int:
        """About how large the weights file is; 0 where it lies here.

        Args:
            head: The file of the whole 1000-class network.
        """
        source = self.head if head else self.weights
        if source is None:
            return 0
        if isinstance(source, HubModule) and Path(source.handle).is_absolute():
            return 0
        whole = head or self.head == source  # PyTorch publishes one file for both
        layers = self.table.whole if whole else self.layers
        return _BYTES_PER_NUMBER * sum(layer.parameters for layer in layers)

    def of_width(self, alpha: float) -> Self:
        """This network at another width.

        Raises:
            UserError: It was not published at that width.
        """
        if alpha == self.alpha:
            return self
        chosen = next((width for width in self.widths if width.alpha == alpha), None)
        if chosen is None:
            there = ", ".join(f"{width.alpha:g}" for width in self.widths) or "1 only"
            raise UserError(
                "Expected a width (alpha) of {title} among {there}, received {alpha:g}.",
                title=self.title,
                there=there,
                alpha=alpha,
            )
        own = next(width for width in self.widths if width.alpha == self.alpha)

        def named(source: Source | None) -> Any:
            if not isinstance(source, Download):
                return source
            return Download(source.url.replace(f"_{own.published}_", f"_{chosen.published}_"))

        title = self.title.removesuffix(f" {self.alpha:g}")
        return replace(
            self,
            title=title if alpha == 1 else f"{title} {alpha:g}",
            alpha=alpha,
            top1=chosen.top1,
            weights=named(self.weights),
            head=named(self.head),
        )


@cache
def _read(name: str) -> Table:
    return Table.from_dict(files.read_json(_TABLES / f"{name}.json"))


def _layer(row: list[Any]) -> Layer:
    name, kind, shapes, *numbers = row
    return Layer(name, kind, tuple(tuple(shape) for shape in shapes), *numbers)
