"""Whether a `model.keras` from somebody else is a model as Thaw writes it, and harmless to load.

Keras makes whatever class a model's description names. So the description is read first, as plain
JSON: every class in it has to be in a table, and no name in it may stand for another class. Then
the weights: every array lies in the file itself, as it is, and all of them together are as many
numbers as the network has. Only then Keras loads it, in safe mode, and it has to answer.

All of this happens in a separate process (see `core.apart`), because HDF5 and Keras are large
libraries that trust what they are given.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.network.familiarity import FAMILIAR, PROBABILITIES
from core.projects.typed import parsed
from core.saying import say
from core.storage import arrays

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_CONFIG_BYTES = 16 << 20  # the largest network of the catalogue has 1 MB
_MOST_PARTS = 200_000  # of a description
_MOST_ARRAYS = 20_000
_RANDOM = "seed_generator_state"
_TOLERANCE = 1e-3  # that probabilities may lack to 1

# Module, class and registered name of every part of a model that Thaw writes. `tests/projects`
# holds this table to the networks of the catalogue.
_LAYERS = (
    *("Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D"),
    *("Dense", "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D", "InputLayer"),
    *("LayerNormalization", "MaxPooling2D", "Multiply", "Normalization", "ReLU", "Rescaling"),
    *("Reshape", "SeparableConv2D", "UnitNormalization", "ZeroPadding2D"),
)
_OPERATIONS = {
    "keras.src.ops.core": ("Cast",),
    "keras.src.ops.math": ("TopK",),
    "keras.src.ops.numpy": ("Add", "Flip", "GetItem", "Mean", "Multiply"),
}
KNOWN = {
    *(("keras.layers", name, None) for name in _LAYERS),
    *((module, name, name) for module, names in _OPERATIONS.items() for name in names),
    *(("keras.initializers", name, None) for name in
      ("GlorotUniform", "HeNormal", "Ones", "VarianceScaling", "Zeros")),
    ("keras", "DTypePolicy", None),
    ("keras", "Sequential", None),
    ("keras.src.models.functional", "Functional", "Functional"),
    ("keras.src.applications.convnext", "LayerScale", "LayerScale"),
    (None, "__keras_tensor__", None),
    (None, "__slice__", None),
}  # fmt: skip
ACTIVATIONS = {"linear", "relu", "sigmoid", "silu", "hard_silu", "gelu", "softmax"}


class Unfit(Exception):
    """A model is not what was expected; the message says how, as the end of a sentence."""


def check_all(runs: list[tuple[Path, int, int]], others: list[Path]) -> list[tuple[str, str]]:
    """See that models and files of arrays can be used; for a separate process.

    Args:
        runs: Of each model its file, how many classes it tells apart and the side of its pictures.
        others: Files of arrays.

    Returns:
        What is wrong, the name of the file's folder and a sentence's end, for each file that
        cannot be used.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # a graphics card wants more addresses than the limit
    wrong: list[tuple[str, str]] = []
    for path, classes, size in runs:
        try:
            check(path, classes, size)
        except Unfit as error:
            wrong.append((path.parent.name, error.args[0]))
    for path in others:
        try:
            found = arrays.read(path)
        except UserError as error:
            wrong.append((path.parent.name, error.said))
            continue
        if found is None or not all(map(_is_finite, found[1].values())):
            wrong.append((path.parent.name, say("holds numbers that are damaged")))
    return wrong


def check(path: Path, classes: int, size: int) -> None:
    """See that a model can be loaded without danger, and answers as one of Thaw's.

    Args:
        path: The file.
        classes: How many classes it tells apart.
        size: Side of the pictures that it sees, in pixels.

    Raises:
        Unfit: It does not.
    """
    numbers = check_file(path)
    import numpy as np

    from core.backbones.frameworks import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        shape = tuple(model.input_shape)
        if shape != (None, size, size, 3) or model.inputs[0].dtype != "uint8":
            raise Unfit(say("is made for pictures of another size than is told"))
        # The states of random numbers, which dropout has, need not be kept.
        random = needed = 0
        for each in model.variables:
            count = int(np.prod(each.shape))
            if each.path.endswith(_RANDOM):
                random += count
            else:
                needed += count
        if not needed <= numbers <= needed + random:
            raise Unfit(say("holds other weights than its layers need"))
        said = model(np.full((1, size, size, 3), 127, np.uint8), training=False)
    except Unfit:
        raise
    except Exception as error:  # Keras, TensorFlow and HDF5 raise anything at what they can't use
        raise Unfit(say("cannot be loaded by Keras")) from error
    answers = said if isinstance(said, dict) else {PROBABILITIES: said}
    told = {name: tuple(each.shape) for name, each in answers.items()}
    if told not in (
        {PROBABILITIES: (1, classes)},
        {PROBABILITIES: (1, classes), FAMILIAR: (1, 1)},
    ):
        raise Unfit(say("gives other answers than one for each class"))
    probabilities = np.asarray(answers[PROBABILITIES])
    if not (
        all(_is_finite(np.asarray(each)) for each in answers.values())
        and abs(float(probabilities.sum()) - 1) < _TOLERANCE
    ):
        raise Unfit(say("gives answers that are no probabilities"))


