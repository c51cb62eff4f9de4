"""What workers run. Whatever is heavy is imported here, when it is first needed.

A job's task gets the job; `worker.perform` sees to its log. A question's task returns an answer
and is listed in `KINDS`. To add either is to write one function here.
"""

import hashlib
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from core import apart
from core.backbones.catalogue.backbone import Backbone
from core.errors import StopRequested, UserError
from core.intake.layouts.labelling import Reading, Unclear
from core.intake.pictures.preparation import Preparation
from core.results.explaining.edges import Border
from core.results.explaining.explained import Neighbour, Why
from core.results.explaining.hiding import Hidden
from core.results.prediction import Prediction
from core.saying import joined, say
from core.settings import Grouping, SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.job import Job, Kind, Stage
from core.storage.progress import StageReporter
from core.storage.runs import Run

logger = logging.getLogger("thaw")

_SHOWN = 320  # pixels of a mistake's picture
_GRACE = 1.0  # seconds for a process to keep what it has made
_LAST = 19  # the niceness of what comes after everything else
_FRAME_PIXELS = 4_000_000  # of a camera's frame; a page sends some 100,000


def train(run: Run, dataset: Path) -> None:
    """Train a run on a stored data set."""
    if not dataset.is_dir():
        raise UserError("The data set of this run has been deleted. Choose another one.")
    from core.datasets.feed import StoredFeed
    from core.jobs.crew import Crew
    from core.training import fit

    Run.open(run.folder)
    crew = Crew(run, dataset, help_out)
    fit.train(run, StoredFeed(dataset, run.version), crew, ready=True)


def help_out(folder: Path, dataset: Path, part: int, parts: int) -> None:
    """Run one part of a training's images through its frozen part, while another worker trains it.

    Raises:
        UserError: The run or the data set is gone.
    """
    from core.datasets.feed import StoredFeed
    from core.training import fit

    run = Run.open(folder)
    fit.help_out(run, StoredFeed(dataset, run.version), part, parts)


def import_dataset(
    job: Job,
    path: Path,
    name: str,
    split: SplitSettings,
    reading: Reading | None = None,
    *,
    preview: bool = False,
) -> None:
    """Read an upload into a data set's folder, or ask how.

    Args:
        job: Its folder is the data set's.
        path: The upload.
        name: What the user calls it.
        split: How it is divided.
        reading: How its paths become classes, if somebody has said so.
        preview: Nothing is read yet: what would come out of `reading` is asked about.
    """
    from core.projects import opening

    if opening.is_project(path):
        _open_project(job, path, name)
        return
    try:
        _read(job, path, name, split, reading, preview)
    except Unclear as unclear:
        below = path.relative_to(job.space.uploads()).as_posix()
        order = {"path": below, "name": name, "split": asdict(split)}
        job.ask(unclear.to_dict() | {"order": order})


def _open_project(job: Job, path: Path, name: str) -> None:
    from core.projects import opening

    job.log.append("understood", read_as=say("This is a project that was saved with Thaw."))
    networks = _reporter(job, Stage.PROVING)
    found = opening.read(
        path, name, job.folder, _reporter(job, Stage.READING), lambda: networks(0, 1)
    )
    opening.settle(job.space.dataset(found.dataset))


def import_sample(job: Job, sample_name: str) -> None:
    """Draw a starter set and read it as if it had been uploaded."""
    from core.datasets.samples import samples

    drawn = job.space.uploads() / job.folder.name
    samples.write(sample_name, drawn, partial(_go_on, job))
    _read(job, drawn, sample_name, SplitSettings())


