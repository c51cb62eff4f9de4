"""A trained network at work on pictures: the very file that was saved, compiled once, kept warm."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.datasets import reading
from core.datasets.dataset import Dataset, Decoded
from core.errors import UserError
from core.intake import room
from core.intake.archives.archive import Source
from core.intake.parallel import in_order, threads_for_pictures
from core.intake.pictures import images
from core.intake.pictures.preparation import USUAL, Preparation
from core.network import engine
from core.network.conversion import convert_apart
from core.network.familiarity import FAMILIAR, PROBABILITIES
from core.network.features import cache_key
from core.results import calibration, evaluation, learned, names, one_class, thresholds
from core.results.answers import kept
from core.results.prediction import Prediction
from core.results.thresholds import Thresholds
from core.settings import Squaring
from core.storage import files, home
from core.storage.runs import Run, damaged, read_facts

Submit = Callable[[str, np.ndarray], None]
File = tuple[str, bytes]  # a picture's name and contents

_NO_THRESHOLDS = Thresholds()
THUMBNAIL = 512  # pixels; many photos are no larger, and take no time to make smaller

# What zipfile, zlib, HDF5 and Keras raise at damaged bytes.
_DAMAGE = (
    *(ValueError, TypeError, LookupError, AttributeError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


class Predictor:
    """A network that names what is in a picture, ready to answer any number of threads.

    Attributes:
        classes: What it can say.
        input_size: Side of the square pictures that it sees.
        preparation: How pictures are read and become square.
        model: Digest of the model; None where it was not trained here.
        thresholds: From where on its answers count.
    """

    def __init__(
        self,
        classes: Sequence[str],
        input_size: int,
        key: str,
        build: Callable[[], Any],
        preparation: Preparation = USUAL,
        model: str | None = None,
        thresholds: Thresholds = _NO_THRESHOLDS,
    ) -> None:
        """
        Args:
            classes: In the network's order.
            input_size: Side of the square pictures that it sees.
            key: Stands for all that its answers depend on.
            build: Makes the Keras model; can be pickled.
            preparation: How pictures are read and become square.
            model: Digest of the model, if it was trained here.
            thresholds: From where on its answers count.

        Raises:
            UserError: As `build`.
        """
        self.model = model
        self.thresholds = thresholds
        self.classes = tuple(classes)
        self.input_size = input_size
        self.preparation = preparation
        convert_apart(key, build)
        self._network = engine.compiled(key, build)

    def probabilities(self, pictures: Iterable[np.ndarray]) -> np.ndarray:
        """Class probabilities [pictures, classes] of uint8 pictures [size, size, 3]."""
        return self.in_full(pictures)[:, : len(self.classes)]

    def in_full(self, pictures: Iterable[np.ndarray]) -> np.ndarray:
        """Class probabilities, and behind them how familiar each picture is where it can tell."""
        asked = [self._network.ask(pixels) for pixels in pictures]
        answers = [each.result() for each in asked]
        return np.stack(answers) if answers else np.empty((0, len(self.classes)))

    def answers(self, read: Callable[[Submit], Dataset]) -> tuple[Dataset, dict[str, np.ndarray]]:
        """Name pictures while they are still read.

        Args:
            read: Reads a data set; told how to hand over a picture, from any thread, under a key
                of its own.

        Returns:
            What `read` gave, and by the key of each picture its class probabilities, and behind
            them how familiar it is where the model can tell.
        """
        asked: dict[str, Future[np.ndarray]] = {}

        def submit(key: str, pixels: np.ndarray) -> None:
            asked[key] = self._network.ask(pixels)

        found = read(submit)
        return found, {key: answer.result() for key, answer in asked.items()}

    def predict(self, files: Iterable[File], top: int) -> list[Prediction]:
        """What is in these files, with pictures to show; see `each`."""
        return list(self.each(files, top, THUMBNAIL))

    def each(
        self, files: Iterable[File], top: int, thumbnail: int | None = None
    ) -> Generator[Prediction, None, None]:
        """What is in these files, in their order; one that cannot be read says why.

        Some are read and named ahead, so that all processors have work.

        Args:
            files: Any number; read in the caller's thread.
            top: How many classes to name.
            thumbnail: Pixels of the longer side of the pictures to show; None if none are needed.

        Raises:
            UserError: `top` is not positive.
        """
        if top < 1:
            raise UserError("Expected to name at least 1 class, received {top}.", top=top)

        def begin(file: File) -> Callable[[], Prediction]:
            name, data = file
            try:
                picture = images.decode(data, self.input_size, self.preparation)
            except images.UnreadableImage as error:
                failed = Prediction(name, error=error.said)
                return lambda: failed
            square = images.to_square(picture, self.input_size, self.preparation.square)
            answer = self._network.ask(square)  # first: it works while this thread draws
            shown = (None, None) if thumbnail is None else self._shown(picture, square, thumbnail)
            return lambda: self._said(name, top, answer.result(), shown)

        begun = in_order(begin, files, threads_for_pictures(), lambda file: len(file[1]))
        with closing(begun) as under_way:
            for answered in under_way:
                yield answered()

    def look(self, name: str, data: bytes, top: int) -> Prediction:
        """What is in one file, without pictures to show.

        Args:
            name: Of the picture.
            data: The file's contents.
            top: How many classes to name.
        """
        try:
            square = self.square(data)
        except images.UnreadableImage as error:
            return Prediction(name, error=error.said)
        return self._said(name, top, self._network.answer(square))

    def square(self, data: bytes) -> np.ndarray:
        """What the network sees of a file: uint8 pixels [size, size, 3].

        Raises:
            UnreadableImage: It is no picture, is damaged or is too large.
        """
        picture = images.decode(data, self.input_size, self.preparation)
        return images.to_square(picture, self.input_size, self.preparation.square)

    def _shown(
        self, picture: Image.Image, square: np.ndarray, size: int
    ) -> tuple[bytes, bytes | None]:
        """The picture upright, and the square unless that is the picture squashed, as JPEGs."""
        small = images.thumbnail_jpeg(picture, size)
        if self.preparation.square is Squaring.SQUASH:
            return small, None
        return small, images.thumbnail_jpeg(Image.fromarray(square), self.input_size)

    def _said(
        self,
        name: str,
        top: int,
        answer: np.ndarray,
        shown: tuple[bytes | None, bytes | None] = (None, None),
    ) -> Prediction:
        """A prediction of what the network answered: one row of `in_full`."""
        probabilities, *told = np.split(answer, [len(self.classes)])
        familiar = round(float(told[0][0]), 6) if told[0].size else None
        order = np.argsort(-probabilities, kind="stable")[:top]
        ranked = tuple((self.classes[i], round(float(probabilities[i]), 6)) for i in order)
        return Prediction(
            name,
            *ranked[0],
            ranked,
            *shown,
            familiar=familiar,
            known=self.thresholds.known(familiar),
            sure=self.thresholds.sure(ranked[0][1]),
            model=self.model,
        )

    def evaluate(
        self,
        source: Source,
        report: Callable[[int, int], None],
        learned_from: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """How well it does on labelled images: those of the test side, or all if there is none.

        Args:
            source: Of class folders, perhaps with sides around them.
            report: Told images done and in total.
            learned_from: Digests of the pictures that it has learned from; None where nobody knows.

        Returns:
            As `evaluation.evaluate`, `calibration.judged` and `learned.told_apart` (None for both
            where nobody knows); familiar: threshold, images, and how many are accepted as looking
            familiar, None where the model can't tell; side: "test", or None for all images;
            skipped: what was left out; answers: those behind all of it.

        Raises:
            UserError: The images have a class that the model does not know, or there are none. To a
                model with a single class, every other one is something else, which it should not
                know; see `one_class.evaluate`.
        """

        def read(submit: Submit) -> Dataset:
            def each(decoded: Decoded) -> None:
                square = self.preparation.square
                pixels = images.to_square(decoded.image, self.input_size, square)
                submit(decoded.digest, pixels)

            return reading.read(
                source,
                split=None,
                each=each,
                at_least=self.input_size,
                report=report,
                preparation=self.preparation,
                known=self.classes,
            )

        found, answers = self.answers(read)
        unknown = [name for name in found.classes if name not in self.classes]
        alone = len(self.classes) == 1 and self.thresholds.familiar is not None
        if unknown and not alone:
            raise UserError(
                "This model knows {classes}, but the images also have {unknown}. Take those "
                "folders out or rename them.",
                classes=", ".join(self.classes),
                unknown=", ".join(unknown),
            )
        every = np.stack([answers[record.digest] for record in found.records])
        probabilities, familiar = np.split(every, [len(self.classes)], axis=1)
        side = "test" if found.split_came_with_data else None
        told: dict[str, Any] = {"side": side, "skipped": found.skipped}
        if alone:
            (label,) = self.classes
            threshold = self.thresholds.familiar
            assert threshold is not None
            own = [record.label == label for record in found.records]
            told["answers"] = kept.of_records(
                probabilities[own], [r for r in found.records if r.label == label], self.classes
            )
            told["familiar"] = self.thresholds.accepted(familiar[own])
            return told | one_class.evaluate(
                familiar, found.records, label, threshold, learned_from
            )
        asked = probabilities, found.records, self.classes
        apart: dict[str, Any] = {"learned_from": None, "unseen": None}
        if learned_from is not None:
            apart = learned.told_apart(*asked, learned_from)
        told["answers"] = kept.of_records(*asked)
        told["familiar"] = self.thresholds.accepted(familiar)
        return evaluation.evaluate(*asked) | calibration.judged(*asked) | apart | told


def of_run(run: Path) -> Predictor:
    """The network of a run.

    Args:
        run: The run's folder.

    Raises:
        UserError: There is no trained network in it, or it is damaged.
        OSError: There is no room to convert it.
    """
    model = run.absolute() / home.MODEL
    if not model.is_file():
        found = "holds no model" if run.is_dir() else "is not there"
        raise UserError(
            "Expected the folder of a trained run, but {name} {found}. Train first, or wait "
            "until the training has ended.",
            name=run.name or run,
            found=found,
        )
    input_size, preparation = read_description(run)
    digest, key = graph_of(model)
    classes = tuple(names.by_now(Run(run)).values())
    if not engine.is_converted(key):  # that takes a while, and as much room
        room.ready(model.stat().st_size)
    build = partial(_one_output, model)
    return Predictor(classes, input_size, key, build, preparation, digest, thresholds.of(run))


def graph_of(model: Path) -> tuple[str, str]:
    """Digest of a run's model, and the cache key of the graph that predictions run."""
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, cache_key(model=digest, engine=engine.name())


