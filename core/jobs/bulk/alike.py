"""All pictures of a data set are looked at, so that pages can say which are alike."""

from pathlib import Path

from core.datasets import store
from core.jobs import queue, tasks
from core.storage.job import Job, JobState


def begin(dataset_id: str) -> None:
    """Have the pictures looked at, unless that is under way.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    store.load(store.folder_of(dataset_id))
    queue.begin(_job(dataset_id), tasks.look_at_all)


def _job(dataset_id: str) -> Job:
    return Job.of_alike(store.folder_of(dataset_id))


def state(dataset_id: str) -> JobState:
    """The state of the latest look; nothing was `submitted` where there was none."""
    return queue.checked(_job(dataset_id))


def stop(dataset_id: str) -> None:
    """Stop it: what was seen until then is kept."""
    queue.stop_job(_job(dataset_id))


def nearest(folder: Path, digest: str, count: int) -> list[tuple[str, float]] | None:
    """As `doctor.alike.nearest`, answered by a worker."""
    return queue.ask(tasks.alike, folder, digest, count)
