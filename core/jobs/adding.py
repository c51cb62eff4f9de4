"""Pictures on their way into a data set that is there: ordered by a page, read by a worker.

Each order has its own folder among the data sets, as a data set that is being read has; it
never gets a manifest, so nobody lists it, and it goes when somebody has looked what became of it.
"""

import zipfile
from pathlib import Path

from core.datasets import packing, store
from core.datasets.additions import Added, called
from core.errors import UserError
from core.intake import room
from core.intake.pictures.preparation import Preparation
from core.jobs import queue, tasks
from core.storage import files, home
from core.storage.job import RunStatus, discard_upload, upload_of


def submit_images(path: Path, dataset: Path, origin: str) -> str:
    """Queue the reading of an upload into one class; it is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below the uploads of a space.
        dataset: The folder of the stored data set that grows.
        origin: The class, as it was first called.

    Returns:
        The job's id. Its folder is among the data sets of the space.

    Raises:
        UserError: There is no such data set or class, or no cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    try:
        label = called(store.load(queue.existing(dataset)), origin)
    except UserError:
        discard_upload(home.space_of(path), upload)
        raise
    job = queue.begin_reading(queue.new_reading(home.space_of(dataset)), label, upload)
    queue.submit(job, tasks.add_images, path, dataset, origin)
    return job.folder.name


def submit_picture(picture: Path, name: str, dataset: Path, origin: str) -> str:
    """Queue the adding of one picture to one class.

    Args:
        picture: Its file, which stays.
        name: What it is called.
        dataset: As for `submit_images`, as is the next one.
        origin: …

    Returns:
        As `submit_images`.

    Raises:
        UserError: As `submit_images`, or the picture is gone.
    """
    folder = home.space_of(dataset).uploads() / home.new_id()
    try:
        with room.in_words():
            folder.mkdir(parents=True)
            with zipfile.ZipFile(folder / home.CONTENT, "w") as archive:  # which may hold any name
                archive.writestr(zipfile.ZipInfo(packing.picture_name(name)), picture.read_bytes())
    except FileNotFoundError:
        files.remove(folder)
        raise UserError("This picture is no longer on the server.") from None
    except (UserError, OSError):
        files.remove(folder)
        raise
    return submit_images(folder / home.CONTENT, dataset, origin)


def submit_dataset(other: Path, dataset: Path) -> str:
    """Queue the adding of all images of one stored data set to another.

    Returns:
        The job's id, as for `submit_images`.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    name = store.load(queue.existing(other)).name
    job = queue.new_reading(home.space_of(queue.existing(dataset)))
    queue.begin_reading(job, name)
    queue.submit(job, tasks.add_dataset, other, dataset)
    return job.folder.name


def submit_preparation(dataset: Path, preparation: Preparation) -> str:
    """Queue the reading of a data set's pictures in another way, which makes a new version.

    Returns:
        The job's id, as for `submit_images`.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    name = store.load(queue.existing(dataset)).name
    job = queue.begin_reading(queue.new_reading(home.space_of(dataset)), name)
    queue.submit(job, tasks.read_otherwise, dataset, preparation)
    return job.folder.name


def result(folder: Path) -> Added | None:
    """What became of an order, until `queue.give_up` deletes it.

    Returns:
        None while it is at work.

    Raises:
        UserError: Nothing could be added, or there is no such order.
    """
    state = queue.import_state(folder)
    if store.is_complete(folder):  # the id comes from an address bar, and what it names goes
        raise UserError("No import is running here. Look at the pictures again.")
    if not state.status.final:
        return None
    path = folder / home.ADDED
    found = Added.from_dict(files.read_json(path)) if path.is_file() else None
    if state.status is RunStatus.STOPPED:
        raise UserError("You cancelled the import, so none of these pictures were added.")
    if state.status is RunStatus.FAILED or found is None:
        raise UserError(state.message or "These pictures could not be read. Try again.")
    return found
