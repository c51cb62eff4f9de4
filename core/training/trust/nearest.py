"""The training pictures that a picture looks most like to a network's untouched backbone.

The features are those that tell how familiar a picture is (see `core.network.familiarity`). Of the
training pictures they are in the cache since the training; a few that are missing are made anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets import image_files, store
from core.datasets.dataset import Dataset, Record, labels_of
from core.errors import UserError
from core.intake.pictures import images
from core.network import engine
from core.network.conversion import convert_apart
from core.network.features import FeatureCache
from core.results import learned, predictor
from core.results.explaining.explained import Neighbour
from core.settings import ALL, Strength
from core.storage import files, home
from core.storage.runs import Run
from core.training.exact import spread
from core.training.setup import Setup

_MOST = 5000  # pictures that are looked among
_ANEW = 200  # of which so many are looked at anew: that takes a few seconds

Numbers = npt.NDArray[np.float32]


class _Search:
    """The training pictures of a run, and the network that looks at another one."""

    def __init__(self, run: Run) -> None:
        if run.settings.from_scratch:
            raise UserError(
                "This network learned from scratch, so it has no pretrained layers to compare "
                "pictures with."
            )
        folder = run.dataset_folder
        dataset = _learned_from(run, folder)
        _, preparation = predictor.read_description(run.folder)
        frozen = replace(
            run.settings, frozen_layers=ALL, augment=Strength.NONE, beside="", budget=0
        )
        self._setup = Setup.of(run.space, frozen, preparation, lambda *_: None)
        (prefix,) = self._setup.wholes()
        self._cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
        build = partial(_build, self._setup, len(dataset.records))
        convert_apart(prefix.graph, build)
        self._network = engine.compiled(prefix.graph, build, engine.feature_precision())
        few = spread(labels_of(dataset.records, dataset.classes), _MOST)
        self._records = [dataset.records[place] for place in few]
        self._unit = self._features(self._records, image_files.reader(folder))

    def _features(self, records: Sequence[Record], read: image_files.ReadBytes) -> Numbers:
        """Last features of training pictures, each of length 1, [pictures, channels]."""
        missing = [record for record in records if record.digest not in self._cache]
        if len(missing) > _ANEW:
            raise UserError(
                "What the network saw in its training pictures is no longer in the cache, so they "
                "can't be compared. Train again to bring it back."
            )
        for record in missing:
            self._cache.add(record.digest, self._seen(read(record)))
        self._cache.flush()
        rows = self._cache.rows([record.digest for record in records], self._last)
        return _unit(rows.take(range(len(rows))))

    @property
    def _last(self) -> slice:
        return slice(-self._setup.backbone.features, None)

    def _seen(self, picture: bytes) -> Numbers:
        """What the untouched backbone makes of a picture, at all its stages."""
        size, preparation = self._setup.backbone.input_size, self._setup.preparation
        image = images.decode(picture, size, preparation)
        return self._network.answer(images.to_square(image, size, preparation.square))

    def nearest(self, picture: bytes, digest: str, count: int) -> list[Neighbour]:
        """Those that it looks most like, the most alike first; never the picture itself."""
        try:
            (own,) = _unit(self._seen(picture)[None, self._last])
        except images.UnreadableImage as error:
            raise UserError("Expected a picture, but it is {error}.", error=error.said) from error
        cosines = self._unit @ own
        order = np.argsort(-cosines, kind="stable").tolist()
        others = [place for place in order if self._records[place].digest != digest]
        return [
            Neighbour(
                self._records[place].digest, self._records[place].label, float(cosines[place])
            )
            for place in others[:count]
        ]


def _learned_from(run: Run, folder: Path) -> Dataset:
    """The pictures of a data set as it is now that a run has learned from.

    Raises:
        UserError: The data set is gone, or there are none.
    """
    dataset, known = store.load(folder), learned.digests(run)
    records = [
        each
        for each in dataset.records
        if (each.split == "train" if known is None else each.digest in known)
    ]
    if not records:
        raise UserError("None of the pictures that this network learned from is left.")
    return replace(dataset, records=tuple(records))


def _build(setup: Setup, pictures: int) -> Any:
    return setup.build(pictures).prefix_model()


def _unit(features: Numbers) -> Numbers:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Numbers = (features / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


@lru_cache(maxsize=2)
def _warm(run: Path, model: files.Stamp, dataset: files.Stamp) -> _Search:
    return _Search(Run.open(run))


def nearest(run: Run, picture: bytes, digest: str, count: int) -> list[Neighbour]:
    """The training pictures that a picture looks most like.

    Args:
        run: It has a model.
        picture: The picture's file, which its network can read.
        digest: Its SHA-256.
        count: How many to find.

    Raises:
        UserError: The data set is gone, the network learned from scratch, too much has to be
            looked at anew, or the picture can't be read.
    """
    model, dataset = files.stamp(run.folder / home.MODEL), store.stamp(run.dataset_folder)
    search = _warm(run.folder, model, dataset)
    return search.nearest(picture, digest, count)
