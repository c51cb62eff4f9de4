"""Opens a project file, which may come from anybody, as a data set and runs of this computer.

Nothing of it becomes a path: folders get ids of their own, pictures lie under digests that were
computed here, and the other files are those of a table (`contents`). Every JSON file is written
anew from what its form lets through. Nothing counts before the data set's manifest is written;
runs wait in its folder until then, and `settle` moves them to their place.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from core import apart
from core.backbones.catalogue.rows import backbone_named
from core.backbones.weights import own_weights
from core.datasets import image_files, store
from core.datasets.dataset import Dataset, Decoded, Record
from core.errors import UserError
from core.intake import room
from core.intake.archives import zip_safety
from core.intake.archives.refusals import damaged, refuse_many
from core.intake.limits import Limits
from core.intake.parallel import in_order, threads_for_pictures
from core.intake.pictures import images
from core.projects import contents, leaving, models
from core.projects.contents import DATASET_FILES, RUN_FILES
from core.projects.typed import parsed
from core.saying import Sentence, say
from core.settings import TrainingSettings
from core.storage import files, home, own_names
from core.storage.events import EventLog
from core.storage.home import Space
from core.storage.runs import Run, all_runs

_PIECE = 1 << 20
_MEMORY = 24 << 30  # bytes of address space; TensorFlow reserves some that it never uses

# What zipfile raises at damaged members.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Opened:
    """What came of a project.

    Attributes:
        dataset: The id of the data set that it is now.
        name: What that is called.
        runs: The ids of its runs, those that were here already among them.
        new_runs: How many were not.
        there: Whether the data set was here already, picture for picture.
    """

    dataset: str
    name: str
    runs: tuple[str, ...]
    new_runs: int
    there: bool


def is_project(path: Path) -> bool:
    """Whether a file is a project; its name plays no part.

    What only looks like one is refused when it is opened.
    """
    if not path.is_file() or not zip_safety.has_end(path):
        return False
    try:
        zip_safety.check_end(path, "")
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(contents.MANIFEST)
            if info.file_size > contents.JSON_BYTES:
                return False
            with archive.open(info) as file:
                told = parsed(file.read(contents.JSON_BYTES))
    except (UserError, KeyError, ValueError, OSError, EOFError, RuntimeError, zlib.error,
            zipfile.BadZipFile, NotImplementedError):  # fmt: skip
        return False  # what opens it as an archive says what is wrong
    return isinstance(told, dict) and told.get("thaw") == contents.KIND


def opened(folder: Path) -> Opened | None:
    """What came of a project that was opened in a data set's folder; None where none was."""
    try:
        told = contents.OPENED(files.read_json(folder / home.OPENED))
        return Opened(**told | {"runs": tuple(told["runs"])})
    except (OSError, ValueError, UserError):
        return None  # or damaged: it only tells where the data set came from


def open_project(space: Space, path: Path, name: str, report: Report) -> Opened:
    """Open a project as a data set and runs of a space, in this process.

    Args:
        space: Where to.
        path: The file.
        name: What the user calls it.
        report: As for `read`.

    Raises:
        UserError: As `read`.
    """
    space.datasets().mkdir(parents=True, exist_ok=True)
    with files.scratch(space.datasets()) as aside:
        aside.mkdir()
        folder = aside / home.new_id()
        found = read(path, name, folder, report, lambda: None)
        if not found.there:
            folder.replace(space.dataset(found.dataset))
    settle(space.dataset(found.dataset))
    return found


def read(path: Path, name: str, folder: Path, report: Report, go_on: Callable[[], None]) -> Opened:
    """Open a project in a folder for its data set.

    Args:
        path: The file.
        name: What the user calls it.
        folder: The data set's, in the space where it is opened, at its place or aside; it may hold
            the log of the job. Its name is the data set's id.
        report: Told pictures done and in total; raise StopRequested in it to stop.
        go_on: The same while models are looked at: called several times a second.

    Returns:
        What it is now. Where the very data set is here already, `folder` stays as it was. Runs
        are in place once `settle` was called.

    Raises:
        UserError: It is damaged, hostile, or made by a newer Thaw, or there is no room. Whatever
            is raised, nothing is left of it.
    """
    staged, weights = folder / home.OPENED_RUNS, list[str]()
    try:
        with closing(_Package(path, name)) as package:
            return _read(package, folder, staged, weights, report, go_on)
    except BaseException:
        for digest in weights:
            own_weights.delete(home.space_of(folder), digest)
        image_files.drop_all(folder)
        files.remove(staged)
        files.remove(folder / home.VERSIONS)
        for each in (*DATASET_FILES, home.OPENED, home.MANIFEST):
            (folder / each).unlink(missing_ok=True)
        raise


