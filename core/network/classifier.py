"""A backbone and a head, cut so that what is frozen runs once and the rest can be trained."""

import math
from functools import partial
from typing import Any

from core.backbones import load
from core.backbones.catalogue.backbone import Backbone
from core.backbones.frameworks import keras
from core.backbones.stages import stage_outputs
from core.intake.pictures.preparation import USUAL, Preparation
from core.network import engine, freeze
from core.network.familiarity import FAMILIAR, PROBABILITIES, Memory
from core.network.inference_mode import InferenceMode
from core.network.prefix import PIXELS, POOLED, Prefix, prefix_at

UNTOUCHED = "untouched"

# A cut is worth caching where reading it back beats computing it again: at one gigabyte a second,
# 2 MiB take two milliseconds, less than the cheapest frozen part that makes so much.
_CUT_BYTES = 2 << 20


class Network:
    """A backbone that has been frozen to a depth and cut, and perhaps a second one beside it.

    Attributes:
        backbone: Its row of the catalogue.
        body: The Keras model, without classes and pooling.
        frozen: How many of its layers are frozen.
        prefix: What runs once an image.
        pooled: The whole backbone as it came, for a head that is trained on it alone: the pooled
            output of every stage, the last features at the end.
        seen: Which of these numbers the head looks at.
        beside: A second network, all of it frozen, that gives the head as many numbers again.
    """

    def __init__(
        self,
        backbone: Backbone,
        body: Any,
        weights: str,
        *,
        frozen_layers: int,
        budget: int,
        images: int,
        preparation: Preparation = USUAL,
        sees_stages: bool = False,
        beside: "Network | None" = None,
    ) -> None:
        """Freeze and cut.

        Args:
            backbone: Its row of the catalogue.
            body: The Keras model, with its weights.
            weights: Digest of these weights.
            frozen_layers: How many layers to freeze.
            budget: Bytes that the features of all images may take on disk.
            images: How many images there are.
            preparation: How they are read and become square.
            sees_stages: Whether the head looks at every stage; else at the last features alone.
            beside: A second network for images of the same size, if both are frozen and the head
                looks at every stage.

        Raises:
            UserError: The backbone has fewer layers than that.
        """
        self.backbone = backbone
        self.body = body
        self.beside = beside
        # Keras remembers on a model everything that was built upon it. A body that is used again
        # would keep the heads of all earlier runs in memory.
        body._inbound_nodes.clear()
        body._outbound_nodes.clear()
        freeze.freeze(body, frozen_layers)
        self.frozen = frozen_layers
        self.pooled = prefix_at(POOLED, backbone, weights, (sum(backbone.stages),), preparation)
        self._sees_stages = sees_stages
        self.seen = slice(None) if sees_stages else slice(-backbone.features, None)
        self._cut: freeze.Cut | None = None
        if self.frozen == len(body.layers):
            self.prefix = self.pooled
            return
        deepest = freeze.cuts(body, self.frozen)
        size = min(_CUT_BYTES, budget // max(images, 1))
        affordable = [cut for cut in deepest[1:] if 4 * cut.size <= size]
        if affordable:
            self._cut = affordable[-1]
            shape = tuple(self._cut.tensor.shape[1:])
            self.prefix = prefix_at(str(self._cut.position), backbone, weights, shape, preparation)
        else:
            side = backbone.input_size
            self.prefix = prefix_at(PIXELS, backbone, weights, (side, side, 3), preparation)

    @property
    def stages(self) -> list[tuple[int, ...]]:
        """How many numbers each stage of each network gives the head, where it looks at them."""
        return [each.backbone.stages for each in self._side_by_side]

    @property
    def _side_by_side(self) -> list["Network"]:
        return [self, self.beside] if self.beside is not None else [self]

    @property
    def trained_from(self) -> int:
        """How many of the backbone's layers run once an image; the rest runs in every step."""
        if self.prefix.cut in (POOLED, PIXELS):
            return len(self.body.layers) if self.prefix.cut == POOLED else 0
        names = [layer.name for layer in self.body.layers]
        cut = self._cut.name if self._cut else None
        return names.index(cut) + 1 if cut in names else self.frozen

    def prefix_model(self, prefix: Prefix | None = None) -> Any:
        """What runs once an image: uint8 images [N, size, size, 3] to features.

        Args:
            prefix: Either of this network's two, or the whole of the one beside it; `prefix` where
                None. Not PIXELS, which is no model.
        """
        prefix = prefix or self.prefix
        if self.beside is not None and prefix.graph == self.beside.prefix.graph:
            return self.beside.prefix_model()
        images, x = self._preprocessed()
        if prefix.cut == POOLED:
            x = self._stages(x)
        else:
            assert self._cut is not None
            x = keras.Model(self.body.inputs[0], self._cut.tensor)(x)
        return keras.Model(images, x, name=f"frozen_{self.body.name}")

    def trainee(self, head: list[Any], *, batch_norm_learns: bool = False) -> Any:
        """What is trained: features at the cut to class probabilities.

        Args:
            head: Layers from pooled features to probabilities.
            batch_norm_learns: Whether thawed layers run as they do in training: batch norm adapts
                its statistics, dropout drops. Frozen ones never do.
        """
        if self.prefix.cut == POOLED:
            return self.head_alone(head)
        if self._cut is not None:
            features = x = keras.layers.Input(self.prefix.shape, name="features")
            start = self._cut.tensor
        else:
            features, x = self._preprocessed()
            start = self.body.inputs[0]
        end = self.body.outputs[0]
        if batch_norm_learns:
            between = freeze.boundary(self.body, self.frozen)
            x = keras.Model(between, end)(self._up_to(between, start, x))
        else:
            x = InferenceMode(keras.Model(start, end))(x)
        return keras.Model(features, _through(head, _pooled(x)))

    def _up_to(self, between: list[Any], start: Any, x: Any) -> list[Any]:
        """What frozen layers behind the cut pass on to the thawed ones."""
        made = [tensor for tensor in between if tensor is not start]
        values = InferenceMode(keras.Model(start, made))(x) if made else []
        following = iter(values if isinstance(values, list | tuple) else [values])
        return [x if tensor is start else next(following) for tensor in between]

    def head_alone(self, head: list[Any]) -> Any:
        """The head on what it sees of the whole backbone: [N, numbers] to class probabilities."""
        seen = range(*self.seen.indices(self.pooled.shape[0]))
        numbers = len(seen) if self.beside is None else sum(map(sum, self.stages))
        features = keras.layers.Input((numbers,), name="features")
        return keras.Model(features, _through(head, features))

    def whole(
        self, head: list[Any], memory: Memory | None = None, untouched: Any | None = None
    ) -> Any:
        """The model that is kept: uint8 images [N, size, size, 3] to class probabilities.

        It holds only Keras' own layers, preprocessing included, so Keras alone can load it; but
        for a sealed backbone's `SealedModule`.

        Args:
            head: Layers from pooled features to probabilities.
            memory: Of the untouched backbone's last features. With it, the model answers with two
                named outputs: `probabilities`, and `familiar` [N, 1].
            untouched: The backbone as it was before layers of it were thawed, if there is a
                memory and if some were. Every picture goes through both.
        """
        images, x = self._preprocessed()
        seen = own = self._stages(x) if self._sees_stages else _pooled(self.body(x))
        if self.beside is not None:
            beside = self.beside.prefix_model()(images)
            seen = keras.layers.Concatenate(name="side_by_side")([own, beside])
        probabilities = _through(head, seen)
        if memory is None:
            return keras.Model(images, probabilities, name="classifier")
        if untouched is not None:
            as_it_was = keras.Model(untouched.inputs[0], untouched.outputs[0], name=UNTOUCHED)
            last = keras.layers.GlobalAveragePooling2D(name=f"{UNTOUCHED}_pooled")(as_it_was(x))
        else:
            last = own[:, -self.backbone.features :]
        familiar = memory.layers(last, FAMILIAR, probabilities)
        outputs = {PROBABILITIES: probabilities, FAMILIAR: familiar}
        return keras.Model(images, outputs, name="classifier")

    def join(self, key: str, head: list[Any], memory: Memory | None = None) -> None:
        """Make the graph that predictions run of those of the backbones, all of them frozen.

        Args:
            key: Its cache key.
            head: As for `whole`.
            memory: As for `whole`.

        Raises:
            OSError: There is no room for it.
        """
        wholes = [each.pooled for each in self._side_by_side]
        rows = keras.layers.Input((sum(prefix.shape[0] for prefix in wholes),), name="rows")
        own = rows[:, : self.pooled.shape[0]]
        last = own[:, -self.backbone.features :]
        answers = _through(head, rows if self._sees_stages else last)
        if memory is not None:
            familiar = memory.layers(last, FAMILIAR, answers)
            answers = keras.layers.Concatenate()([answers, familiar])
        parts = [(whole.graph, partial(self.prefix_model, whole)) for whole in wholes]
        engine.join(key, parts, keras.Model(rows, answers))

    def _stages(self, x: Any) -> Any:
        """The pooled output of every stage, [N, numbers]; those of the last are its features."""
        if len(self.backbone.stages) == 1:
            return _pooled(self.body(x))
        outputs = stage_outputs(self.body, [block.first for block in self.backbone.blocks])
        assert tuple(output.shape[-1] for output in outputs) == self.backbone.stages
        made = keras.Model(self.body.inputs[0], outputs, name=self.body.name)(x)
        pooled = [keras.layers.GlobalAveragePooling2D()(output) for output in made]
        return keras.layers.Concatenate(name=POOLED)(pooled)

    def parameters(self, head: list[Any]) -> dict[str, int]:
        """Parameters of body and head: all of them, and those that training changes."""
        layers = [*(each.body for each in self._side_by_side), *head]
        return {
            "total": sum(layer.count_params() for layer in layers),
            "trainable": sum(
                math.prod(v.shape) for layer in layers for v in layer.trainable_variables
            ),
        }

    def _preprocessed(self) -> tuple[Any, Any]:
        size = self.backbone.input_size
        images = keras.layers.Input((size, size, 3), dtype="uint8", name="images")
        return images, load.preprocess(self.backbone.preprocessing, images)


def _pooled(x: Any) -> Any:
    """One number a channel; a sealed backbone has pooled already."""
    return keras.layers.GlobalAveragePooling2D(name=POOLED)(x) if len(x.shape) == 4 else x


def _through(head: list[Any], x: Any) -> Any:
    for layer in head:
        x = layer(x)
    return x


def head_layers(dense: tuple[int, ...], dropout: float, classes: int, seed: int) -> list[Any]:
    """The layers from pooled features to class probabilities.

    Args:
        dense: Units of each hidden dense layer.
        dropout: Share of units dropped before the class layer and after each dense layer.
        classes: How many classes.
        seed: Seeds the initial weights and the dropout.
    """
    layers = []
    for number, units in enumerate(dense):
        start = keras.initializers.GlorotUniform(seed=seed + number)
        layers.append(
            keras.layers.Dense(
                units, activation="relu", kernel_initializer=start, name=f"dense_{number + 1}"
            )
        )
        if dropout:
            layers.append(
                keras.layers.Dropout(dropout, seed=seed + number, name=f"dropout_{number + 1}")
            )
    if dropout and not dense:
        layers.append(keras.layers.Dropout(dropout, seed=seed, name="dropout"))
    start = keras.initializers.GlorotUniform(seed=seed + len(dense))
    layers.append(
        keras.layers.Dense(classes, activation="softmax", kernel_initializer=start, name="classes")
    )
    return layers
