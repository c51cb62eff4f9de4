"""The code that repeats a run: cells, which make a script or a notebook. Both say the same.

The pieces are in `carried/lesson`, in the format that editors know as percent scripts: `# %%`
begins a cell of code, `# %% [markdown]` one of text. Which pieces there are and the numbers at
the top follow from the run: no piece has a branch for settings that this run does not have.
"""

import json
import pprint
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.backbones.catalogue.backbone import Preprocessing
from core.exports import markdown
from core.exports.lesson.plan import Plan
from core.settings import IMAGENET, Squaring, Strength

_WIDTH = 96  # letters of a line of text
_PIECES = Path(__file__).parents[1] / "carried" / "lesson"
_BEGINNING = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)
_PLACE = re.compile(r"\{([a-z_]+)\}")

# Degrees, zoom, and light of each strength, as `core.training.augment` has them.
VARIED = {
    Strength.LIGHT: (5, 0.9, 0.1),
    Strength.MEDIUM: (10, 0.75, 0.2),
    Strength.STRONG: (20, 0.6, 0.35),
}
_SQUARED = {
    Squaring.SQUASH: "squeezes it into the square, which changes its proportions",
    Squaring.CROP: "cuts the largest square out of its middle",
    Squaring.PAD: "fits it into the square and fills the rest with grey",
}
_PREPROCESSING = {
    Preprocessing.LITE: 'return (keras.ops.cast(images, "float32") - 127) / 128',
    Preprocessing.TF: 'return keras.ops.cast(images, "float32") / 127.5 - 1',
    Preprocessing.UNIT: 'return keras.ops.cast(images, "float32") / 255',
    Preprocessing.INSIDE: 'return keras.ops.cast(images, "float32")  # it does the rest itself',
    Preprocessing.TORCH: (
        "mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet\n"
        '    return (keras.ops.cast(images, "float32") / 255 - mean) / deviation'
    ),
    Preprocessing.CAFFE: (
        'images = keras.ops.flip(keras.ops.cast(images, "float32"), axis=-1)  # blue first\n'
        "    return images - [103.939, 116.779, 123.68]  # the means of ImageNet"
    ),
}
_RATES = {
    "cosine": (
        "warm = max(1, min(steps, epochs * steps // 10))  # a short rise, then down a half cosine\n"
        "    return keras.optimizers.schedules.CosineDecay(\n"
        "        full / 10, max(1, epochs * steps - warm), 0.01, warmup_target=full, "
        "warmup_steps=warm\n"
        "    )"
    ),
    "constant": "return full",
    "plateau": "return full",
}
_PLAIN = 'loss = "sparse_categorical_crossentropy"'
_SMOOTHED = '''
def loss(asked, answered):
    """Cross-entropy with labels that leave a share of certainty to the other classes."""
    asked = keras.ops.cast(keras.ops.reshape(asked, (-1,)), "int32")
    certain = keras.ops.one_hot(asked, len(classes))
    return keras.losses.categorical_crossentropy(certain, answered, label_smoothing=LABEL_SMOOTHING)

'''


@dataclass(frozen=True)
class Cell:
    """A piece of text (Markdown) or of code."""

    text: str
    code: bool


def script(cells: Sequence[Cell]) -> str:
    """The cells as a Python file, which editors can show as cells too."""
    parts = [
        f"# %%\n{cell.text}"
        if cell.code
        else "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in cell.text.split("\n"))
        for cell in cells
    ]
    return "\n\n".join(parts) + "\n"


def notebook(cells: Sequence[Cell]) -> str:
    """The cells as a Jupyter notebook (nbformat 4.5)."""
    made: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        one: dict[str, Any] = {
            "cell_type": "code" if cell.code else "markdown",
            "id": f"cell-{number}",
            "metadata": {},
            "source": cell.text.splitlines(keepends=True),
        }
        made.append(one | {"execution_count": None, "outputs": []} if cell.code else one)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    told = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def write(plan: Plan, next_stages: Sequence[str]) -> list[Cell]:
    """The cells that repeat a run.

    Args:
        plan: What they repeat.
        next_stages: In the backbone, the layers that take in what each stage but the last makes.
    """
    values = _values(plan)
    cells = [Cell(_title(plan), code=False), Cell(_numbers(plan, next_stages), code=True)]
    for piece in _chosen(plan):
        text = (_PIECES / f"{piece}.cells").read_text(encoding="utf-8")
        filled = _PLACE.sub(lambda found: values.get(found[1], found[0]), text)
        cells += _cells(filled, cells)
    return cells


