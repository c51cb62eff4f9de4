"""A TensorFlow Hub module inside a Keras 3 model, as one sealed block.

`tensorflow_hub.KerasLayer` is a layer of Keras 2. This one keeps a copy of the module in the saved
model, so that a run's folder needs nothing else.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.backbones.catalogue.backbone import Backbone
from core.backbones.frameworks import bring_in, keras
from core.errors import UserError

_USUAL_SIZE = 224  # of modules that take pictures of any size
_BACKGROUND = 1001  # classes of modules that put "background" before the 1000 of ImageNet


@keras.saving.register_keras_serializable("thaw")
class SealedModule(keras.layers.Layer):  # type: ignore[misc]
    """Images [N, height, width, 3] in [0, 1] to features or logits [N, outputs].

    Attributes:
        outputs: How many numbers the module makes of an image.
    """

    def __init__(self, outputs: int, folder: str | None = None, **options: Any) -> None:
        """
        Args:
            outputs: How many numbers the module makes of an image.
            folder: Where the SavedModel lies; None where a saved model brings it.
            options: As of any layer.
        """
        super().__init__(**options)
        self.outputs = outputs
        self._learnt: list[Any] = []  # what a saved model holds, until its module is there
        self._module: Any = None
        self.built = True
        if folder is not None:
            self._open(Path(folder))

    def _open(self, folder: Path) -> None:
        self._folder = folder
        self._module = _load(folder)
        trainable = list(getattr(self._module, "trainable_variables", ()))
        chosen = {id(variable) for variable in trainable}
        others = [v for v in _variables(self._module) if id(v) not in chosen]
        # A Keras variable made of a TensorFlow variable shares its value.
        self._thawable = [keras.Variable(v, trainable=True, name=_named(v)) for v in trainable]
        self._fixed = [keras.Variable(v, trainable=False, name=_named(v)) for v in others]

    def call(self, images: Any, training: bool | None = None) -> Any:
        if _takes_training(self._module):  # frozen, its moving averages stay as well
            return self._module(images, training=bool(training) and self.trainable)
        return self._module(images)

    def compute_output_spec(self, images: Any, training: bool | None = None) -> Any:
        return keras.KerasTensor((images.shape[0], self.outputs), "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "outputs": self.outputs}

    def save_assets(self, folder: str) -> None:
        """Keras' hook: put the module into the saved model."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)

    def load_own_variables(self, store: Any) -> None:
        """Keras' hook: in a saved model it comes before the module does."""
        self._learnt = [store[str(number)][()] for number in range(len(store.keys()))]
        if self._module is not None:
            self._assign()

    def load_assets(self, folder: str) -> None:
        """Keras' hook: take the module out of the saved model, as far as it was trained."""
        # Keras deletes what it hands over, and this model may be saved again.
        self._kept = tempfile.TemporaryDirectory(prefix="thaw-module-")
        shutil.copytree(folder, self._kept.name, dirs_exist_ok=True)
        self._open(Path(self._kept.name))
        self._assign()

    def _assign(self) -> None:
        for variable, value in zip(self.variables, self._learnt, strict=True):
            variable.assign(value)
        self._learnt = []


def sealed(folder: Path, backbone: Backbone, *, top: bool = False) -> keras.Model:
    """A module as a Keras model.

    Args:
        folder: Where its SavedModel lies.
        backbone: Its row of the catalogue.
        top: Whether the module names ImageNet's classes.

    Returns:
        A functional model from images [N, size, size, 3] in [0, 1] to features [N, features], or
        with `top` to probabilities [N, 1000].

    Raises:
        UserError: The folder holds no module of this kind.
    """
    outputs = described(folder)["features"] if top else backbone.features
    size = backbone.input_size
    images = keras.layers.Input((size, size, 3), name="input")
    x = SealedModule(outputs, str(folder), name="module")(images)
    if top:
        x = keras.layers.Softmax(name="classes")(x[:, 1:] if outputs == _BACKGROUND else x)
    return keras.Model(images, x, name="hub")


def described(folder: Path) -> dict[str, Any]:
    """What a module is like, as the catalogue's tables tell it, and its `input_size`.

    Raises:
        UserError: It takes no images, gives no vector, or is of an old format.
    """
    tf = bring_in("tensorflow")
    module = _load(folder)
    sides = [_side(function) for function in module.__call__.concrete_functions]
    size = next((side for side in sides if side is not None), None)
    if size is None:
        raise UserError(
            "Expected a module that takes square images [N, side, side, 3] in float32, but "
            "{name} takes something else. Choose an image feature-vector module.",
            name=folder.name,
        )
    try:
        answer = module(tf.zeros((1, size, size, 3)))
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise UserError(
            "The module {name} fails on a black image. Choose an image feature-vector module.",
            name=folder.name,
        ) from error
    if len(getattr(answer, "shape", ())) != 2:
        raise UserError(
            "Expected a module that gives a vector for each image, but {name} gives "
            "something else. Choose an image feature-vector module.",
            name=folder.name,
        )
    trainable = _numbers(getattr(module, "trainable_variables", ()))
    held = _numbers(_variables(module))
    features = int(answer.shape[1])
    module_row = [
        "module",
        "SealedModule",
        [[trainable], [held - trainable]],
        trainable,
        0,
        features,
    ]
    return {
        "input_size": size,
        "features": features,
        "layers": [["input", "InputLayer", [], 0, 0, 3 * size * size], module_row],
        "blocks": [["module", 0, 1, "whole things"]],
        "shared": 2,
        "head": [],
    }


def _side(function: Any) -> int | None:
    """Of the square images that a function takes, in pixels; None where it takes something else."""
    tf = bring_in("tensorflow")
    arguments, named = function.structured_input_signature
    taken = [a for a in tf.nest.flatten((arguments, named)) if isinstance(a, tf.TensorSpec)]
    if len(taken) != 1 or not arguments or arguments[0] is not taken[0]:
        return None
    if taken[0].dtype != tf.float32 or taken[0].shape.rank != 4:
        return None
    number, height, width, channels = taken[0].shape
    fits = number is None and height == width and channels in (3, None)
    return int(height or _USUAL_SIZE) if fits else None


def _load(folder: Path) -> Any:
    hub, errors = bring_in("tensorflow_hub"), bring_in("tensorflow").errors
    try:
        module = hub.load(str(folder))
    except (ValueError, OSError, LookupError, errors.OpError) as error:
        raise UserError(
            "Expected a TensorFlow Hub module (a SavedModel), but {name} is none or is "
            "damaged. Get it again from where it came.",
            name=folder.name,
        ) from error
    if not callable(module) or not getattr(module.__call__, "concrete_functions", None):
        raise UserError(
            "{name} is a module for TensorFlow 1, or holds nothing to call. Choose one for "
            "TensorFlow 2.",
            name=folder.name,
        )
    return module


def _variables(module: Any) -> list[Any]:
    """All that a module computes with, also where it does not say so itself."""
    told = getattr(module, "variables", None)
    return list(told or module.__call__.concrete_functions[0].variables)


def _numbers(variables: Any) -> int:
    return sum(int(variable.shape.num_elements()) for variable in variables)


def _named(variable: Any) -> str:
    return str(variable.name).partition(":")[0].replace("/", "_") or "variable"


def _takes_training(module: Any) -> bool:
    return any("training" in f.function_type.parameters for f in module.__call__.concrete_functions)