def _read(
    package: "_Package",
    folder: Path,
    staged: Path,
    weights: list[str],
    report: Report,
    go_on: Callable[[], None],
) -> Opened:
    versions = package.versions()
    current, space = versions[0], home.space_of(folder)
    there = _same(space, package, versions)
    room.check(package.bytes if there is None else package.bytes_of_runs)
    own = (there or folder).name
    name = store.load(there).name if there else _unused(current.name, _names(space))
    here = _runs_here(there) if there else {}
    folder.mkdir(parents=True, exist_ok=True)
    if there is None:
        _keep_pictures(package, folder, versions, report)
    found = [here.get(package.mark(place)) for place in package.runs]
    new = [place for place, known in zip(package.runs, found, strict=True) if known is None]
    # New ids rise with the places, which begin with the newest run.
    fresh = sorted((home.new_id() for _ in new), reverse=True)
    ids = dict(zip(new, fresh, strict=True))
    ids |= {p: known for p, known in zip(package.runs, found, strict=True) if known is not None}
    if new:
        staged.mkdir()
        taken = {own_name for run in all_runs(space) if (own_name := own_names.of(run.folder))}
        for place in new:
            package.write_run(place, staged / ids[place], own, name, ids, taken)
        _check_models(package, staged, new, ids, go_on)
    package.keep_weights(space, weights)
    runs = tuple(ids[place] for place in package.runs)
    found_here = Opened(own, name, runs, len(new), there is not None)
    files.write_json(folder / home.OPENED, asdict(found_here))
    if there is not None:
        if new:  # one step: they are all there, or none
            settle(there)
            staged.replace(there / home.OPENED_RUNS)
    else:
        for each in DATASET_FILES:
            package.write_dataset_file(each, folder)
        called = [replace(dataset, name=name) for dataset in versions]
        store.restore(folder, called[0], called[1:], package.told["dataset"]["last"])
    return found_here


def settle(dataset: Path) -> None:
    """Move the runs of a project to their place, once its data set is complete.

    Args:
        dataset: The data set's folder. One that an opening left behind as it was cut off is
            settled as well.
    """
    staged = dataset / home.OPENED_RUNS
    if not staged.is_dir() or not store.is_complete(dataset):
        return
    runs = home.space_of(dataset).runs()
    runs.mkdir(parents=True, exist_ok=True)
    for run in sorted(staged.iterdir()):
        if home.is_id(run.name) and not (runs / run.name).exists():
            run.replace(runs / run.name)
    files.remove(staged)


