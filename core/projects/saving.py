"""Saves a data set and runs of it as one file, made while it is sent: see `contents`.

Saved are a data set's versions with their pictures, what people have set and marked, and of each
run what `contents.RUN_FILES` names. Where and when on this computer a run was at work stays here.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import installation, saying
from core.backbones.catalogue.rows import backbone_of
from core.backbones.weights import own_weights
from core.datasets import image_files, packing, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.projects import contents
from core.projects.contents import DATASET_FILES, RUN_FILES
from core.projects.typed import Form, parsed
from core.settings import IMAGENET, RANDOM, TrainingSettings
from core.storage import files, home
from core.storage.events import EventLog
from core.storage.runs import Run, all_runs, damaged, read_facts

_MADE = (1980, 1, 1, 0, 0, 0)  # the same project makes the same file, but for when it was saved
_PIECE = 1 << 20  # bytes that are read at once
_Data = bytes | Path


@dataclass(frozen=True)
class Project:
    """A project that is ready to be sent.

    Attributes:
        name: The data set's.
        pictures: How many there are.
        runs: How many there are.
        size: Bytes of all its files together.
        pieces: The file itself. What is gone meanwhile breaks it off, so that nobody takes half of
            it for the whole.
    """

    name: str
    pictures: int
    runs: int
    size: int
    pieces: Iterator[bytes]

    @property
    def file_name(self) -> str:
        """What to call the file."""
        return file_name(self.name)


def file_name(name: str) -> str:
    """What to call the project of a data set of some name."""
    return f"{packing.zip_name(name).removesuffix('.zip')}.{contents.ENDING}"


def runs_of(dataset_id: str) -> list[Run]:
    """The runs that can be saved with a data set, newest first: they have ended with a model."""
    return [run for run in all_runs() if _belongs(run, dataset_id)]


def _belongs(run: Run, dataset_id: str) -> bool:
    try:
        return run.dataset_id == dataset_id and run.has_model and run.state().status.final
    except UserError:
        return False  # a damaged run: its own card says so


def project(dataset_id: str, runs: Sequence[Run], *, versions: bool = True) -> Project:
    """Get a project ready. What it needs is looked for now, before anything is sent.

    Args:
        dataset_id: A stored data set.
        runs: Some of `runs_of`.
        versions: Whether earlier versions of the data set go along, with their pictures.

    Raises:
        UserError: The data set or a picture is gone, or a run is damaged or cannot be saved.
    """
    folder = store.folder_of(dataset_id)
    current = store.load(folder)
    others: list[Dataset] = []
    if versions:
        numbers = [number for number in store.versions(folder) if number != current.version]
        others = [store.load(folder, number) for number in numbers]
    else:
        current = replace(current, before=None)
    every = [current, *others]
    listed = {f"{contents.DATASET}/{home.MANIFEST}": current}
    listed |= {f"{contents.VERSIONS}/{each.version:06}.json": each for each in others}
    held: dict[str, _Data] = {
        member: _json(_formed(contents.VERSION, each.to_dict(), folder, home.MANIFEST))
        for member, each in listed.items()
    }
    for name, form in DATASET_FILES.items():
        if (folder / name).is_file():
            held[f"{contents.DATASET}/{name}"] = _checked(folder, name, form)
    pictures = _pictures(folder, every)
    weights = _weights(folder, runs)
    held |= {f"{contents.WEIGHTS}/{own.digest}.h5": home.own_weights(own.digest) for own in weights}
    places = {run.id: place for place, run in enumerate(runs, 1)}
    for run, place in zip(runs, places.values(), strict=True):
        if not _belongs(run, dataset_id):
            raise UserError("Expected finished runs of this data set. Choose others.")
        held |= {f"{contents.RUNS}/{place}/{name}": data for name, data in _files_of(run).items()}
    comparisons = dict.fromkeys(found for run in runs if (found := _comparison(run)))
    compared = {found: number for number, found in enumerate(comparisons, 1)}
    told: dict[str, Any] = {
        "thaw": contents.KIND,
        "format": contents.FORMAT,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": f"Thaw {installation.version()}",
        "name": current.name,
        "dataset": {
            "classes": current.counts,
            "pictures": len(pictures),
            "version": current.version,
            "versions": sorted(each.version for each in every),
            "last": store.last(folder),
        },
        "runs": [_described(run, places, compared) for run in runs],
        "weights": [
            {"digest": e.digest, "name": e.name, "backbone": e.backbone, "alpha": e.alpha}
            for e in weights
        ],
        "files": {member: _fingerprint(data) for member, data in held.items()},
    }
    size = sum(int(each["bytes"]) for each in told["files"].values())
    size += sum(path.stat().st_size for path in pictures.values())
    return Project(current.name, len(pictures), len(runs), size, _pieces(told, held, pictures))


def _comparison(run: Run) -> str | None:
    """The id that all runs of one comparison of backbones share."""
    found = read_facts(run.folder, home.SETTINGS).get("comparison")
    return found if isinstance(found, str) else None


def _described(run: Run, places: dict[str, int], compared: dict[str, int]) -> dict[str, Any]:
    results, settings = run.results() or {}, run.settings
    return {
        "folder": places[run.id],
        "created": run.created,
        "after": places.get(run.after or ""),
        "comparison": compared.get(_comparison(run) or ""),
        # For people who look into the file; opening goes by the run's own files.
        "name": run.name,
        "version": run.version,
        "backbone": settings.backbone,
        "frozen_layers": settings.frozen_layers,
        "accuracy": results.get("accuracy"),
    }


def _pictures(folder: Path, every: Sequence[Dataset]) -> dict[str, Path]:
    """Where each picture of some versions lies, by its digest."""
    found: dict[str, Path] = {}
    for dataset in every:
        for record in dataset.records:
            path = found[record.digest] = image_files.original(folder, record.digest)
            if not path.is_file():
                raise UserError(
                    "The image “{file}” is gone from the data set. Delete it there, then save the "
                    "rest.",
                    file=record.file,
                )
    return found


def _weights(folder: Path, runs: Sequence[Run]) -> list[own_weights.OwnWeights]:
    """The weights files that somebody brought and that these runs, or the next one, start from."""
    wanted = {run.settings.weights for run in runs}
    if (folder / home.CHOICE).is_file():
        wanted.add(str(dict(files.read_json(folder / home.CHOICE)).get("weights")))
    return [own for own in own_weights.every() if own.digest in wanted - {IMAGENET, RANDOM}]


def _files_of(run: Run) -> dict[str, _Data]:
    """What goes along of a run, by the name of each file."""
    sealed = _sealed(run.settings)
    if sealed:
        raise UserError(
            "The run “{name}” cannot go into a project: {backbone} is a TensorFlow Hub module, a "
            "program that nobody can check. Leave this run out.",
            name=run.name,
            backbone=sealed,
        )
    found: dict[str, _Data] = {}
    for name, kept in RUN_FILES.items():
        if not (run.folder / name).is_file():
            if kept.needed:
                raise damaged(run.folder, name)
            continue
        if name == home.PROGRESS:
            found[name] = b"".join(map(EventLog.line, _events(run)))
        elif kept.form is None:
            found[name] = run.folder / name
        else:
            found[name] = _checked(run.folder, name, kept.form)
    return found


def _sealed(settings: TrainingSettings) -> str:
    """The title of a run's backbone, if it is sealed; else empty."""
    try:
        backbone = backbone_of(settings)
    except UserError:  # a module that was taken out of the catalogue since: its model is sealed
        return settings.backbone
    return backbone.title if backbone.sealed else ""