def _read(
    job: Job,
    path: Path,
    name: str,
    split: SplitSettings,
    reading: Reading | None = None,
    preview: bool = False,
) -> None:
    from core.datasets import store
    from core.intake.archives import archive
    from core.intake.layouts import layout

    with closing(archive.open_source(path, name, partial(_go_on, job), reading)) as source:
        if preview:
            raise layout.preview(source)
        found = layout.place(source, grouped=split.group_by is Grouping.FOLDER)
        job.log.append("understood", read_as=found.told())
        source.reading = found.reading
        report = _reporter(job, Stage.READING)
        store.import_dataset(source, job.folder, split=split, name=name, report=report)


def add_images(job: Job, path: Path, dataset: Path, origin: str) -> None:
    """Read an upload into one class of a data set.

    Args:
        job: Its folder says what became of them.
        path: The upload.
        dataset: The folder of the data set that grows.
        origin: The class, as it was first called.
    """
    from core.datasets import additions
    from core.intake.archives import archive

    with closing(archive.open_source(path, "these pictures")) as source:
        aside, report = job.folder / home.ASIDE, _reporter(job, Stage.READING)
        added = additions.add_images(source, dataset, origin, aside=aside, report=report)
    files.write_json(job.folder / home.ADDED, added.to_dict())


def add_dataset(job: Job, other: Path, dataset: Path) -> None:
    """Add all images of one stored data set to another."""
    from core.datasets import additions

    added = additions.add_dataset(other, dataset)
    files.write_json(job.folder / home.ADDED, added.to_dict())


def read_otherwise(job: Job, dataset: Path, preparation: Preparation) -> None:
    """Read a data set's pictures in another way from now on."""
    from core.datasets import additions

    added = additions.read_otherwise(dataset, preparation, _reporter(job, Stage.READING))
    files.write_json(job.folder / home.ADDED, added.to_dict())


def look_over(job: Job) -> None:
    """Check a data set up.

    Features that were made before a stop are kept: the next check-up begins there.
    """
    from core.datasets import store
    from core.datasets.feed import StoredFeed
    from core.doctor import checkup

    dataset = job.folder.parent
    _, found = checkup.check(StoredFeed(dataset), partial(_reporter, job))
    store.load(dataset)  # deleted meanwhile, it must not come back
    files.write_json(dataset / home.FINDINGS, found.to_dict())


def look_at_all(job: Job) -> None:
    """Look at all pictures of a data set, so that `alike` can compare them.

    What was seen before a stop is kept: the next look begins there.
    """
    from core.datasets import store
    from core.datasets.feed import StoredFeed
    from core.doctor import alike as comparing

    dataset = job.folder.parent
    lost = comparing.look(StoredFeed(dataset), _reporter(job, Stage.LOOKING))
    store.load(dataset)  # deleted meanwhile, it must not come back
    comparing.keep_lost(dataset, lost)


def grow(job: Job) -> None:
    """Find out whether more pictures would help a run, and leave it in the run's folder."""
    from core.advice import more_pictures
    from core.datasets.feed import StoredFeed

    run = Run.open(job.folder.parent)
    feed = StoredFeed(run.dataset_folder, run.version)
    reading, solving = (_reporter(job, stage) for stage in (Stage.READING, Stage.TRAINING))
    found = more_pictures.of_run(run, feed, reading, solving)
    if run.folder.is_dir():  # else it was deleted meanwhile
        files.write_json(run.folder / home.GROWN, found.to_dict())


def judge(job: Job, path: Path, run: Run, name: str) -> None:
    """Evaluate a run on labelled pictures.

    Args:
        job: Its folder is the evaluation's.
        path: The upload that holds them.
        run: It has a model.
        name: What the user calls the pictures.
    """
    from core.intake.archives import archive
    from core.results import evaluations, learned, names
    from core.results.predictor import of_run

    run = Run.open(run.folder)
    predictor = of_run(run.folder)
    # By the names that it answers with, whatever the classes are called at the end.
    trained = dict(zip(predictor.classes, names.by_now(run), strict=True))
    with closing(archive.open_source(path, name)) as source:
        try:
            report = _reporter(job, Stage.READING)
            found = predictor.evaluate(source, report, learned.digests(run))
        except Unclear as unclear:
            what = say("Send the pictures of each class in a folder that is named after it.")
            raise UserError(joined([unclear.cause, what])) from unclear
        _keep_pictures(job, source, predictor, found)
    if job.folder.is_dir():  # else the run was deleted meanwhile
        evaluations.keep(job.folder, name, found, trained)


