"""What each place of a picture contributes to each class's score, as a network to compile.

Where classes follow from pooled feature maps by layers that are linear, the score of a class is a
sum over places (class activation mapping, Zhou et al. 2016, arXiv:1512.04150): pooling is a mean
over places, so each place has its part in it, at every stage that the head looks at. Hidden dense
layers are linear as long as the same units stay on, so with them it is a sum of places and of what
the biases add (HiResCAM, Draelos and Carin 2020, arXiv:2011.08891): the gradient that it multiplies
feature maps with is, behind a pooling, what is computed here.

Contributions are counted from the average training picture where the head standardises: a place
like the average contributes nothing.
"""

from pathlib import Path
from typing import Any

from core.backbones.frameworks import keras
from core.errors import UserError

ops, layers = keras.ops, keras.layers


class Unexplained(UserError):
    """A network whose answers can't be taken apart."""

    def __init__(self) -> None:
        super().__init__("The answers of this network can't be taken apart into places.")


def build(file: Path) -> Any:
    """The network of contributions to what a saved model says.

    Args:
        file: A `model.keras`.

    Returns:
        A Keras model from uint8 images [N, size, size, 3] to vectors [N, …], which `maps.read`
        takes apart: how many grids there are, how many classes, how many hidden dense layers,
        height and width of each grid; the score of each class, and what of it no place
        contributes; then, grid by grid, the contributions of each place to each class,
        [height, width, classes].

    Raises:
        Unexplained: It is of another form.
    """
    from core.backbones.hub import hub  # noqa: F401  (registers the layer that a model may hold)

    model = keras.models.load_model(file, compile=False, safe_mode=True)
    pooled, head = taken_apart(model)
    maps = keras.Model(model.inputs[0], pooled)
    made = maps(model.inputs[0])
    made = made if isinstance(made, list | tuple) else [made]
    return keras.Model(model.inputs[0], Contributions(head)(list(made)))


def taken_apart(model: Any) -> tuple[list[Any], list[Any]]:
    """The feature maps that a model pools, and the layers of its head behind the pooling.

    Args:
        model: A functional Keras model from images to class probabilities.

    Raises:
        Unexplained: It is of another form.
    """
    by_output = {id(_output(layer)): layer for layer in model.layers}
    ends = [by_output.get(id(tensor)) for tensor in model.outputs]
    named = [end for end in ends if isinstance(end, layers.Dense) and _is(end, "softmax")]
    if len(named) != 1:  # there may be another output, which says how familiar a picture is
        raise Unexplained
    layer: Any = named[0]
    head: list[Any] = []
    while isinstance(layer, layers.Dense | layers.Dropout | layers.Rescaling):
        head.insert(0, layer)
        layer = by_output.get(id(layer.input))
    pools = [layer]
    if isinstance(layer, layers.Concatenate):
        pools = [by_output.get(id(tensor)) for tensor in layer.input]
    if not head or not all(isinstance(each, layers.GlobalAveragePooling2D) for each in pools):
        raise Unexplained
    dense = [each for each in head if isinstance(each, layers.Dense)]
    forms = [each.activation.__name__ for each in dense]
    if head[-1] is not dense[-1] or forms != ["relu"] * (len(dense) - 1) + ["softmax"]:
        raise Unexplained
    return [pool.input for pool in pools], head


def _is(dense: Any, activation: str) -> bool:
    return bool(dense.activation.__name__ == activation)


def _output(layer: Any) -> Any:
    """What a layer makes; None where it was used more than once, or makes several things."""
    try:
        return layer.output
    except (AttributeError, ValueError):
        return None


def _applied(dense: Any, x: Any) -> Any:
    """What a dense layer makes before its activation."""
    made = ops.matmul(x, dense.kernel)
    return made + dense.bias if dense.use_bias else made


class Contributions(keras.layers.Layer):  # type: ignore[misc]
    """From feature maps to the contributions of each place; see `build`.

    Args:
        head: The layers from pooled feature maps to probabilities.
    """

    def __init__(self, head: list[Any]) -> None:
        super().__init__()
        self._dense = [each for each in head if isinstance(each, layers.Dense)]
        self._scaled = [each for each in head if isinstance(each, layers.Rescaling)]

    def call(self, maps: list[Any]) -> Any:
        """Contributions to each class.

        Args:
            maps: Feature maps [N, height, width, channels], in the order that they are pooled in.
        """
        pooled = ops.concatenate([ops.mean(each, axis=(1, 2)) for each in maps], axis=-1)
        scale, offset = ops.ones_like(pooled[:1]), ops.zeros_like(pooled[:1])
        for each in self._scaled:
            scale = scale * ops.reshape(ops.convert_to_tensor(each.scale, "float32"), (1, -1))
            offset = ops.reshape(ops.convert_to_tensor(each.offset, "float32"), (1, -1))
        x = pooled * scale + offset
        masks = []
        for each in self._dense[:-1]:
            x = _applied(each, x)
            masks.append(ops.cast(x > 0, "float32"))
            x = ops.relu(x)
        scores = _applied(self._dense[-1], x)
        slope = ops.expand_dims(ops.convert_to_tensor(self._dense[-1].kernel), 0)
        for each, mask in zip(reversed(self._dense[:-1]), reversed(masks), strict=True):
            slope = ops.matmul(ops.expand_dims(ops.convert_to_tensor(each.kernel), 0),
                               ops.expand_dims(mask, -1) * slope)  # fmt: skip
        slope = ops.expand_dims(scale, -1) * slope  # [N, channels, classes]
        average = -offset / scale
        grids = self._grids(maps, slope, average)
        given = sum(ops.sum(each, axis=(1, 2)) for each in grids.values())
        sides = (side for grid in grids for side in grid)
        facts = [len(grids), scores.shape[-1], len(masks), *sides]
        told = ops.convert_to_tensor([float(each) for each in facts], "float32")
        told = ops.expand_dims(told, 0) + 0.0 * scores[:, :1]
        flat = [ops.reshape(each, (-1, h * w * c)) for (h, w), each, c in
                ((grid, each, scores.shape[-1]) for grid, each in grids.items())]  # fmt: skip
        return ops.concatenate([told, scores, scores - given, *flat], axis=-1)

    def _grids(self, maps: list[Any], slope: Any, average: Any) -> dict[tuple[int, int], Any]:
        """Contributions by shape of the grid; those of stages with the same are added."""
        grids: dict[tuple[int, int], Any] = {}
        first = 0
        for each in maps:
            _, height, width, channels = each.shape
            own = slice(first, first + channels)
            first += channels
            flat = ops.reshape(each, (-1, height * width, channels)) - average[:, None, own]
            part = ops.matmul(flat, slope[:, own]) / (height * width)
            part = ops.reshape(part, (-1, height, width, part.shape[-1]))
            before = grids.get((height, width))
            grids[height, width] = part if before is None else before + part
        return grids
