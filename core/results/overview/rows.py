"""Every run in one row of facts. The files of a run are read again only where they have changed."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.backbones.catalogue.rows import backbone_of, thaws
from core.errors import UserError
from core.saying import Sentence, say
from core.settings import TrainingSettings
from core.storage import files, own_names
from core.storage.home import Space
from core.storage.runs import Run, all_runs

_TICK = 2 * 10**9  # nanoseconds: no file system's clock is coarser
_kept: dict[Path, tuple[files.Stamp, "Row"]] = {}


@dataclass(frozen=True)
class Row:
    """What a list of runs shows of one of them, but for how far it has come.

    Attributes:
        run: The run.
        created: Seconds since 1970.
        name: What a person calls it.
        note: What a person has written about it.
        starred: Whether a person has marked it.
        problem: Why it cannot be used: one of its files is damaged. What that says is not known.
        data: The name of its data set.
        dataset_id: The data set, which may have been deleted since.
        version: The version of it.
        after: The run that it repeats on changed pictures.
        comparison: The comparison of backbones that it belongs to.
        settings: What it trains.
        backbone: What its network is called.
        layers: How many layers that has; None where it is no longer in the catalogue.
        classes: How many classes there are; as below, None until it has been evaluated.
        accuracy: On the held-out images.
        interval: The 95 % confidence interval of the accuracy.
        correct: How many of the held-out images it gets right.
        images: How many held-out images there are.
        seconds: That the training took.
        parameters: Of the whole network.
        trainable: Parameters that the training changed.
        network: Whether its network is here; one that came in a project may be without.
    """

    run: Run
    created: float
    name: str = ""
    note: str = ""
    starred: bool = False
    problem: Sentence | str | None = None
    data: str = ""
    dataset_id: str | None = None
    version: int | None = None
    after: str | None = None
    comparison: str | None = None
    settings: TrainingSettings | None = None
    backbone: str = ""
    layers: int | None = None
    classes: int | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    correct: int | None = None
    images: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    trainable: int | None = None
    network: bool = False

    @property
    def frozen(self) -> Sentence:
        """How much of its network was frozen; empty where its settings are not known."""
        if self.settings is None:
            return say("")
        if self.settings.from_scratch:
            return say("from scratch")
        if not thaws(self.settings):
            return say("all frozen")
        if self.settings.frozen_layers:
            return say("{count} frozen", count=self.settings.frozen_layers)
        return say("all thawed")


def rows(space: Space) -> list[Row]:
    """All runs of a space, the newest first."""
    found, here = all_runs(space), space.runs()
    known = {folder for folder in tuple(_kept) if folder.parent == here}
    for gone in known - {run.folder for run in found}:
        _kept.pop(gone, None)
    return list(of(found))


def of(runs: Iterable[Run]) -> Iterable[Row]:
    """The rows of some runs. A run that is deleted meanwhile has none."""
    for run in runs:
        # Files are replaced, never written over, so a folder that did not change holds the same.
        stamp = files.stamp(run.folder)
        known = _kept.get(run.folder)
        if known is not None and known[0] == stamp:
            yield known[1]
            continue
        looked = time.time_ns()
        try:
            row = read(run)
        except FileNotFoundError:
            continue
        if looked - stamp[0] > _TICK:  # else it might change again at the same time of its clock
            _kept[run.folder] = (stamp, row)
        yield row


def read(run: Run) -> Row:
    """The row of a run, from its files.

    Raises:
        FileNotFoundError: It has been deleted.
    """
    created = run.created
    told = own_names.told(run.folder)
    facts: dict[str, Any] = {"name": told.name or run.id, "network": run.has_model}
    results = None
    try:
        facts |= {
            "name": told.name or run.data_name,
            "data": run.data_name,
            "dataset_id": run.dataset_id,
            "version": run.version,
            "after": run.after,
            "comparison": run.comparison,
            "settings": run.settings,
            "backbone": run.settings.backbone,
        }
        results = run.results()
    except UserError as error:
        facts["problem"] = error.said
    with suppress(KeyError, UserError):  # damaged, or no longer in the catalogue
        backbone = backbone_of(facts["settings"])
        facts |= {"backbone": backbone.title, "layers": len(backbone.layers)}
    if results is not None:
        parameters = results.get("parameters") or {}
        facts |= {
            "classes": len(results["classes"]),
            "accuracy": results["accuracy"],
            "interval": tuple(results["interval"]),
            "correct": results["correct"],
            "images": results["images"],
            "seconds": (results.get("seconds") or {}).get("total"),
            "parameters": parameters.get("total"),
            "trainable": parameters.get("trainable"),
        }
    return Row(run, created, note=told.note, starred=told.starred, **facts)
