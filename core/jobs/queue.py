"""What pages ask of the cluster: submit, watch, stop, predict. Any thread may call.

What a job is up to stands in its folder; Dask is asked only whether a job got lost.
"""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import errors, home
from core.errors import UserError
from core.jobs import connection, tasks
from core.jobs.address import is_alive
from core.jobs.connection import disconnect, ensure_started, ready
from core.jobs.job import DIED, INTERRUPTED, ImportState, Job, Kind, discard_upload, upload_of
from core.jobs.tasks import JobFailed
from core.runs import Run, RunState, RunStatus, all_runs
from core.settings import SplitSettings, TrainingSettings

if TYPE_CHECKING:
    from distributed import Client

    from core.results.prediction import Prediction

__all__ = [
    "ImportState", "JobFailed", "disconnect", "ensure_started", "import_state", "place",
    "predict", "ready", "status", "stop", "stop_import", "submit_import", "submit_sample",
    "submit_training",
]  # fmt: skip

_SUBMIT_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 5.0
_asked: dict[str, float] = {}
_places: dict[str, RunState] = {}


def submit_training(dataset_id: str, settings: TrainingSettings, *, data: str) -> Run:
    """Queue the training of a new run.

    Args:
        dataset_id: A stored data set.
        settings: What to train.
        data: The data set's name, for people.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    dataset = _dataset_folder(dataset_id)
    owner = connection.owner()
    folder = home.runs() / home.new_id()
    run = Run.create(folder, settings, data=data, dataset=dataset_id, cluster=owner)
    submit(Job(Kind.TRAINING, folder), owner, tasks.train, str(folder), str(dataset))
    return run


def submit_import(path: Path, name: str, split: SplitSettings) -> str:
    """Queue the reading of an upload, which is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below `home.uploads()`.
        name: What the user calls it.
        split: How its images are divided, where it does not say so itself.

    Returns:
        The id of the data set to be.

    Raises:
        UserError: No cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    values = {"validation": split.validation, "seed": split.seed}
    return _submit_reading(name, upload, tasks.import_dataset, str(path), name, values)


def submit_sample(sample_name: str) -> str:
    """Queue the drawing and reading of a starter set.

    Returns:
        The id of the data set to be.

    Raises:
        UserError: No cluster takes the job.
    """
    return _submit_reading(sample_name, None, tasks.import_sample, sample_name)


def _submit_reading(name: str, upload: str | None, function: Callable[..., None], *args: Any) -> str:
    try:
        owner = connection.owner()
        job = Job(Kind.READING, home.datasets() / home.new_id())
        job.folder.mkdir(parents=True)
        upload = upload or job.folder.name
        job.log.append("queued", cluster=owner, name=name, upload=upload)
    except BaseException:
        discard_upload(upload)
        raise
    submit(job, owner, function, str(job.folder), *args)
    return job.folder.name


def submit(job: Job, owner: dict[str, Any], function: Callable[..., None], *args: Any) -> None:
    """Hand a job that is logged as queued to the cluster, and see that it has arrived.

    Raises:
        UserError: Nobody took it; its log says so too.
    """
    try:
        try:
            _hand_over(job, function, *args)
        except (OSError, TimeoutError, CancelledError):  # the cluster ended this very moment
            _hand_over(job, function, *args)
        now = connection.owner()
        if now != owner and job.state().cluster == owner and not is_alive_owner(owner):
            _requeue(job, now)
    except Exception as error:
        if isinstance(error, UserError):
            job.fail(str(error))
            raise
        sentence = "The job could not be handed to Thaw's background process. Try again."
        incident = errors.record(error)
        job.fail(sentence, incident)
        raise JobFailed(sentence, incident) from error