def export(job: Job, run: Run, format_name: str, own_samples: bool) -> None:
    """Export a run's model.

    Args:
        job: Its folder is the export's.
        run: It has a model.
        format_name: What to export it to.
        own_samples: Whether five pictures of the data set may leave with it.
    """
    from core.exports import kept, making, pictures, sharing, table
    from core.exports.lesson import making as lesson
    from core.exports.lesson.rehearsal import Rehearsal
    from core.exports.proof import Proof

    run, report = Run.open(run.folder), _of_all_stages(job)
    format, known = table.find(format_name), pictures.stored(run)
    file = job.folder / home.EXPORT_ZIP
    proof: Proof | Rehearsal
    if format.lesson:
        proof, own_samples = lesson.export(run, format, file, report, known), False
    else:
        proof = making.export(run, format_name, file, report, known=known, own_samples=own_samples)
    if job.folder.is_dir():  # else the run was deleted meanwhile
        kept.keep(job.folder, format, proof, own_samples=own_samples)
        kept.make_way(run, format, sharing.is_shared)


def share_project(job: Job, dataset: Path, runs: list[Run], pictures: bool, seconds: float) -> None:
    """Write a project that others may get by a link, and make the link.

    Args:
        job: Its folder is where the project lies.
        dataset: The folder of the data set.
        runs: The runs that go along.
        pictures: Whether the pictures go along.
        seconds: For how long the link is good.
    """
    from core.projects import sharing

    runs = [Run.open(each.folder) for each in runs]
    tried, page = sharing.to_try(runs), sharing.page(job.folder)
    if tried is not None:
        _draw_page(job, tried, page, own_samples=pictures)
    sharing.make(
        job.folder,
        dataset,
        runs,
        pictures=pictures,
        seconds=seconds,
        tried=tried if page.is_file() else None,
        looking=_reporter(job, Stage.READING),
        writing=_reporter(job, Stage.WRITING),
    )


def _of_all_stages(job: Job) -> Callable[[Stage, int, int], None]:
    """Receives how far each stage of an export is, and ends it when the job is stopped."""
    reporters: dict[Stage, StageReporter] = {}
    last: tuple[Stage, int, int] | None = None

    def report(stage: Stage, done: int, total: int) -> None:
        nonlocal last
        if last != (stage, done, total):
            reporters.setdefault(stage, _reporter(job, stage))(done, total)
        last = stage, done, total
        _go_on(job)

    return report


def _draw_page(job: Job, run: Run, page: Path, *, own_samples: bool) -> None:
    """Make the page on which others try a run; there is none where the run allows none."""
    from core.exports import making, pictures, sharing

    if (run.folder / home.MODEL).stat().st_size > sharing.LARGEST:
        return  # its weights alone are more than one page may have
    tell = _of_all_stages(job)

    def report(stage: Stage, done: int, total: int) -> None:
        tell(Stage.CONVERTING if stage is Stage.READING else stage, done, total)  # that comes later

    with files.scratch(job.folder) as aside:
        try:
            known = pictures.stored(run)
            making.export(run, "web", aside, report, known=known, own_samples=own_samples)
            sharing.unpack(aside, page)
        except UserError as error:  # the project alone is shared, as the link's page shows
            logger.warning("no page to try %s on: %s", run.id, error)


