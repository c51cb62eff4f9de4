"""Reads Keras weights files (.h5, .weights.h5) into arrays, checked shape by shape; no Keras.

A file may come from anybody. Nothing is read before its shape is the one expected, so no file can
claim more memory than the network itself, and nothing is read from outside the file: HDF5 can point
to other files of the server.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.backbones.catalogue.backbone import Layer
from core.errors import UserError

_CHILDREN = ("layers", "_layer_checkpoint_dependencies")  # Keras 3; TensorFlow 2.12 to 2.15
_MOST_NAMES = 10_000  # of layers and arrays; no network of the catalogue has a third of that
_MOST_NETWORKS = 10  # that are part of somebody's classifier
_DEEPEST = 2  # a `Sequential` in a layer; groups can also hold each other in a circle
_MOST_CHILDREN = 4  # in a layer that is a `Sequential`; ConvNeXt's have two


class _Unfit(Exception):
    """The file is not what was expected; the message says how, as the end of a sentence."""


def read(
    path: Path, layers: Sequence[Layer], title: str, name: str | None = None
) -> list[list[np.ndarray]]:
    """The arrays of each layer.

    Layers that follow in the file, such as the classes of a whole network, are left out.

    Args:
        path: A file that `model.save_weights` or `keras.applications` wrote.
        layers: What is expected, in the order of `model.layers`.
        title: The network's name, for messages.
        name: What the file is called there, if not as it is.

    Returns:
        For each layer its arrays in the order of `layer.weights`; float32.

    Raises:
        UserError: The file is damaged, holds another network, or points to other files.
    """
    called = name or path.name
    try:
        with h5py.File(path, "r") as file:
            groups = _groups(file, layers)
            return [
                _arrays(layer, group) if layer.shapes else []
                for layer, group in zip(layers, groups, strict=True)
            ]
    except _Unfit as error:
        raise UserError(
            "Expected the weights of {title}, but {called} {error}. Choose the network and "
            "width that the file was made with, or another file.",
            title=title,
            called=called,
            error=error,
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise UserError(
            "Expected a Keras weights file (.h5 or .weights.h5), but {called} is none or is "
            "damaged. Get it again from where it came.",
            called=called,
        ) from error


Named = list[tuple[str, Any]]  # the arrays of one layer, by name


def _groups(file: Any, layers: Sequence[Layer]) -> list[Named]:
    """Each layer's datasets, not read yet."""
    if "layer_names" in file.attrs or "layer_names0" in file.attrs:
        return _legacy(file, layers)
    if "model_weights" in file:  # a whole model in one file
        return _legacy(_group(file, "model_weights"), layers)
    found = list(_nested(file, layers))
    if not found:
        raise _Unfit("holds no layers")
    return max(found, key=lambda groups: sum(bool(group) for group in groups))


def _group(parent: Any, name: str) -> Any:
    """A group under a name; anything else may be larger inside than the file is."""
    found = _child(parent, name)
    if not isinstance(found, h5py.Group):
        raise _Unfit("is laid out in an unknown way")
    return found


def _legacy(group: Any, layers: Sequence[Layer]) -> list[Named]:
    """The format of Keras 1 and 2: layers in order, whatever they are called."""
    wanted = sum(bool(layer.shapes) for layer in layers)
    stored: list[Named] = []
    named = 0
    for name in _texts(group, "layer_names"):
        if len(stored) == wanted:
            break
        layer = _group(group, name)
        weights = _texts(layer, "weight_names")
        named += len(weights)
        if named > _MOST_NAMES:
            raise _Unfit("is laid out in an unknown way")
        if weights:
            stored.append([(each, _child(layer, each)) for each in weights])
    if len(stored) < wanted:
        raise _Unfit(f"holds {len(stored)} layers with weights instead of {wanted}")
    following = iter(stored)
    return [next(following) if layer.shapes else [] for layer in layers]


def _texts(group: Any, name: str) -> list[str]:
    """A list of names, which long networks spread over several attributes."""
    parts = [_few(group, name)] if name in group.attrs else []
    for number in itertools.count():
        if f"{name}{number}" not in group.attrs:
            break
        parts.append(_few(group, f"{name}{number}"))
        if sum(map(len, parts)) > _MOST_NAMES:
            raise _Unfit("is laid out in an unknown way")
    return [
        text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        for part in parts
        for text in part
    ]


