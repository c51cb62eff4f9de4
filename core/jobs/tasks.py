"""What a worker process runs. Whatever is heavy is imported here, when it is first needed."""

import importlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import StopRequested, UserError
from core.intake import room
from core.intake.pictures.preparation import Preparation
from core.jobs.job import DIED, Job, Kind
from core.results.prediction import Prediction
from core.settings import Grouping, SplitSettings
from core.storage import home, incidents
from core.storage.progress import StageReporter
from core.storage.runs import Run, Stage

if TYPE_CHECKING:
    from core.intake.layouts.labelling import Reading

Answer = TypeVar("Answer")

HEAVY: dict[Kind, tuple[str, ...]] = {
    Kind.TRAINING: ("core.training.fit", "core.network.classifier", "core.results.predictor"),
    Kind.READING: ("core.datasets.additions", "core.datasets.samples.samples"),
    Kind.PREDICTION: ("core.results.predictor",),  # needs no TensorFlow, see `train`
    Kind.CHECKING: (),  # seldom asked, and small until then
}
LIKENESS = "likeness.json"
_FILES_AT_ONCE = 8
_loading = threading.Lock()


class JobFailed(UserError):
    """Something unexpected went wrong in a worker, and is in its log under an incident's id.

    Attributes:
        sentence: What to show.
        incident: The id, where there is one.
    """

    def __init__(self, sentence: str, incident: str | None = None) -> None:
        super().__init__(sentence, incident)
        self.sentence = sentence
        self.incident = incident

    def __str__(self) -> str:
        return self.sentence


def warm_up(kind: str) -> None:
    """Import what this kind of work needs, before somebody waits for it.

    Nothing is raised: the first job meets the same error and tells it.
    """
    try:
        load(Kind(kind))
    except Exception as error:
        incidents.record(error)


def load(kind: Kind) -> None:
    """Import what a kind of work needs, one thread at a time.

    Two threads that import one large package from different ends can see half of it.
    """
    with _loading:
        for name in HEAVY[kind]:
            importlib.import_module(name)


def train(run_folder: str, dataset_folder: str) -> None:
    """Train a run on a stored data set. A failure is told in the run's log, not raised."""
    job = Job(Kind.TRAINING, Path(run_folder))

    def work() -> None:
        if not Path(dataset_folder).is_dir():
            raise UserError("The data set of this run has been deleted. Choose another one.")
        load(Kind.TRAINING)
        from core.datasets.feed import StoredFeed
        from core.jobs.crew import Crew
        from core.results.predictor import of_run
        from core.training import fit

        Run.open(job.folder)
        dataset = Path(dataset_folder)
        crew = Crew(run, dataset, help_out)
        results = fit.train(run, StoredFeed(dataset, run.version), crew)
        resumed = run.turn != job.state().turn  # then the next turn makes a model of its own
        if results["best_epoch"] is not None and run.has_model and not resumed:
            job.finishing(Stage.COMPILING)
            of_run(run.folder)  # compiled now, so that the first picture need not wait for it

    if job.folder.is_dir():
        run = Run(job.folder)
        run.turn  # noqa: B018 - it may be resumed while this still works
        with _memory_given_back():
            perform(job, work)


def help_out(run_folder: str, dataset_folder: str, part: int, parts: int) -> None:
    """Run one part of a training's images through its frozen part, while another worker trains it.

    Raises:
        UserError: The run or the data set is gone.
        JobFailed: Anything else; it is in the log.
    """

    def work() -> None:
        load(Kind.TRAINING)
        from core.datasets.feed import StoredFeed
        from core.training import fit

        run = Run.open(Path(run_folder))
        fit.help_out(run, StoredFeed(Path(dataset_folder), run.version), part, parts)

    with _memory_given_back():
        _answered(work)


def import_dataset(
    folder: str,
    path: str,
    name: str,
    split: dict[str, Any],
    reading: dict[str, Any] | None = None,
    preview: bool = False,
) -> None:
    """Read an upload into a data set's folder. A failure is told in its log, not raised.

    Args:
        folder: The data set's.
        path: The upload.
        name: What the user calls it.
        split: How it is divided.
        reading: How its paths become classes, if somebody has said so.
        preview: Nothing is read yet: what would come out of `reading` is asked about.
    """
    job = Job(Kind.READING, Path(folder))
    order = {
        "path": Path(path).relative_to(home.uploads()).as_posix(),
        "name": name,
        "split": split,
    }

    def work() -> None:
        load(Kind.READING)
        from core.intake.layouts.labelling import Reading, Unclear

        said = Reading.from_dict(reading) if reading else None
        try:
            _read(job, Path(path), name, SplitSettings(**split), said, preview)
        except Unclear as unclear:
            job.ask(unclear.to_dict() | {"order": order})

    perform(job, work)


def import_sample(folder: str, sample_name: str) -> None:
    """Draw a starter set and read it as if it had been uploaded."""
    job = Job(Kind.READING, Path(folder))
    drawn = home.uploads() / job.folder.name

    def work() -> None:
        load(Kind.READING)
        from core.datasets.samples import samples

        samples.write(sample_name, drawn, partial(_go_on, job))
        _read(job, drawn, sample_name, SplitSettings())

    perform(job, work)


def _read(
    job: Job,
    path: Path,
    name: str,
    split: SplitSettings,
    reading: "Reading | None" = None,
    preview: bool = False,
) -> None:
    load(Kind.READING)
    from core.datasets import store
    from core.intake.archives import archive
    from core.intake.layouts import layout

    report = StageReporter(job.log, "reading", lambda: job.stop_requested)
    with closing(archive.open_source(path, name, partial(_go_on, job), reading)) as source:
        if preview:
            raise layout.preview(source)
        found = layout.place(source, grouped=split.group_by is Grouping.FOLDER)
        job.log.append("understood", read_as=found.told())
        source.reading = found.reading
        store.import_dataset(source, job.folder, split=split, name=name, report=report)