class _Package:
    """A project file whose list of members is known to be harmless and complete.

    Attributes:
        told: Its manifest.
        runs: The number of each run's folder.
        bytes: Of all its files.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self._zip = zip_safety.opened(path, name)
        try:
            self._infos, left_out = zip_safety.checked(self._zip, name, path.stat().st_size)
            self._look(left_out)
        except BaseException:
            self._zip.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def _look(self, left_out: Mapping[str, str]) -> None:
        if contents.MANIFEST not in self._infos:
            raise self.refused(say("it holds no list of its files"))
        told = self._json(contents.MANIFEST, lambda value: value)
        number = told.get("format") if isinstance(told, dict) else None
        if isinstance(number, int) and number > contents.FORMAT:
            raise UserError(
                "“{name}” was saved by a newer Thaw: its format is {format}, and this version "
                "reads up to {most}. Update Thaw to open it.",
                name=self._name,
                format=number,
                most=contents.FORMAT,
            )
        self.told: dict[str, Any] = self._formed(contents.MANIFEST, contents.PROJECT, told)
        self.runs = [each["folder"] for each in self.told["runs"]]
        self._listed: dict[str, dict[str, Any]] = self.told["files"]
        members = set(self._infos) - {contents.MANIFEST}
        pictures = {name for name in members if name.startswith(f"{contents.PICTURES}/")}
        if left_out or members - pictures != set(self._listed) or (
            set(self._listed) - set(self._expected())
        ):  # fmt: skip
            raise self.refused(say("it holds other files than its list says"))
        if any(self._infos[n].file_size != self._listed[n]["bytes"] for n in self._listed):
            raise self.refused(say("its files have other sizes than its list says"))
        self._comparisons: dict[int, str] = {}  # their ids here
        self._pictures = {name.partition("/")[2] for name in pictures}
        if not all(map(home.is_digest, self._pictures)):
            raise self.refused(say("it holds other files than its list says"))
        if len(set(self.runs)) != len(self.runs):
            raise self.refused(say("it lists a run twice"))
        self.bytes = sum(info.file_size for info in self._infos.values())
        self.bytes_of_runs = sum(
            self._infos[n].file_size for n in self._listed if not n.startswith(contents.DATASET)
        )

    def _expected(self) -> Iterator[str]:
        """The names of all files that this project may hold besides pictures."""
        yield f"{contents.DATASET}/{home.MANIFEST}"
        for number in self.told["dataset"]["versions"]:
            yield f"{contents.VERSIONS}/{number:06}.json"
        yield from (f"{contents.DATASET}/{name}" for name in DATASET_FILES)
        yield from (f"{contents.WEIGHTS}/{own['digest']}.h5" for own in self.told["weights"])
        for place in self.runs:
            yield from (f"{contents.RUNS}/{place}/{name}" for name in RUN_FILES)

    def refused(self, why: Sentence) -> UserError:
        """The error for a project that nobody saved like this."""
        return UserError(
            "“{name}” was refused as a project: {why}. Save it again where it was made.",
            name=self._name,
            why=why,
        )

    @contextmanager
    def _open(self, member: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(self._infos[member]) as file:
                yield file
        except _DAMAGE as error:
            raise damaged(self._name) from error

    def _bytes(self, member: str, most: int) -> bytes:
        """A member that fits into memory, if it is what the list says."""
        info = self._infos[member]
        if info.file_size > most:
            raise self.refused(say("one of its files is far larger than Thaw writes it"))
        with self._open(member) as file:
            data = file.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise damaged(self._name)
        listed = self._listed[member] if member != contents.MANIFEST else None
        if listed and hashlib.sha256(data).hexdigest() != listed["sha256"]:
            raise self.refused(say("a file in it is not the one that was saved"))
        return data

    def _json(self, member: str, form: Callable[[Any], Any]) -> Any:
        try:
            value = parsed(self._bytes(member, contents.JSON_BYTES))
            if isinstance(value, dict) and member != contents.MANIFEST:
                files.refuse_newer(value.pop("format", 1))
        except ValueError as error:
            raise self.refused(say("a file in it is not as Thaw writes it")) from error
        return self._formed(member, form, value)

    def _formed(self, member: str, form: Callable[[Any], Any], value: Any) -> Any:
        try:
            return form(value)
        except (ValueError, TypeError) as error:
            raise self.refused(say("a file in it is not as Thaw writes it")) from error

    def versions(self) -> list[Dataset]:
        """The versions of the data set, the one at hand first; everything in them fits together."""
        told = self.told["dataset"]
        found = [self._version(f"{contents.DATASET}/{home.MANIFEST}")]
        others = sorted(set(told["versions"]) - {told["version"]})
        found += [self._version(f"{contents.VERSIONS}/{number:06}.json") for number in others]
        numbers = [dataset.version for dataset in found]
        if numbers != [told["version"], *others] or told["last"] < max(numbers):
            raise self.refused(say("its versions are not those that its list says"))
        known = set(numbers)
        used = {record.digest for dataset in found for record in dataset.records}
        if used != self._pictures:
            raise self.refused(say("its pictures are not those that its data set needs"))
        sizes: dict[str, tuple[int, int, int]] = {}
        for dataset in found:
            refuse_many(self._name, len(dataset.records))
            for each in dataset.records:
                size = (each.width, each.height, each.bytes)
                if sizes.setdefault(each.digest, size) != size:
                    raise self.refused(say("a picture in it is not the one that was saved"))
            if dataset.before is not None and dataset.before not in known:
                raise self.refused(say("its versions are not those that its list says"))
        return found

    def _version(self, member: str) -> Dataset:
        if member not in self._infos:
            raise self.refused(say("its versions are not those that its list says"))
        values = self._json(member, contents.VERSION)
        try:
            dataset = Dataset.from_dict(values)
        except (KeyError, TypeError, ValueError, UserError) as error:
            raise self.refused(say("a file in it is not as Thaw writes it")) from error
        for unique in (dataset.classes, dataset.origins, [each.file for each in dataset.records]):
            if len(set(unique)) != len(unique):
                raise self.refused(say("its data set names something twice"))
        return dataset

    def picture(self, record: Record) -> bytes:
        """The bytes of a picture.

        Raises:
            UserError: They are not the picture's, or too many.
        """
        member = f"{contents.PICTURES}/{record.digest}"
        info = self._infos[member]
        if info.file_size > Limits.member_bytes:
            raise self.refused(say("one of its files is far larger than Thaw writes it"))
        with self._open(member) as file:
            data = file.read(info.file_size + 1)
        if len(data) != record.bytes or hashlib.sha256(data).hexdigest() != record.digest:
            raise self.refused(say("a picture in it is not the one that was saved"))
        return data

    def mark(self, place: int) -> str:
        """What a run is known by: SHA-256 of its model, or of its history where that is missing."""
        model, results = (f"{contents.RUNS}/{place}/{name}" for name in (home.MODEL, home.RESULTS))
        if model in self._listed:
            return str(self._listed[model]["sha256"])
        if results not in self._listed or self._has_model(place):
            raise self.refused(say("a run in it is not whole"))
        return _history_mark(self._json(results, contents.RESULTS))

    def _has_model(self, place: int) -> bool:
        return bool(self.told["runs"][self.runs.index(place)].get("model", True))

    def write_run(
        self,
        place: int,
        folder: Path,
        dataset: str,
        data_name: str,
        ids: Mapping[int, str],
        taken: set[str],
    ) -> None:
        """Write a run's folder; its model and arrays are not checked yet.

        Args:
            place: The number of its folder in the project.
            folder: Where to.
            dataset: The id of its data set.
            data_name: What that is called.
            ids: What the runs of this project are called here, by the number of their folders.
            taken: Names of runs that are taken; the run's own is added.
        """
        folder.mkdir()
        told = self.told["runs"][self.runs.index(place)]
        checked: dict[str, Any] = {}
        for name, kept in RUN_FILES.items():
            member = f"{contents.RUNS}/{place}/{name}"
            if member not in self._listed:
                if kept.needed and (name != home.MODEL or self._has_model(place)):
                    raise self.refused(say("a run in it is not whole"))
                continue
            if kept.form is not None:
                checked[name] = self._json(member, kept.form)
            elif name == home.PROGRESS:
                self._write_log(member, folder)
            else:
                self._copy(member, folder / name)
        settings = checked[home.SETTINGS]
        for each in ("settings", "chosen"):
            if settings.get(each) is not None:
                self._settings(settings[each])
        settings |= {"data": data_name, "dataset": dataset, "after": ids.get(told.get("after"))}
        self._check_results(checked[home.RESULTS], checked[home.MODEL_FACTS])
        if told.get("comparison") is not None:
            settings["comparison"] = self._comparisons.setdefault(told["comparison"], home.new_id())
        said = checked.get(home.NAME, {})
        if "name" in said:
            said["name"] = _unused(self._formed(home.NAME, _tidy, said["name"]), taken)
            taken.add(said["name"])
        for name, value in checked.items():
            files.write_json(folder / name, value)
        os.utime(folder / home.SETTINGS, (told["created"],) * 2)  # which says when it was made
        if not Run(folder).state().status.final:
            raise self.refused(say("a run in it has not ended"))

    def _settings(self, values: Mapping[str, Any]) -> None:
        try:
            TrainingSettings.from_dict(dict(values))
        except (UserError, TypeError, ValueError) as error:
            raise self.refused(say("a file in it is not as Thaw writes it")) from error

    def _check_results(self, results: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """See that lists which belong together have the same length and name the same classes."""
        classes = results["classes"]
        table = results["confusion"]
        named = {each[which] for each in results["mistakes"] for which in ("label", "predicted")}
        fits = (
            facts["classes"] == classes
            and len(set(classes)) == len(classes) == len(facts.get("origins", classes))
            and list(results["per_class"]) == classes
            and len(table) == len(classes)
            and all(len(each) == len(classes) for each in table)
            and named <= set(classes)
            and results["correct"] <= results["images"]
        )
        if not fits:
            raise self.refused(say("the results of a run in it do not fit together"))

    def _write_log(self, member: str, folder: Path) -> None:
        log = EventLog(folder / home.PROGRESS)
        lines = self._bytes(member, contents.JSON_BYTES).splitlines()
        with log.path.open("wb") as file:
            for line in lines:
                try:
                    event = parsed(line)
                    about = contents.EVENT(event)
                    about |= contents.EVENTS[about["event"]](event)
                except (ValueError, TypeError) as error:
                    raise self.refused(say("a file in it is not as Thaw writes it")) from error
                file.write(EventLog.line(about))

    def _copy(self, member: str, to: Path) -> None:
        """Write a large file as it is, if it is the one that was saved."""
        seen = hashlib.sha256()
        with self._open(member) as file, to.open("wb") as out:
            while piece := file.read(_PIECE):
                seen.update(piece)
                out.write(piece)
        if seen.hexdigest() != self._listed[member]["sha256"]:
            raise self.refused(say("a file in it is not the one that was saved"))

    def keep_weights(self, space: Space, new: list[str]) -> None:
        """Keep the weights files that its runs start from, as if somebody had brought them.

        Args:
            space: Where.
            new: The digests of those that were not here before are added.
        """
        for own in self.told["weights"]:
            member = f"{contents.WEIGHTS}/{own['digest']}.h5"
            if member not in self._listed or space.own_weights(own["digest"]).is_file():
                continue
            space.weights().mkdir(parents=True, exist_ok=True)
            with files.scratch(space.weights()) as aside:
                self._copy(member, aside)
                backbone = backbone_named(own["backbone"], own["alpha"])
                new.append(own_weights.keep(space, aside, own["name"], backbone).digest)
            if new[-1] != own["digest"]:
                raise self.refused(say("a file in it is not the one that was saved"))

    def write_dataset_file(self, name: str, folder: Path) -> None:
        """Write what people have set or marked, if the project holds that."""
        member = f"{contents.DATASET}/{name}"
        if member in self._listed:
            value = self._json(member, DATASET_FILES[name])
            if name == home.CHOICE:
                self._settings(value)
            files.write_json(folder / name, value)


def _keep_pictures(
    package: _Package, folder: Path, versions: Sequence[Dataset], report: Report
) -> None:
    """Decode every picture once, as any that comes in, and keep it."""
    current = versions[0]
    every = {record.digest: record for dataset in versions for record in dataset.records}
    here = _pictures_here(home.space_of(folder), set(every))
    total = len(every)
    report(0, total)

    def one(record: Record) -> None:
        data = package.picture(record)
        try:
            picture = images.picture(data, image_files.THUMBNAIL, current.preparation)
        except images.UnreadableImage as error:
            raise UserError(
                "Expected a picture in every place of the project, but “{file}” is {error}.",
                file=record.file,
                error=error.said,
            ) from error
        if (picture.width, picture.height) != (record.width, record.height):
            raise package.refused(say("a picture in it is not the one that was saved"))
        keep(Decoded(record.file, record.digest, record.label, data, picture.image))

    with (
        image_files.keeping(folder, here) as keep,
        closing(in_order(one, every.values(), threads_for_pictures())) as kept,
    ):
        for done, _ in enumerate(kept, 1):
            report(done, total)
    for dataset in versions[1:]:  # thumbnails for undo, where pictures were read in another way
        if dataset.preparation.key != current.preparation.key:
            aside = image_files.thumbnails_aside(folder, dataset.preparation)
            image_files.draw_again(
                folder, dataset.records, dataset.preparation, aside, lambda *_: report(total, total)
            )


def _check_models(
    package: _Package,
    staged: Path,
    new: Sequence[int],
    ids: Mapping[int, str],
    go_on: Callable[[], None],
) -> None:
    """See that the models and arrays of runs can be used, in a separate process."""
    told: list[tuple[Path, int, int]] = []
    arrays: list[Path] = []
    for place in new:
        run = staged / ids[place]
        facts = files.read_json(run / home.MODEL_FACTS)
        if (run / home.MODEL).is_file():
            told.append(((run / home.MODEL).absolute(), len(facts["classes"]), facts["input_size"]))
        arrays += [(run / each).absolute() for each in contents.ARRAYS if (run / each).is_file()]
    if not told and not arrays:
        return
    try:
        wrong = apart.run(partial(models.check_all, told, arrays), go_on, memory=_MEMORY)
    except RuntimeError as error:
        raise package.refused(say("the model of a run in it cannot be read")) from error
    for _, why in wrong:
        raise package.refused(say("the model of a run in it {why}", why=why))


def _same(space: Space, package: _Package, versions: Sequence[Dataset]) -> Path | None:
    """The folder of the data set that is this one: version for version, picture for picture.

    One that would leave as this one counts too, unless new runs come with it: they name pictures
    by other digests. Empty classes are the same only where a run of theirs is here.
    """
    runs = {package.mark(place) for place in package.runs}
    for folder in map(space.dataset, store.all_ids(space)):
        try:
            here = [store.load(folder), *(store.load(folder, e.version) for e in versions[1:])]
        except UserError:
            continue  # damaged, or without one of these versions
        if list(map(_outline, here)) != list(map(_outline, versions)):
            continue
        known = runs & _runs_here(folder).keys()
        if not versions[0].records and not known:
            continue
        if all(mine.records == other.records for mine, other in zip(here, versions, strict=True)):
            return folder
        if known == runs and leaving.is_the_same(folder, here, versions):
            return folder
    return None


def _outline(dataset: Dataset) -> object:
    """What two data sets have in common that differ only in how their files are written."""
    records = [(e.file, e.label, e.split, e.width, e.height) for e in dataset.records]
    return dataset.version, dataset.classes, dataset.origins, records


def _names(space: Space) -> set[str]:
    found = set()
    for folder in map(space.dataset, store.all_ids(space)):
        try:
            found.add(store.load(folder).name)
        except UserError:
            continue
    return found


def _unused(name: str, taken: set[str]) -> str:
    """This name, or with a number behind it."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: own_names.LONGEST - 8]} {number}"
    return found