def _few(group: Any, name: str) -> Any:
    """An attribute that is a list of names, whose size is known before it is read."""
    shape = group.attrs.get_id(name).shape
    if len(shape) != 1 or shape[0] > _MOST_NAMES:
        raise _Unfit("is laid out in an unknown way")
    return group.attrs[name]


def _nested(file: Any, layers: Sequence[Layer]) -> Iterator[list[Named]]:
    """The format of Keras 3, where a layer is known by its class and how many came before.

    The network may lie one level down, as part of somebody's whole classifier.
    """
    for children in _CHILDREN:
        if children not in file:
            continue
        outer = _group(file, children)
        yield _by_class(outer, layers)
        inner = (_child(outer, name) for name in itertools.islice(outer, 1000))
        networks = (i for i in inner if isinstance(i, h5py.Group) and children in i)
        for network in itertools.islice(networks, _MOST_NETWORKS):
            yield _by_class(_group(network, children), layers)


def _by_class(group: Any, layers: Sequence[Layer]) -> list[Named]:
    seen: Counter[str] = Counter()
    groups = []
    for layer in layers:
        name = _snake(layer.type)
        number = seen[name]
        seen[name] += 1
        key = f"{name}_{number}" if number else name
        groups.append(
            _variables(_group(group, key), layer) if layer.shapes and key in group else []
        )
    return groups


def _variables(group: Any, layer: Layer, depth: int = 0) -> Named:
    """The datasets of one layer, which may itself be a `Sequential` of a few layers."""
    variables = _group(group, "vars")
    children: Any = next((_group(group, each) for each in _CHILDREN if each in group), ())
    if len(variables) or not 0 < len(children) <= _MOST_CHILDREN or depth == _DEEPEST:
        most = min(len(variables), len(layer.shapes) + 1)  # one too many is reported as well
        return [(str(i), _child(variables, str(i))) for i in range(most)]
    inner = [_variables(_group(children, name), layer, depth + 1) for name in children]
    # The file keeps them by name, not in their order; their shapes tell it.
    orders = [list(itertools.chain(*order)) for order in itertools.permutations(inner)]
    return next(
        (o for o in orders if tuple(getattr(s, "shape", None) for _, s in o) == layer.shapes),
        orders[0],
    )


def _snake(name: str) -> str:
    """As `keras.src.utils.naming.to_snake_case` writes a class."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _child(group: Any, name: str) -> Any:
    """What lies under a name in this very file; a name may be a path."""
    here = group
    for part in name.strip("/").split("/"):
        if not isinstance(here, h5py.Group):
            raise _Unfit("is laid out in an unknown way")
        link = here.get(part, getlink=True)
        if link is None:
            raise _Unfit("lacks some of the numbers that it names")
        if not isinstance(link, h5py.HardLink):
            raise _Unfit("points to other places instead of holding its numbers")
        here = here[part]
    return here


def _arrays(layer: Layer, named: Named) -> list[np.ndarray]:
    what = f"layer {layer.name} ({layer.type})"
    if len(named) != len(layer.shapes):
        raise _Unfit(f"has {len(named) or 'no'} arrays for {what}, not {len(layer.shapes)}")
    for (_, stored), shape in zip(named, layer.shapes, strict=True):
        if not isinstance(stored, h5py.Dataset) or stored.dtype.kind != "f":
            raise _Unfit(f"holds no numbers for {what}")
        if stored.external or stored.is_virtual:
            raise _Unfit("points to other files instead of holding its numbers")
        if stored.shape != shape:
            raise _Unfit(f"has {_by(stored.shape)} numbers for {what}, not {_by(shape)}")
        if stored.chunks and any(c > side for c, side in zip(stored.chunks, shape, strict=True)):
            raise _Unfit("is laid out in an unknown way")
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        arrays = [np.asarray(stored[()], np.float32) for _, stored in named]
    if not all(np.isfinite(array).all() for array in arrays):
        raise _Unfit(f"holds something else than numbers for {what}")
    return arrays


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape) or "1"
