"""What is made for others, as a job that pages order, watch and stop: an export, a shared project.

An export is made in its run's folder, a project in that of its data set.
"""

from collections.abc import Sequence
from pathlib import Path

from core.datasets import store
from core.errors import UserError
from core.exports import kept, table
from core.jobs import queue, tasks
from core.projects import sharing
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
        queue.begin_reading(job, format.name)
        queue.submit(job, tasks.export, run, format.name, own_samples)
    except UserError:
        files.remove(job.folder)  # the error is shown already
        raise
    return job.folder


def share_project(dataset: Path, runs: Sequence[Run], *, pictures: bool, seconds: float) -> Path:
    """Queue the writing of a project for others.

    Args:
        dataset: The folder of a stored data set.
        runs: Runs of it that go along.
        pictures: Whether its pictures go along.
        seconds: For how long the link is good.

    Returns:
        Its folder.

    Raises:
        UserError: The data set is gone, or no cluster takes the job.
    """
    store.load(dataset)
    job = Job.of_export(sharing.new(dataset))
    try:
        queue.begin_reading(job, "")
        queue.submit(job, tasks.share_project, dataset, [*runs], pictures, seconds)
    except UserError:
        files.remove(job.folder)  # the error is shown already
        raise
    return job.folder


def state(folder: Path) -> JobState:
    """The state of either; the `name` of an export is its format's."""
    return queue.checked(Job.of_export(folder))


def stop(folder: Path) -> None:
    """Stop it: nothing of it is kept."""
    queue.stop_job(Job.of_export(folder))