def _cells(text: str, before: list[Cell]) -> Iterator[Cell]:
    """The cells of a piece; what comes before its first mark belongs to the last cell so far."""
    begin, *parts = _BEGINNING.split(text)
    if begin.strip():
        last = before.pop()
        yield Cell(f"{last.text}\n{begin.rstrip()}", code=True)
    for mark, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip("\n")
        if mark:
            lines = "\n".join(
                line.removeprefix("#").removeprefix(" ") for line in lines.split("\n")
            )
            lines = _wrapped(lines)
        yield Cell(lines.rstrip(), code=not mark)


def _wrapped(text: str) -> str:
    """Paragraphs in lines that fit beside code."""
    return "\n\n".join(textwrap.fill(each, _WIDTH) for each in text.split("\n\n"))


def _chosen(plan: Plan) -> list[str]:
    settings = plan.settings
    varied = settings.augment is not Strength.NONE
    pieces = ["pictures", "split_by_seed" if plan.by_seed else "split_by_folders", "split_end"]
    pieces += ["backbone", *(["augment"] if varied else [])]
    if settings.frozen_layers != "all":
        warm = settings.warm_up(len(plan.backbone.layers))
        pieces += ["thaw", *(["statistics"] if settings.statistics_adapt else []), "optimise"]
        pieces += [*(["warm_up"] if warm else []), "fit_whole", "judge"]
    else:
        pieces += ["features_stages" if settings.sees_stages else "features_last"]
        pieces += ["views" if varied else "no_views"]
        pieces += ["scaling"] if settings.sees_stages else []
        pieces += ["solve", "judge"] if plan.solved else ["head", "optimise", "fit_head", "judge"]
        pieces += ["refit"] if plan.solved and settings.refits else []
    return [*pieces, "save"]


def _title(plan: Plan) -> str:
    zipped = "as one folder per class" if plan.by_seed else "with folders train and validation"
    return _wrapped(
        f"# Teach {plan.backbone.title} the classes of “{markdown.text(plan.name)}”\n\n"
        "This is the training of a run of Thaw in plain Keras, from the zip of class folders to a "
        "trained network. Read it from top to bottom, change a number, and run it again.\n\n"
        f"You need `pictures.zip` beside it: in Thaw, open Data and download the pictures "
        f"{zipped}. The packages are in `requirements.txt`."
    )


