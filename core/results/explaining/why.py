"""Explains what a run says of a picture, in the way that its network allows."""

import hashlib
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import UserError
from core.intake.pictures import images
from core.network import engine
from core.network.conversion import convert_apart
from core.network.features import cache_key
from core.results import names, predictor
from core.results.explaining import hiding, maps
from core.results.explaining.explained import Why
from core.results.explaining.hiding import Hidden
from core.results.explaining.maps import Explanation
from core.storage import files, home
from core.storage.runs import Run

_VERSION = 1  # of the numbers that a converted graph gives
_MOST = 12  # classes that there is a map of: the most probable ones


class _Explainer:
    """A run's network, ready to answer and to be asked why."""

    def __init__(self, run: Path) -> None:
        self.predictor = predictor.of_run(run)
        model = run.absolute() / home.MODEL
        with model.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        key = cache_key(explains=digest, engine=engine.name(), version=_VERSION)
        build = partial(_build, model)
        try:
            convert_apart(key, build)
            self._network: engine.Compiled | None = engine.compiled(key, build)
        except UserError:  # it is of a form that can't be taken apart: `predictor` could read it
            self._network = None

    def explain(self, pixels: npt.NDArray[np.uint8]) -> Explanation:
        """Why it says what it says of the square that it sees."""
        asked = self.predictor
        if self._network is None:
            return maps.occluded(pixels, asked.probabilities, asked.classes)
        return maps.read(self._network.answer(pixels), asked.classes)


def _build(model: Path) -> Any:
    from core.results.explaining import contributions

    return contributions.build(model)


@lru_cache(maxsize=2)
def _warm(run: Path, stamp: files.Stamp, called: tuple[str, ...]) -> _Explainer:
    return _Explainer(run)


def explain(run: Path, picture: bytes, also: str | None = None) -> Why:
    """Why a run's network says what it says of a picture.

    Args:
        run: The run's folder.
        picture: The picture's file.
        also: A class that is wanted even if it is improbable.

    Raises:
        UserError: The run has no network or does not know the class, or the picture can't be read.
    """
    explainer, pixels = _asked(run, picture)
    asked = explainer.predictor
    explained = explainer.explain(pixels)
    (probabilities,) = asked.probabilities([pixels])
    wanted = np.argsort(-probabilities, kind="stable")[:_MOST].tolist()
    if also is not None:
        wanted = list(dict.fromkeys([*wanted, _place(asked.classes, also)]))
    return Why(
        explained.method,
        pixels,
        tuple(asked.classes[place] for place in wanted),
        tuple(float(probabilities[place]) for place in wanted),
        np.stack([explained.of(place) for place in wanted]).astype(np.float32),
    )


def hide(run: Path, picture: bytes, label: str) -> Hidden:
    """What a run's network says of a picture once parts of it are hidden.

    Args:
        run: The run's folder.
        picture: The picture's file.
        label: The class whose map says which parts.

    Raises:
        UserError: As for `explain`.
    """
    explainer, pixels = _asked(run, picture)
    asked = explainer.predictor
    place = _place(asked.classes, label)
    heat = explainer.explain(pixels).of(place)
    return hiding.hide(pixels, heat, asked.probabilities, asked.classes, place)


def _asked(run: Path, picture: bytes) -> tuple[_Explainer, npt.NDArray[np.uint8]]:
    """A run's network, and the square that it sees of a picture."""
    model = run / home.MODEL
    called = tuple(names.by_now(Run(run)).values()) if model.is_file() else ()
    explainer = _warm(run, files.stamp(model), called)
    asked = explainer.predictor
    try:
        image = images.decode(picture, asked.input_size, asked.preparation)
    except images.UnreadableImage as error:
        raise UserError("Expected a picture, but it is {error}.", error=error.said) from error
    return explainer, images.to_square(image, asked.input_size, asked.preparation.square)


def _place(classes: tuple[str, ...], label: str) -> int:
    if label not in classes:
        raise UserError(
            "This model knows {classes}, but not “{also}”.", classes=", ".join(classes), also=label
        )
    return classes.index(label)