def _keep_pictures(job: Job, source: Any, predictor: Any, found: dict[str, Any]) -> None:
    """Keep the pictures of an evaluation with it, as far as there is room: mistakes come first.

    Those are always kept as small JPEGs at least.
    """
    from core.intake.parallel import in_order, large_alone, threads_for_pictures
    from core.intake.pictures import images
    from core.results import evaluations

    members = {member.name: member for member in source.members}
    alone, answers = found.get("alone", {}), found["answers"]
    wrong = {
        each["digest"]: members[each["file"]]
        for each in (*found["mistakes"], *alone.get("refused", ()), *alone.get("let_in", ()))
    }
    places = sorted(range(len(answers.files)), key=answers.right.__getitem__)
    every = wrong | {answers.digests[each]: members[answers.files[each]] for each in places}
    room, whole = evaluations.ORIGINALS, set()
    for digest, member in every.items():
        if member.size <= room:
            room -= member.size
            whole.add(digest)

    def keep(digest: str) -> None:
        data = source.read(every[digest])
        picture = images.decode(data, _SHOWN, predictor.preparation)
        small = images.thumbnail_jpeg(picture, _SHOWN)
        if job.folder.is_dir():  # else the run was deleted meanwhile
            original = data if digest in whole else None
            evaluations.keep_picture(job.folder, digest, small, original)

    kept = [digest for digest in every if digest in wrong or digest in whole]
    report = _reporter(job, Stage.LOOKING)
    keeping = large_alone(keep, lambda digest: every[digest].size)
    with closing(in_order(keeping, kept, threads_for_pictures())) as done:
        for number, _ in enumerate(done, 1):
            report(number, len(kept))


def _reporter(job: Job, stage: Stage) -> StageReporter:
    return StageReporter(job.log, stage, lambda: job.stop_requested)


def _go_on(job: Job, *_: int) -> None:
    """Told of work done in part: ends it where the user has stopped the job."""
    if job.stop_requested:
        raise StopRequested


def predict(run: Path, paths: list[Path], top: int) -> list[Prediction]:
    """What a run's model sees in each picture.

    Args:
        run: The folder of one that has a model.
        paths: Pictures, in files that the worker can read.
        top: How many classes to name for each picture.

    Raises:
        UserError: The run has no model, or a file is not there.
    """
    from core.results import predictor

    return _seen(paths, lambda files: predictor.warm(run).predict(files, top))


def predict_one(run: Path, path: Path, top: int) -> Prediction:
    """What a run's model sees in one picture, without pictures to show.

    Args:
        run: The folder of one that has a model.
        path: The picture's file.
        top: How many classes to name.

    Raises:
        UserError: The run has no model.
    """
    from core.results import predictor

    return predictor.warm(run).look(path.name, path.read_bytes(), top)


def predict_frame(run: Path, frame: bytes, top: int) -> dict[str, Any]:
    """What a run's model sees in one frame of a camera, as `prediction.ANSWER` describes it.

    Args:
        run: The folder of one that has a model.
        frame: A whole picture file, as a browser sent it.
        top: How many classes to name.

    Raises:
        UserError: The run has no model, or the frame is no picture or larger than a frame is.
    """
    from core.intake.pictures import images
    from core.results import predictor

    try:
        width, height = images.size(frame)
    except images.UnreadableImage as error:
        raise _unreadable(error.said) from error
    if width * height > _FRAME_PIXELS:  # others wait while it is decoded
        raise UserError(
            "Expected a frame of at most {most} pixels, but it has {width} × {height}.",
            most=_FRAME_PIXELS,
            width=width,
            height=height,
        )
    seen = predictor.warm(run).look("frame", frame, top)
    if seen.error:
        raise _unreadable(seen.error)
    return seen.answer()


def _unreadable(reason: str) -> UserError:
    return UserError("Thaw could not read this picture: {reason}.", reason=reason)


def predict_all(job: Job, path: Path, name: str) -> None:
    """Name all pictures of an upload and keep the answers with the run.

    Args:
        job: Its folder lies in the run's.
        path: The upload.
        name: What the user calls it.
    """
    from core.intake.archives import archive
    from core.results.bulk import many

    with closing(archive.open_source(path, name)) as source:
        many.answer(Run.open(job.folder.parent), source, _reporter(job, Stage.READING))


