"""The export of a run's model: a job in the run's folder, ordered, watched and stopped by pages."""

from pathlib import Path

from core.errors import UserError
from core.exports import kept, table
from core.jobs import queue, tasks
from core.storage import files
from core.storage.job import Job, JobState
from core.storage.runs import Run


def submit(run: Run, format_name: str, *, own_samples: bool) -> Path:
    """Queue an export.

    Args:
        run: One that has a model.
        format_name: One of `table.FORMATS`.
        own_samples: Whether five pictures of the data set may leave with it.

    Returns:
        Its folder.

    Raises:
        UserError: There is no such format, the run is gone, or no cluster takes the job.
    """
    format = table.find(format_name)
    if not run.has_model:
        raise UserError("This run was deleted. Choose another one.")
    job = Job.of_export(kept.new(run))
    try:
        queue.begin_reading(format.name, job=job)
        queue.submit(job, tasks.export, run, format.name, own_samples)
    except UserError:
        files.remove(job.folder)  # the error is shown already
        raise
    return job.folder


def state(folder: Path) -> JobState:
    """The state of an export; its `name` is the format's."""
    return queue.checked(Job.of_export(folder))


def stop(folder: Path) -> None:
    """Stop an export, of which nothing is kept."""
    queue.stop_job(Job.of_export(folder))