def _go_on(job: Job, *_: int) -> None:
    """Told of work done in part: ends it where the user has stopped the job."""
    if job.stop_requested:
        raise StopRequested


def perform(job: Job, work: Callable[[], None]) -> None:
    """Do a job and see to it that its log tells how it ended.

    Dask gives a dead worker's job to the next worker. A job that has begun once is never run
    again: its log says so, whatever Dask thinks.
    """
    if not job.folder.is_dir():
        return  # deleted while it waited
    state = job.state()
    if state.status.final:
        return
    if state.started is not None:
        job.lose(DIED[job.kind], state.turn)
        return
    if job.stop_requested:
        job.stopped()
        return
    job.log.append("started", host=socket.gethostname(), pid=os.getpid())
    end: Callable[..., None]
    try:
        work()
    except StopRequested:
        end = job.stopped
    except UserError as error:
        end = partial(job.fail, str(error))
    except Exception as error:
        if not job.folder.is_dir():
            return  # deleted meanwhile
        end = partial(job.fail, sentence_of(error), incidents.record(error))
    else:
        end = job.finish
    end(turn=state.turn)  # it may be queued again by now
    if job.kind is Kind.TRAINING:
        job.released()


def predict(run_folder: str, paths: list[str], top: int) -> list[Prediction]:
    """What a run's model sees in each picture.

    Raises:
        UserError: The run has no model, or a file is not there.
        JobFailed: Anything else; it is in the log.
    """

    def work() -> list[Prediction]:
        load(Kind.PREDICTION)
        from core.results import predictor

        answers: list[Prediction] = []
        for first in range(0, len(paths), _FILES_AT_ONCE):
            some = [Path(path) for path in paths[first : first + _FILES_AT_ONCE]]
            answers += _seen(some, lambda files: predictor.predict(Path(run_folder), files, top))
        return answers

    return _answered(work)


def _seen(
    paths: list[Path], look_at: Callable[[list[tuple[str, bytes]]], list[Prediction]]
) -> list[Prediction]:
    """What is seen in some files; what is too large for a picture is not read."""
    from core.intake.archives import archive

    refused: dict[Path, Prediction] = {}
    for path in paths:
        try:
            archive.refuse_large(path.stat().st_size)
        except archive.UnreadableMember as error:
            refused[path] = Prediction(path.name, error=str(error))
    files = [(path.name, path.read_bytes()) for path in paths if path not in refused]
    seen = iter(look_at(files))
    return [refused.get(path) or next(seen) for path in paths]


def look(
    backbone: str, alpha: float, paths: list[str], top: int, preparation: Preparation
) -> list[Prediction]:
    """What an untouched network sees in each picture; its 1000-class head must be here.

    Raises:
        UserError: There is no such backbone, or its head is not here.
        JobFailed: Anything else; it is in the log.
    """

    def work() -> list[Prediction]:
        load(Kind.PREDICTION)
        from core.backbones.catalogue.rows import backbone_named
        from core.results import untouched

        chosen = backbone_named(backbone, alpha)
        some = [Path(path) for path in paths]
        return _seen(some, lambda files: untouched.look(chosen, files, top, preparation))

    return _answered(work)


def survey(dataset_folder: str) -> None:
    """Measure how like ImageNet's photos a data set is, and leave it in its folder.

    Raises:
        UserError: The data set is gone.
        JobFailed: Anything else; it is in the log.
    """

    def work() -> None:
        load(Kind.READING)
        from core.advice import survey as surveying
        from core.datasets import store
        from core.datasets.feed import StoredFeed

        folder = Path(dataset_folder)
        changed = store.changed_at(folder)
        _, found = surveying.measure(StoredFeed(folder), lambda *_: None)
        store.load(folder)  # deleted meanwhile, it must not come back
        if store.changed_at(folder) == changed:  # else it is asked again, of other pictures
            home.write_json(folder / LIKENESS, found.to_dict())

    _answered(work)


def probe(dataset_folder: str, settings: dict[str, Any], result: str) -> None:
    """Measure what a training would take, and leave it in a file, unless somebody trains meanwhile.

    Raises:
        UserError: The data set is gone, or the settings cannot be used.
        JobFailed: Anything else; it is in the log.
    """

    def work() -> None:
        before = _touched(probes_end())
        if Path(result).is_file():  # somebody else wanted to know the same
            return
        from core.jobs.probing import probe_apart

        def go_on() -> None:
            if _touched(probes_end()) != before:
                raise StopRequested

        with suppress(StopRequested):
            home.write_json(Path(result), probe_apart(Path(dataset_folder), settings, go_on))

    _answered(work)


def probes_end() -> Path:
    """A file that is touched where Train is pressed: probes that began before are unwanted."""
    return home.cache() / "probes-end"


def _touched(path: Path) -> int:
    """When a file was touched last, in nanoseconds; 0 where it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


@contextmanager
def _memory_given_back() -> Iterator[None]:
    """The process goes on to the next training, and is measured first."""
    try:
        yield
    finally:
        from core.jobs import memory

        memory.give_back()


def _answered(work: Callable[[], Answer]) -> Answer:
    """Do what somebody waits for; what nobody expected is logged and told plainly."""
    try:
        return work()
    except UserError:
        raise
    except Exception as error:
        raise JobFailed(sentence_of(error), incidents.record(error)) from None


def sentence_of(error: Exception) -> str:
    """What a user is told of an unexpected error."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "There was not enough memory. Try a smaller batch, backbone or data set."
    return room.told(error) or (
        "Something went wrong that Thaw did not expect. The details are in its log."
    )
