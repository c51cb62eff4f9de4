"""Saves a data set and runs of it as one file, made while it is sent: see `contents`.

Saved are a data set's versions with their pictures, what people have set and marked, and of each
run what `contents.RUN_FILES` names. Where and when on this computer a run was at work stays here,
and so do places, serial numbers and names in pictures, unless they are to leave as they are.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from core import installation, saying
from core.backbones.catalogue.rows import BACKBONES, backbone_of
from core.backbones.weights import own_weights
from core.datasets import packing, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.projects import contents, leaving
from core.projects.contents import DATASET_FILES, RUN_FILES
from core.projects.leaving import Leaving, Pictures, Report
from core.projects.typed import Form, parsed
from core.settings import IMAGENET, RANDOM
from core.storage import files, home
from core.storage.events import EventLog
from core.storage.runs import Run, all_runs, damaged, read_facts

_MADE = (1980, 1, 1, 0, 0, 0)  # the same project makes the same file, but for when it was saved
_PIECE = 1 << 20  # bytes that are read at once
_Data = bytes | Path | Callable[[], Iterator[bytes]]  # or what makes it, the same each time
# What tells of single pictures, for whoever has them; a run that leaves without any needs none.
_OF_PICTURES = (home.JUDGED, home.CHECKPOINT)


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


def runs_of(dataset: Path) -> list[Run]:
    """The runs that can be saved with a data set, newest first: they have learned and ended."""
    return [run for run in all_runs(home.space_of(dataset)) if _belongs(run, dataset)]


def _belongs(run: Run, dataset: Path) -> bool:
    try:
        learned = run.has_model or (is_sealed(run) and run.results() is not None)
        return run.dataset_folder == dataset and learned and run.state().status.final
    except UserError:
        return False  # a damaged run: its own card says so


def is_sealed(run: Run) -> bool:
    """Whether a run's model holds a TensorFlow Hub module: a program, which nobody can check.

    Such a run leaves without its model.

    Raises:
        UserError: It is damaged.
    """
    try:
        return backbone_of(run.settings).sealed
    except UserError:
        return run.settings.backbone not in BACKBONES  # a module that was removed since


def project(
    folder: Path,
    runs: Sequence[Run],
    *,
    versions: bool = True,
    pictures: Pictures = Pictures.STRIPPED,
    report: Report = lambda *_: None,
) -> Project:
    """Get a project ready. What it needs is looked for now, before anything is sent.

    Args:
        folder: The folder of a stored data set.
        runs: Some of `runs_of`.
        versions: Whether earlier versions of the data set go along, with their pictures.
        pictures: How the pictures leave. With none, the data set is empty classes, and of the runs
            goes along what does not tell of single pictures.
        report: Told pictures that were looked at, and in total; what it raises ends the work.

    Raises:
        UserError: The data set or a picture is gone, a picture cannot be stripped, or a run is
            damaged or cannot be saved.
    """
    every = _versions(folder, versions=versions and pictures is not Pictures.NONE)
    last = store.last(folder)
    if pictures is Pictures.NONE:
        last += 1
        every = [leaving.without_pictures(every[0], last)]
    left = leaving.leaving(folder, every, pictures, report)
    names = leaving.renames(every, left)
    every = [leaving.as_they_leave(each, left) for each in every]
    current, *others = every
    listed = {f"{contents.DATASET}/{home.MANIFEST}": current}
    listed |= {f"{contents.VERSIONS}/{each.version:06}.json": each for each in others}
    held: dict[str, _Data] = {
        member: _json(_formed(contents.VERSION, each.to_dict(), folder, home.MANIFEST))
        for member, each in listed.items()
    }
    for name, form in DATASET_FILES.items():
        if (folder / name).is_file() and (pictures is not Pictures.NONE or name == home.CHOICE):
            held[f"{contents.DATASET}/{name}"] = _checked(folder, name, form, names)
    weights = _weights(folder, runs)
    space = home.space_of(folder)
    held |= {
        f"{contents.WEIGHTS}/{own.digest}.h5": space.own_weights(own.digest) for own in weights
    }
    places = {run.id: place for place, run in enumerate(runs, 1)}
    for run, place in zip(runs, places.values(), strict=True):
        if not _belongs(run, folder):
            raise UserError("Expected finished runs of this data set. Choose others.")
        of_run = _files_of(run, names, alone=pictures is Pictures.NONE)
        held |= {f"{contents.RUNS}/{place}/{name}": data for name, data in of_run.items()}
    comparisons = dict.fromkeys(found for run in runs if (found := _comparison(run)))
    compared = {found: number for number, found in enumerate(comparisons, 1)}
    go_along = {each.digest: each for each in left.values()}
    told: dict[str, Any] = {
        "thaw": contents.KIND,
        "format": contents.FORMAT if any(map(is_sealed, runs)) else contents.WITH_EVERY_MODEL,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": f"Thaw {installation.version()}",
        "name": current.name,
        "dataset": {
            "classes": current.counts,
            "pictures": len(go_along),
            "leave": pictures,
            "version": current.version,
            "versions": sorted(each.version for each in every),
            "last": last,
        },
        "runs": [_described(run, places, compared) for run in runs],
        "weights": [
            {"digest": e.digest, "name": e.name, "backbone": e.backbone, "alpha": e.alpha}
            for e in weights
        ],
        "files": {member: _fingerprint(data) for member, data in held.items()},
    }
    size = sum(int(each["bytes"]) for each in told["files"].values())
    size += sum(each.size for each in go_along.values())
    pieces = _pieces(told, held, go_along)
    return Project(current.name, len(go_along), len(runs), size, pieces)


def _versions(folder: Path, *, versions: bool) -> list[Dataset]:
    """The version at hand, and the others where they are wanted."""
    current = store.load(folder)
    if not versions:
        return [replace(current, before=None)]
    numbers = [number for number in store.versions(folder) if number != current.version]
    return [current, *(store.load(folder, number) for number in numbers)]


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
        "model": not is_sealed(run),
        # For people who look into the file; opening goes by the run's own files.
        "name": run.name,
        "version": run.version,
        "backbone": settings.backbone,
        "frozen_layers": settings.frozen_layers,
        "accuracy": results.get("accuracy"),
    }


def _weights(folder: Path, runs: Sequence[Run]) -> list[own_weights.OwnWeights]:
    """The weights files that somebody brought and that these runs, or the next one, start from."""
    wanted = {run.settings.weights for run in runs}
    if (folder / home.CHOICE).is_file():
        wanted.add(str(dict(files.read_json(folder / home.CHOICE)).get("weights")))
    every = own_weights.every(home.space_of(folder))
    return [own for own in every if own.digest in wanted - {IMAGENET, RANDOM}]


def _files_of(run: Run, names: Mapping[str, str], *, alone: bool) -> dict[str, _Data]:
    """What goes along of a run, by the name of each file.

    Args:
        run: It.
        names: The digests of pictures that leave as others.
        alone: Whether no picture goes along.
    """
    found: dict[str, _Data] = {}
    for name, kept in RUN_FILES.items():
        if name == home.MODEL and is_sealed(run):
            continue
        if not (run.folder / name).is_file():
            if kept.needed:
                raise damaged(run.folder, name)
            continue
        if name == home.PROGRESS:
            found[name] = b"".join(map(EventLog.line, _events(run)))
        elif alone and name in _OF_PICTURES:
            continue
        elif names and name in contents.ARRAYS:
            found[name] = partial(_arrays, run.folder, name, names)
        elif kept.form is None:
            found[name] = run.folder / name
        else:
            found[name] = _checked(run.folder, name, kept.form, names, alone=alone)
    return found


def _arrays(folder: Path, name: str, names: Mapping[str, str]) -> Iterator[bytes]:
    try:
        yield from leaving.arrays_renamed(folder / name, names)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise damaged(folder, name) from error


def _events(run: Run) -> Iterator[dict[str, Any]]:
    """What a run's log says, without where it was at work."""
    for event in run.log.read()[0]:
        form = contents.EVENTS.get(event["event"])
        if form is not None:
            try:
                yield contents.EVENT(event) | form(event)
            except ValueError as error:
                raise damaged(run.folder, home.PROGRESS) from error


