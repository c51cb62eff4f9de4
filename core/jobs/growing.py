"""“Would more pictures help?” for a run: begun, watched and stopped by pages."""

from core.advice.growth import Growth
from core.errors import UserError
from core.jobs import queue, tasks
from core.storage import files, home
from core.storage.job import Job, JobState
from core.storage.runs import Run


def begin(run: Run) -> None:
    """Have it found out, unless that is under way.

    Raises:
        UserError: The run or its data set is gone, or no cluster takes the job.
    """
    Run.open(run.folder)
    queue.existing(run.dataset_folder)
    queue.begin(_job(run), tasks.grow)


def _job(run: Run) -> Job:
    return Job.of_growth(run.folder)


def state(run: Run) -> JobState:
    """The state of the latest attempt; nothing was `submitted` where there was none."""
    return queue.checked(_job(run))


def stop(run: Run) -> None:
    """Stop it: nothing of it is kept."""
    queue.stop_job(_job(run))


def read(run: Run) -> Growth | None:
    """What was found; None where nothing was, or it is damaged: then it can be found out again."""
    try:
        return Growth.from_dict(files.read_json(run.folder / home.GROWN))
    except (OSError, KeyError, TypeError, ValueError, UserError):
        return None
