"""Pictures on their way into a data set that is there: ordered by a page, read by a worker.

Each order has a folder of its own among the data sets, as a data set that is being read has; it
never gets a manifest, so nobody lists it, and it goes when somebody has looked what became of it.
"""

from pathlib import Path
from typing import Any

from core.datasets import store
from core.datasets.additions import Added, called
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.jobs import queue, tasks
from core.jobs.job import Job, Kind, discard_upload, upload_of
from core.storage import home
from core.storage.progress import StageReporter
from core.storage.runs import RunStatus

_ADDED = "added.json"


def submit_images(path: Path, dataset_id: str, origin: str) -> str:
    """Queue the reading of an upload into one class; it is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below `home.uploads()`.
        dataset_id: The stored data set that grows.
        origin: The class, as it was first called.

    Returns:
        The job's id, as for `queue.import_state` and `queue.stop_import`.

    Raises:
        UserError: There is no such data set or class, or no cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    try:
        folder = queue.dataset_folder(dataset_id)
        label = called(store.load(folder), origin)
    except UserError:
        discard_upload(upload)
        raise
    return queue.submit_reading(label, upload, add_images, str(path), str(folder), origin)


def submit_dataset(other_id: str, dataset_id: str) -> str:
    """Queue the adding of all images of one stored data set to another.

    Returns:
        The job's id, as for `submit_images`.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    other, folder = queue.dataset_folder(other_id), queue.dataset_folder(dataset_id)
    name = store.load(other).name
    return queue.submit_reading(name, None, add_dataset, str(other), str(folder))


def submit_preparation(dataset_id: str, preparation: Preparation) -> str:
    """Queue the reading of a data set's pictures in another way, which makes a new version.

    Returns:
        The job's id, as for `submit_images`.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    folder = queue.dataset_folder(dataset_id)
    name = store.load(folder).name
    values = preparation.to_dict()
    return queue.submit_reading(name, None, read_otherwise, str(folder), values)


def result(job_id: str) -> Added | None:
    """What became of an order, to be asked once: it is forgotten then.

    Returns:
        None while it is at work.

    Raises:
        UserError: Nothing could be added, or there is no such order.
    """
    state, folder = queue.import_state(job_id), queue.dataset_folder(job_id)
    if store.is_complete(folder):  # the id comes from an address bar, and what it names goes
        raise UserError("There is nothing on its way here. Look at the pictures again.")
    if not state.status.final:
        return None
    path = folder / _ADDED
    found = Added.from_dict(home.read_json(path)) if path.is_file() else None
    home.remove(folder)
    if state.status is RunStatus.STOPPED:
        raise UserError("You stopped the reading of these pictures, so none were added.")
    if state.status is RunStatus.FAILED or found is None:
        raise UserError(state.message or "These pictures could not be read. Try again.")
    return found


def add_images(folder: str, path: str, dataset_folder: str, origin: str) -> None:
    """What a worker runs for `submit_images`. A failure is told in the job's log, not raised."""
    job = Job(Kind.READING, Path(folder))

    def work() -> None:
        tasks.load(Kind.READING)
        from core.datasets import additions
        from core.intake.archives import archive

        report = StageReporter(job.log, "reading", lambda: job.stop_requested)
        source = archive.open_source(Path(path), "these pictures")
        try:
            added = additions.add_images(
                source, Path(dataset_folder), origin, aside=job.folder / "aside", report=report
            )
        finally:
            source.close()
        home.write_json(job.folder / _ADDED, added.to_dict())

    tasks.perform(job, work)


def add_dataset(folder: str, other: str, dataset_folder: str) -> None:
    """What a worker runs for `submit_dataset`. A failure is told in the job's log, not raised."""
    job = Job(Kind.READING, Path(folder))

    def work() -> None:
        tasks.load(Kind.READING)
        from core.datasets import additions

        added = additions.add_dataset(Path(other), Path(dataset_folder))
        home.write_json(job.folder / _ADDED, added.to_dict())

    tasks.perform(job, work)


def read_otherwise(folder: str, dataset_folder: str, preparation: dict[str, Any]) -> None:
    """What a worker runs for `submit_preparation`. A failure is told in the job's log."""
    job = Job(Kind.READING, Path(folder))

    def work() -> None:
        tasks.load(Kind.READING)
        from core.datasets import additions

        report = StageReporter(job.log, "reading", lambda: job.stop_requested)
        chosen = Preparation.from_dict(preparation)
        added = additions.read_otherwise(Path(dataset_folder), chosen, report)
        home.write_json(job.folder / _ADDED, added.to_dict())

    tasks.perform(job, work)
