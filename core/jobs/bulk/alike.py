"""All pictures of a data set are looked at, so that pages can say which are alike."""

from pathlib import Path

from core.datasets import store
from core.jobs import queue, tasks
from core.storage.job import Job, JobState


def begin(dataset: Path) -> None:
    """Have the pictures looked at, unless that is under way.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    store.load(dataset)
    queue.begin(Job.of_alike(dataset), tasks.look_at_all)


def state(dataset: Path) -> JobState:
    """The state of the latest look; nothing was `submitted` where there was none."""
    return queue.checked(Job.of_alike(dataset))


def stop(dataset: Path) -> None:
    """Stop it: what was seen until then is kept."""
    queue.stop_job(Job.of_alike(dataset))


def nearest(dataset: Path, digest: str, count: int) -> list[tuple[str, float]] | None:
    """As `doctor.alike.nearest`, answered by a worker."""
    return queue.ask(tasks.alike, dataset, digest, count)
