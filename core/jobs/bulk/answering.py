"""Many pictures that a run is to name: one job at a time, in the run's folder."""

import threading
from pathlib import Path

from core.errors import UserError
from core.jobs import queue, tasks
from core.jobs.cluster import connection
from core.storage.job import Job, JobState, discard_upload, upload_of
from core.storage.runs import Run

_submitting = threading.Lock()


def submit(path: Path, name: str, run: Run) -> None:
    """Queue the naming of all pictures of an upload, which is deleted afterwards in any case.

    Args:
        path: A zip below the uploads of a space.
        name: What the user calls it.
        run: One that has a model.

    Raises:
        UserError: The run is gone, it is still at work on others, or no cluster takes the job.
    """
    upload = upload_of(path)
    if upload is None:
        raise ValueError(f"{path} does not lie below the uploads")
    job = job_of(run)
    try:
        if not run.has_model:
            raise UserError("This run was deleted. Choose another one and add the pictures again.")
        with _submitting:  # two tabs at once
            found = queue.checked(job)
            if found.submitted and not found.status.final:
                raise UserError(
                    "The network is still looking at other pictures. Wait for them or cancel them, "
                    "then add these again."
                )
            owner = connection.line().owner
            job.folder.mkdir(exist_ok=True)
            job.log.append("queued", cluster=owner, name=name, upload=upload)
    except BaseException:
        discard_upload(run.space, upload)
        raise
    queue.submit(job, tasks.predict_all, path, name)


def job_of(run: Run) -> Job:
    """The job; its folder is there once it was submitted."""
    return Job.of_answers(run.folder)


def state(run: Run) -> JobState:
    """The state of the latest one; nothing was `submitted` where there was none."""
    return queue.checked(job_of(run))


def stop(run: Run) -> None:
    """Stop it: answers that are there stay."""
    queue.stop_job(job_of(run))