def _events(run: Run) -> Iterator[dict[str, Any]]:
    """What a run's log says, without where it was at work."""
    for event in run.log.read()[0]:
        form = contents.EVENTS.get(event["event"])
        if form is not None:
            try:
                yield contents.EVENT(event) | form(event)
            except ValueError as error:
                raise damaged(run.folder, home.PROGRESS) from error


def _checked(folder: Path, name: str, form: Form) -> bytes:
    """A JSON file with what the table says of it and nothing else."""
    try:
        value = files.read_json(folder / name)
    except ValueError as error:
        raise damaged(folder, name) from error
    return _json(_formed(form, value, folder, name))


def _formed(form: Form, value: Any, folder: Path, name: str) -> Any:
    """A value as opening will find it in JSON."""
    try:
        return form(parsed(_json(value)))
    except ValueError as error:
        raise damaged(folder, name) from error


def _json(value: Any) -> bytes:
    if isinstance(value, dict):
        value = {"format": home.FORMAT, **value}
    return json.dumps(saying.packed(value), ensure_ascii=False, indent=1).encode()


def _fingerprint(data: _Data) -> dict[str, Any]:
    """Size and SHA-256 of a file."""
    if isinstance(data, bytes):
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    with data.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def _pieces(
    told: dict[str, Any], held: dict[str, _Data], pictures: dict[str, Path]
) -> Iterator[bytes]:
    outlet = packing.Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        _put(archive, contents.MANIFEST, _json(told))
        yield outlet.take()
        for name, data in held.items():
            if isinstance(data, bytes):
                _put(archive, name, data)
                yield outlet.take()
                continue
            expected = told["files"][name]
            info = zipfile.ZipInfo(name, _MADE)
            info.file_size = expected["bytes"]  # so that zipfile knows whether 32 bits will do
            seen = hashlib.sha256()
            with archive.open(info, "w") as member, data.open("rb") as file:
                while piece := file.read(_PIECE):
                    seen.update(piece)
                    member.write(piece)
                    yield outlet.take()
            if seen.hexdigest() != expected["sha256"]:
                raise UserError("A run was changed while it was saved. Save the project again.")
        for digest, path in pictures.items():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise UserError("A picture was changed on the disk. Import the data set again.")
            archive.writestr(zipfile.ZipInfo(f"{contents.PICTURES}/{digest}", _MADE), data)
            yield outlet.take()
    yield outlet.take()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _MADE), data, zipfile.ZIP_DEFLATED)