def check_file(path: Path) -> int:
    """See that nothing in a model's file is other than Thaw writes it. No Keras is needed.

    Returns:
        How many numbers its weights are.

    Raises:
        Unfit: Something is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {info.filename: info for info in archive.infolist()}
            if sorted(inside) != sorted((_CONFIG, _METADATA, _WEIGHTS)) or len(
                archive.infolist()
            ) != len(inside):
                raise Unfit(say("holds other files than a model of Thaw’s"))
            if any(info.compress_type != zipfile.ZIP_STORED for info in inside.values()):
                raise Unfit(say("is packed in another way than a model of Thaw’s"))
            if inside[_CONFIG].file_size > _CONFIG_BYTES:
                raise Unfit(say("is described at too great a length"))
            config = parsed(archive.read(_CONFIG))
            _check_config(config)
            with archive.open(_WEIGHTS) as file:
                return _numbers(file)
    except Unfit:
        raise
    except json.JSONDecodeError as error:
        raise Unfit(say("is damaged")) from error
    except Exception as error:  # zipfile and HDF5 raise anything at damaged bytes
        raise Unfit(say("is damaged")) from error


def _check_config(config: Any) -> None:
    """See that a description names nothing but what is in the table."""
    if not isinstance(config, dict) or config.get("class_name") != "Functional":
        raise Unfit(say("is no network"))
    for count, part in enumerate(_objects(config)):
        if count > _MOST_PARTS:
            raise Unfit(say("is described at too great a length"))
        if "class_name" in part:
            named = part.get("module"), part["class_name"], part.get("registered_name")
            if not all(isinstance(each, str | None) for each in named) or named not in KNOWN:
                raise Unfit(say("has a part that Thaw does not write, “{name}”", name=_name(part)))
        activation = part.get("activation")
        plain = isinstance(activation, str) and activation in ACTIVATIONS
        if activation is not None and not plain:
            raise Unfit(say("has an activation that Thaw does not write"))


def _name(part: dict[str, Any]) -> str:
    name = part["class_name"]
    return name[:60] if isinstance(name, str) and name.isidentifier() else "?"


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of some JSON. It is as deep as `parsed` lets it be."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _numbers(file: Any) -> int:
    """How many numbers a weights file holds, each in the file itself and none of them NaN.

    Raises:
        Unfit: It holds something else, or points elsewhere.
    """
    import h5py

    total = arrays_found = 0
    with h5py.File(file, "r") as weights:
        waiting: list[Any] = [weights]
        seen: set[Any] = set()
        while waiting:
            group = waiting.pop()
            if group.id in seen:
                raise Unfit(say("holds weights that lie in a circle"))
            seen.add(group.id)
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise Unfit(say("points to other files instead of holding its weights"))
                found = group[name]
                if isinstance(found, h5py.Group):
                    waiting.append(found)
                    continue
                arrays_found += 1
                _check_array(found)
                total += found.size
            if len(seen) + arrays_found > _MOST_ARRAYS:
                raise Unfit(say("holds too many weights"))
    return total


def _check_array(found: Any) -> None:
    import h5py

    if not isinstance(found, h5py.Dataset):
        raise Unfit(say("holds other things than weights"))
    if found.external or found.is_virtual:
        raise Unfit(say("points to other files instead of holding its weights"))
    # As they are: packed or missing parts could be any size once they are read.
    plain = found.chunks is None and found.compression is None
    if not plain or found.dtype.kind not in "fiub" or found.id.get_storage_size() != found.nbytes:
        raise Unfit(say("holds weights that are stored in another way than Thaw’s"))
    if not _is_finite(found[()]):
        raise Unfit(say("holds weights that are no numbers (NaN)"))


def _is_finite(array: Any) -> bool:
    import numpy as np

    found = np.asarray(array)
    return found.dtype.kind != "f" or bool(np.isfinite(found).all())
