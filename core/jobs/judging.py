"""The evaluation of a run on labelled pictures that somebody brings: a job in the run's folder."""

from pathlib import Path

from core.errors import UserError
from core.jobs import queue, tasks
from core.results import evaluations
from core.storage import files
from core.storage.job import Job, JobState, discard_upload, upload_of
from core.storage.runs import Run


def submit(path: Path, name: str, run: Run) -> None:
    """Queue an evaluation on an upload, which is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below the uploads of a space.
        name: What the user calls it.
        run: One that has a model.

    Raises:
        UserError: The run is gone, or no cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    if not run.has_model:
        discard_upload(run.space, upload)
        raise UserError("This run was deleted. Choose another one and add the pictures again.")
    job = Job.of_evaluation(evaluations.new(run))
    try:
        queue.begin_reading(job, name, upload)
        queue.submit(job, tasks.judge, path, run, name)
    except UserError:
        files.remove(job.folder)  # the error is shown already
        raise


def state(folder: Path) -> JobState:
    """The state of an evaluation."""
    return queue.checked(Job.of_evaluation(folder))


def stop(folder: Path) -> None:
    """Stop an evaluation, of which nothing is kept."""
    queue.stop_job(Job.of_evaluation(folder))