def _tidy(name: str) -> str:
    try:
        return own_names.tidy(name)
    except UserError as error:
        raise ValueError(str(error)) from error


def _runs_here(dataset: Path) -> dict[str, str]:
    """The ids of the runs of a data set here, by every mark that a project may have for them."""
    found = {}
    for run in all_runs(home.space_of(dataset)):
        try:
            if run.dataset_folder != dataset:
                continue
            if run.has_model:
                with (run.folder / home.MODEL).open("rb") as file:
                    found[hashlib.file_digest(file, "sha256").hexdigest()] = run.id
            if run.results_path.is_file():
                found[_history_mark(contents.RESULTS(files.read_json(run.results_path)))] = run.id
        except (UserError, ValueError):
            continue  # a damaged one
    return found


def _history_mark(results: Mapping[str, Any]) -> str:
    """A digest of how a training went and what came of it; no two take the same time."""
    told = [results.get(each) for each in ("history", "seconds", "accuracy", "confusion")]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _pictures_here(space: Space, wanted: set[str]) -> dict[str, Path]:
    """The folder of a data set here that holds each of these pictures, where one does."""
    found: dict[str, Path] = {}
    for folder in map(space.dataset, store.all_ids(space)):
        found |= dict.fromkeys(image_files.stored(folder) & wanted, folder)
    return found