def _checked(
    folder: Path, name: str, form: Form, names: Mapping[str, str], *, alone: bool = False
) -> bytes:
    """A JSON file with what the table says of it and nothing else; the rest as `_files_of`."""
    try:
        value = files.read_json(folder / name)
    except ValueError as error:
        raise damaged(folder, name) from error
    found = leaving.renamed(_formed(form, value, folder, name), names)
    if alone and name == home.RESULTS:
        found |= {"mistakes": []}
        if "alone" in found:
            found["alone"] |= {"refused": [], "let_in": []}
    return _json(found)


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
    seen, size = hashlib.sha256(), 0
    for piece in _read(data):
        seen.update(piece)
        size += len(piece)
    return {"bytes": size, "sha256": seen.hexdigest()}


def _read(data: _Data) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, Path):
        with data.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    else:
        yield from data()


def _pieces(
    told: dict[str, Any], held: dict[str, _Data], pictures: Mapping[str, Leaving]
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
            with archive.open(info, "w") as member:
                for piece in _read(data):
                    seen.update(piece)
                    member.write(piece)
                    yield outlet.take()
            if seen.hexdigest() != expected["sha256"]:
                raise UserError("A run was changed while it was saved. Save the project again.")
        for digest, picture in pictures.items():
            name = f"{contents.PICTURES}/{digest}"
            archive.writestr(zipfile.ZipInfo(name, _MADE), picture.data())
            yield outlet.take()
    yield outlet.take()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _MADE), data, zipfile.ZIP_DEFLATED)