def explain(run: Path, picture: Path, also: str | None = None) -> Why:
    """Why a run's network says what it says of a picture.

    Args:
        run: The folder of one that has a model.
        picture: A file that the worker can read.
        also: A class that is wanted even if it is improbable.

    Raises:
        UserError: The run has no model or does not know the class, or the picture can't be read.
    """
    from core.results.explaining import why

    return why.explain(run, _contents(picture), also)


def hide(run: Path, picture: Path, label: str) -> Hidden:
    """What a run's network says of a picture once parts of it are hidden.

    Args:
        run: As for `explain`.
        picture: As for `explain`.
        label: The class whose map says which parts.

    Raises:
        UserError: As for `explain`.
    """
    from core.results.explaining import why

    return why.hide(run, _contents(picture), label)


def nearest(run: Path, picture: Path, count: int) -> list[Neighbour]:
    """The training pictures of a run that a picture looks most like.

    Args:
        run: As for `explain`.
        picture: As for `explain`.
        count: How many to find.

    Raises:
        UserError: There are none to compare with, or the picture can't be read.
    """
    from core.training.trust import nearest as search

    data = _contents(picture)
    return search.nearest(Run.open(run), data, hashlib.sha256(data).hexdigest(), count)


def alike(dataset: Path, digest: str, count: int) -> list[tuple[str, float]] | None:
    """The pictures of a data set that look most like one of them.

    Args:
        dataset: The data set's folder.
        digest: Of the picture.
        count: How many to find.

    Returns:
        As `doctor.alike.nearest`; None while not all were looked at.

    Raises:
        UserError: The data set or the picture is gone.
    """
    from core.doctor import alike as comparing

    return comparing.nearest(dataset, digest, count)


def border(run: Path) -> Border:
    """How much of a run's accuracy rests on the border of the pictures.

    Args:
        run: The folder of one that has a model.

    Raises:
        UserError: The model, the data set or all its held-out pictures are gone.
    """
    from core.results.explaining import border as hiding

    return hiding.of_run(Run.open(run))


def _contents(picture: Path) -> bytes:
    try:
        return picture.read_bytes()
    except FileNotFoundError:
        raise UserError("This picture is no longer on the server.") from None


def look(
    backbone: Backbone, paths: list[Path], top: int, preparation: Preparation
) -> list[Prediction]:
    """What an untouched network sees in each picture.

    Args:
        backbone: One whose 1000-class head is on this machine.
        paths: Pictures, in files that the worker can read.
        top: How many of ImageNet's classes to name for each picture.
        preparation: How pictures are read and become square.

    Raises:
        UserError: The head is not here.
    """
    from core.results import untouched

    return _seen(paths, lambda given: untouched.look(backbone, given, top, preparation))


def _seen(
    paths: list[Path], look_at: Callable[[Iterable[tuple[str, bytes]]], list[Prediction]]
) -> list[Prediction]:
    """What is seen in some files; what is too large for a picture is not read."""
    from core.intake.archives import archive

    refused: dict[Path, Prediction] = {}
    for path in paths:
        try:
            archive.refuse_large(path.stat().st_size)
        except archive.UnreadableMember as error:
            refused[path] = Prediction(path.name, error=error.said)
    seen = iter(look_at((path.name, path.read_bytes()) for path in paths if path not in refused))
    return [refused.get(path) or next(seen) for path in paths]


def survey(dataset: Path) -> None:
    """Measure how like ImageNet's photos a data set is, and leave it in its folder.

    Raises:
        UserError: The data set is gone.
    """
    from core.advice import survey as surveying
    from core.datasets import store
    from core.datasets.feed import StoredFeed

    before = store.stamp(dataset)
    _, found = surveying.measure(StoredFeed(dataset), lambda *_: None)
    store.load(dataset)  # deleted meanwhile, it must not come back
    if store.stamp(dataset) == before:  # else it is asked again, of other pictures
        files.write_json(dataset / home.LIKENESS, found.to_dict() | {"of": before})


