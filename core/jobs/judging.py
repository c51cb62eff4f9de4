"""The evaluation of a run on labelled pictures that somebody brings: a job in the run's folder."""

from contextlib import closing
from pathlib import Path
from typing import Any

from core.errors import StopRequested, UserError
from core.intake.layouts.labelling import Unclear
from core.jobs import queue, tasks
from core.jobs.job import ImportState, Job, Kind, discard_upload, upload_of
from core.results import evaluations
from core.storage import home
from core.storage.progress import StageReporter
from core.storage.runs import Run

_SHOWN = 320  # pixels of a mistake's picture


def submit(path: Path, name: str, run: Run) -> None:
    """Queue an evaluation on an upload, which is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below `home.uploads()`.
        name: What the user calls it.
        run: One that has a model.

    Raises:
        UserError: The run is gone, or no cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    if not run.has_model:
        discard_upload(upload)
        raise UserError("This run is gone. Choose another one, and send the pictures again.")
    job = Job.of_evaluation(evaluations.new(run))
    try:
        queue.submit_reading(name, upload, judge, str(path), str(run.folder), name, job=job)
    except UserError:
        home.remove(job.folder)  # the error is shown already
        raise


def state(folder: Path) -> ImportState:
    """Where an evaluation stands."""
    found = queue.checked(Job.of_evaluation(folder))
    assert isinstance(found, ImportState)
    return found


def stop(folder: Path) -> None:
    """Stop an evaluation, of which nothing is kept."""
    queue.stop_job(Job.of_evaluation(folder))


def judge(folder: str, path: str, run_folder: str, name: str) -> None:
    """What a worker runs for `submit`. A failure is told in the job's log, not raised."""
    job = Job.of_evaluation(Path(folder))

    def work() -> None:
        tasks.load(Kind.CHECKING)
        from core.intake.archives import archive
        from core.results import learned, names
        from core.results.predictor import of_run

        run = Run.open(Path(run_folder))
        report = StageReporter(job.log, "reading", lambda: job.stop_requested)
        predictor = of_run(run.folder)
        # By the names that it answers with, whatever the classes are called at the end.
        trained = dict(zip(predictor.classes, names.by_now(run), strict=True))
        with closing(archive.open_source(Path(path), name)) as source:
            try:
                found = predictor.evaluate(source, report, learned.digests(run))
            except Unclear as unclear:
                raise UserError(
                    f"{unclear.cause} Send the pictures of each class in a folder that is named "
                    "after it."
                ) from unclear
            pictures = _pictures(job, source, predictor, found["mistakes"])
        if job.folder.is_dir():  # else the run was deleted meanwhile
            evaluations.keep(job.folder, name, found, pictures, trained)

    tasks.perform(job, work)


def _pictures(
    job: Job, source: Any, predictor: Any, mistakes: list[dict[str, Any]]
) -> dict[str, bytes]:
    """JPEGs of the mistakes, by digest: their pictures are no longer here afterwards."""
    from core.intake.pictures import images

    members = {member.name: member for member in source.members}
    made = {}
    for mistake in mistakes:
        if job.stop_requested:
            raise StopRequested
        data = source.read(members[mistake["file"]])
        picture = images.decode(data, _SHOWN, predictor.preparation)
        made[mistake["digest"]] = images.thumbnail_jpeg(picture, _SHOWN)
    return made