def _numbers(plan: Plan, next_stages: Sequence[str]) -> str:
    """The cell with the settings: those alone that the pieces use."""
    settings, divided = plan.settings, plan.dataset.divided
    how = {"size": plan.size, **plan.preparation.to_dict()}
    lines = [
        "# The settings of the run.",
        'PICTURES = "pictures.zip"',
        "# How picture.py reads a picture.",
        f"HOW = {_python(how)}",
        f"SEED = {settings.seed}",
    ]
    if plan.by_seed:
        lines += [
            f"SPLIT_SEED = {divided.seed}",
            f"VALIDATION_SHARE = {divided.validation}",
            f"TEST_SHARE = {divided.test}",
        ]
    lines.append(f"BALANCED = {settings.balanced}  # rare classes count as much as frequent ones")
    thawed = settings.frozen_layers != "all"
    if settings.augment is not Strength.NONE:
        turn, least, light = VARIED[settings.augment]
        lines += [
            f"TURN = {turn}  # degrees to either side",
            f"ZOOM = {round(1 - least, 2)}  # at most so much of each side is cut off",
            f"LIGHT = {light}  # brightness and contrast, more or less",
        ]
        lines += [] if thawed else [f"VIEWS = {settings.views}  # varied copies of each picture"]
    if settings.sees_stages:
        lines += [
            "# The layers that take in what each stage of the backbone but the last makes.",
            f"NEXT_STAGES = {_python(list(next_stages))}",
        ]
    if not plan.solved:
        lines += [
            f"EPOCHS = {plan.epochs}",
            f"PATIENCE = {settings.patience}  # epochs without improvement that end it; 0: none do",
            f"BATCH_SIZE = {settings.batch_size}",
            f"OPTIMIZER = {_python(settings.optimizer)}",
            f"LEARNING_RATE = {settings.learning_rate:g}",
            f"WEIGHT_DECAY = {settings.weight_decay:g}  # of the new layers",
            f"DENSE = {_python(list(settings.dense))}  # units of new layers before the classes",
            f"DROPOUT = {settings.dropout:g}",
        ]
        lines += (
            [f"LABEL_SMOOTHING = {settings.label_smoothing:g}"] if settings.label_smoothing else []
        )
    if thawed:
        layers = len(plan.backbone.layers)
        rate = 1.0 if settings.from_scratch else settings.thawed_rate
        lines += [
            f"FROZEN_LAYERS = {settings.frozen_of(layers)}  # of {layers}",
            f"THAWED_RATE = {rate:g}  # share of the learning rate for the backbone's layers",
            f"WARM_UP_EPOCHS = {settings.warm_up(layers)}",
            f"STATISTICS_ADAPT = {settings.statistics_adapt}  # of batch norm",
        ]
    return "\n".join(lines)


def _values(plan: Plan) -> dict[str, str]:
    """What is filled into the pieces, by name."""
    settings = plan.settings
    layers = len(plan.backbone.layers)
    warm = settings.warm_up(layers)
    frozen = settings.frozen_of(layers)
    start = "" if settings.weights == IMAGENET else ", from the weights file of this run"
    if settings.from_scratch:
        start = ", with random weights: it knows nothing yet"
        heading = "Training from scratch"
        why = "Nothing is frozen: all layers learn from these pictures alone."
    else:
        heading = "Thawing"
        why = (
            f"The first {frozen} of {layers} layers stay frozen and the others learn, in steps of "
            f"{settings.thawed_rate:g} of the usual size: they know something already."
        )
    callbacks = [*(["Averages()"] if settings.statistics_adapt else []), "keep_the_best"]
    if settings.schedule == "plateau":
        callbacks.append('keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3)')
    differs = (
        "the solution is exact, but features are rounded otherwise on another processor."
        if plan.solved
        else "batches come in another order here, and small steps add up."
    )
    return {
        "squared": _SQUARED[plan.preparation.square],
        "judged": plan.judged,
        "title": plan.backbone.title,
        "start": start,
        "preprocessing": _PREPROCESSING[plan.backbone.preprocessing],
        "mirror": 'keras.layers.RandomFlip("horizontal", seed=SEED),\n        '
        if settings.mirror
        else "",
        "epochs": str(plan.epochs),
        "scaled": "keras.layers.Rescaling(factors.tolist(), offsets.tolist())"
        if settings.sees_stages
        else "",
        "rate": _RATES[settings.schedule],
        "loss": _SMOOTHED
        if settings.label_smoothing
        else 'loss = "sparse_categorical_crossentropy"',
        "callbacks": f"callbacks = [{', '.join(callbacks)}]",
        "heading": heading,
        "why": why,
        "varied": 'vary(keras.ops.cast(images, "float32"), training=True)'
        if settings.augment is not Strength.NONE
        else "images  # augmentation would vary them here",
        "count": "one epoch" if warm == 1 else f"{warm} epochs",
        "thaw": f"{plan.accuracy:.1%}",
        "images": str(plan.images),
        "differs": differs,
    }


def _python(value: Any) -> str:
    """A value as Python writes it; words of an enumeration are words."""
    return pprint.pformat(json.loads(json.dumps(value)), width=80, sort_dicts=False)
