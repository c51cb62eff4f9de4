"""What a script that repeats a run has to say, found out from the run and its pictures."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import backbone_of
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.exports.pictures import Known
from core.intake.pictures.preparation import Preparation
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run

_MOST_BYTES = 4 << 30  # of pixels, all of which a script keeps in memory


@dataclass(frozen=True)
class Plan:
    """What the script repeats.

    Attributes:
        name: What the run is called.
        settings: What was trained; of a race, what has won it.
        epochs: How many epochs there were to be.
        backbone: The row that the settings name.
        size: Side of the network's input.
        preparation: How pictures are read.
        dataset: The pictures.
        by_seed: Whether the seed alone gives the split; otherwise folders have to tell it.
        solved: Whether the exact solution was kept, and not the best epoch.
        judged: The side that the accuracy was measured on.
        images: How many pictures that has.
        accuracy: What was measured on them.
        interval: The 95 % confidence interval of that.
    """

    name: str
    settings: TrainingSettings
    epochs: int
    backbone: Backbone
    size: int
    preparation: Preparation
    dataset: Dataset
    by_seed: bool
    solved: bool
    judged: str
    images: int
    accuracy: float
    interval: tuple[float, float]


def of(run: Run, known: Known | None, size: int, preparation: Preparation) -> Plan:
    """Find it out.

    Args:
        run: One that has been evaluated.
        known: Its pictures.
        size: Side of the network's input.
        preparation: How pictures are read.

    Raises:
        UserError: No short script can repeat this run.
    """
    settings, results = run.settings, run.results()
    if results is None:
        raise UserError("This run has no evaluation yet. Wait until the training has ended.")
    backbone = backbone_of(settings)
    if settings.pair:
        raise UserError(
            "Two networks look at each picture in this run, which is more than a short script can "
            "show. Export it to Keras, or train it again with one network."
        )
    if backbone.sealed:
        raise UserError(
            "This network is a TensorFlow Hub module, one sealed block, and plain Keras cannot "
            "open it. Export it as a SavedModel instead."
        )
    if known is None:
        raise UserError(
            "The pictures of this run are no longer here, so the code could not be tried before "
            "you get it. Add them again and train on them, or export to another format."
        )
    dataset, judged = known.dataset, results.get("split", "validation")
    if len(dataset.of(judged)) != results["images"]:
        raise UserError(
            "Expected the {count} pictures that this run was judged on, found {found}. Name the "
            "pictures that it was trained with, divided in the same way.",
            count=results["images"],
            found=len(dataset.of(judged)),
        )
    if len(dataset.records) * size * size * 3 > _MOST_BYTES:
        raise UserError(
            "These are {count} pictures, too many for a short script, which keeps all of them in "
            "memory. Export to another format, or train on fewer.",
            count=len(dataset.records),
        )
    low, high = results["interval"]
    return Plan(
        name=run.name,
        settings=settings,
        epochs=run.state().epochs or settings.epochs,
        backbone=backbone,
        size=size,
        preparation=preparation,
        dataset=dataset,
        by_seed=_sides(dataset, dataset.divided) == _told_sides(dataset),
        solved=results.get("kept") == "solution",
        judged=judged,
        images=results["images"],
        accuracy=results["accuracy"],
        interval=(low, high),
    )


def _told_sides(dataset: Dataset) -> dict[str, str]:
    return {record.digest: record.split for record in dataset.records}


def _sides(dataset: Dataset, divided: SplitSettings) -> Mapping[str, str]:
    """What `split_by_seed.cells` makes of the pictures: the plain case of `core.datasets.split`."""
    sides: dict[str, str] = {}
    for label in dataset.classes:
        digests = {record.digest for record in dataset.records if record.label == label}
        ordered = sorted(
            digests, key=lambda each: hashlib.sha256(f"{divided.seed}:{each}".encode()).digest()
        )
        held_back, tested = _counts(ordered, divided)
        for number, digest in enumerate(ordered):
            side = "test" if number < held_back + tested else "train"
            sides[digest] = "validation" if number < held_back else side
    return sides


def _counts(digests: Sequence[Any], divided: SplitSettings) -> tuple[int, int]:
    count = len(digests)
    wanted = 2 if divided.test and count > 2 else 1
    held_back = min(max(1, int(count * divided.validation + 0.5)), count - wanted)
    tested = min(max(1, int(count * divided.test + 0.5)), count - 1 - held_back)
    return held_back, tested if divided.test else 0