def probe(dataset: Path, settings: TrainingSettings, result: Path) -> None:
    """Measure what a training would take, and leave it in a file, unless somebody trains meanwhile.

    Raises:
        UserError: The data set is gone, or the settings cannot be used.
    """
    before = files.stamp(home.probes_end())
    if result.is_file():  # somebody else wanted to know the same
        return

    def go_on() -> None:
        if files.stamp(home.probes_end()) != before:
            raise StopRequested

    result.parent.mkdir(parents=True, exist_ok=True)
    with suppress(StopRequested):
        files.write_json(result, apart.run(partial(try_out, dataset, settings), go_on))


def look_ahead(dataset: Path, settings: TrainingSettings, asked: files.Stamp, done: Path) -> None:
    """Make the features that a training needs, in a process that takes only what others leave.

    Args:
        dataset: The folder of a stored data set.
        settings: What is to be trained, all of it frozen.
        asked: Stamp of `home.ahead_end` when it was asked for. It ends once that is another.
        done: A file to make once they are all there.

    Raises:
        UserError: The data set is gone.
    """
    from core.network import gpu
    from core.training.setup import Setup

    last = math.inf

    def unwanted() -> bool:
        return files.stamp(home.ahead_end()) != asked

    def go_on() -> None:
        nonlocal last
        if unwanted():
            last = min(last, time.monotonic() + _GRACE)
        if time.monotonic() > last:
            raise StopRequested

    if unwanted() or gpu.is_here():  # which has them in no time, and no room for two
        return
    space = home.space_of(dataset)
    Setup.of(space, settings, Preparation(), lambda *_: None).build(0)  # a training finds it built
    if unwanted():
        return
    with suppress(StopRequested):
        if apart.run(partial(make_features, dataset, settings, asked), go_on):
            files.mark(done)


def make_features(dataset: Path, settings: TrainingSettings, asked: files.Stamp) -> bool:
    """What `look_ahead` does, for a separate process; whether it came to its end."""
    from core.datasets.feed import StoredFeed
    from core.network import features
    from core.training import fit
    from core.training.setup import Setup

    psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS if sys.platform == "win32" else _LAST)
    parent = os.getppid()

    def go_on(*_: int) -> None:
        if files.stamp(home.ahead_end()) != asked or os.getppid() != parent:
            raise StopRequested

    feed = StoredFeed(dataset)
    try:
        setup = Setup.of(home.space_of(dataset), settings, feed.preparation(go_on), go_on)
        _, made = fit.frozen_features(setup, feed, go_on, go_on)
    except StopRequested:  # what was made until now is kept
        return False
    features.drop_oldest(made.in_use())
    return True


def try_out(dataset: Path, settings: TrainingSettings) -> dict[str, Any]:
    """What `core.advice.probe` finds, as JSON holds it; for a separate process."""
    from core.advice.probe import probe  # takes seconds
    from core.datasets import store
    from core.datasets.feed import StoredFeed

    space = home.space_of(dataset)
    return probe(space, StoredFeed(dataset), store.load(dataset), settings).to_dict()


KINDS: dict[Callable[..., Any], Kind] = {
    predict: Kind.PREDICTION,
    predict_one: Kind.PREDICTION,
    predict_frame: Kind.PREDICTION,
    explain: Kind.PREDICTION,
    hide: Kind.PREDICTION,
    nearest: Kind.PREDICTION,
    alike: Kind.PREDICTION,
    border: Kind.CHECKING,  # hundreds of pictures, for which a single one must not wait
    look: Kind.PREDICTION,
    survey: Kind.READING,
    probe: Kind.TRAINING,
    look_ahead: Kind.TRAINING,
}