def read_description(run: Path) -> tuple[int, Preparation]:
    """Side of the pictures that a run's network sees, and how they are prepared.

    Raises:
        UserError: A file beside the model is damaged.
    """
    facts = read_facts(run, home.MODEL_FACTS, "classes", "input_size")
    classes, size = facts["classes"], facts["input_size"]
    if not isinstance(classes, list) or not isinstance(size, int):
        raise damaged(run, home.MODEL_FACTS)
    try:
        return size, Preparation.from_dict(facts)  # older runs had no choice
    except (TypeError, ValueError) as error:
        raise damaged(run, home.MODEL_FACTS) from error


def load_model(model: Path) -> Any:
    """The Keras model of a run, as its file holds it.

    Raises:
        UserError: It is damaged.
    """
    if not zipfile.is_zipfile(model):  # cut off, or something else: told before Keras is here
        raise damaged(model.parent, model.name)
    from core.backbones.frameworks import keras
    from core.backbones.hub import hub  # noqa: F401  (registers the layer that a model may hold)

    try:
        return keras.models.load_model(model, compile=False, safe_mode=True)
    except _DAMAGE as error:
        raise damaged(model.parent, model.name) from error


def _one_output(model: Path) -> Any:
    """A model's answers side by side: class probabilities, then `familiar` where it has that."""
    loaded = load_model(model)
    if not isinstance(loaded.output, dict):
        return loaded
    from core.backbones.frameworks import keras

    answers = [loaded.output[name] for name in (PROBABILITIES, FAMILIAR)]
    return keras.Model(loaded.inputs, keras.layers.Concatenate()(answers))


@lru_cache(maxsize=4)
def _warm(run: Path, stamp: files.Stamp, called: tuple[str, ...], counts: Thresholds) -> Predictor:
    return of_run(run)


def warm(run: Path) -> Predictor:
    """`of_run` for a process that lives on: recent models stay compiled."""
    model = run / home.MODEL
    there = model.is_file()
    if there:
        read_description(run)
    called = tuple(names.by_now(Run(run)).values()) if there else ()
    counts = thresholds.of(run) if there else _NO_THRESHOLDS
    return _warm(run, files.stamp(model), called, counts)
