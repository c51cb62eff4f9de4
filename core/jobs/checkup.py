"""A data set's check-up: begun, watched and stopped by pages; what it found lies with its data."""

from collections.abc import Sequence
from pathlib import Path

from core.datasets import store
from core.doctor.finding import Case, Checkup, Problem
from core.errors import UserError
from core.jobs import queue, tasks
from core.storage import files, home
from core.storage.job import Job, JobState


def begin(dataset: Path) -> None:
    """Have a data set checked, unless that is under way.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    store.load(dataset)
    queue.begin(Job.of_checkup(dataset), tasks.look_over)


def state(dataset: Path) -> JobState:
    """The state of the latest check-up; nothing was `submitted` where there was none."""
    return queue.checked(Job.of_checkup(dataset))


def stop(dataset: Path) -> None:
    """Stop a check-up: what the one before found is kept."""
    queue.stop_job(Job.of_checkup(dataset))


def place(dataset: Path) -> Path:
    """The file of what the latest check-up found, if there was one."""
    return dataset / home.FINDINGS


def read(path: Path) -> Checkup:
    """What a check-up found.

    Raises:
        UserError: The file is damaged, or of another Thaw.
    """
    try:
        return Checkup.from_dict(files.read_json(path))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError(
            "The results of the last check-up are damaged. Have the pictures checked again."
        ) from error


def dismissed(dataset: Path) -> set[str]:
    """Keys of the cases that somebody has called no problem."""
    path = dataset / home.NO_PROBLEM
    try:
        return set(files.read_json(path)) if path.is_file() else set()
    except (TypeError, ValueError):
        return set()  # damaged: they are asked about again


def dismiss(dataset: Path, kind: Problem, cases: Sequence[Case]) -> None:
    """Put cases aside for good, in this check-up and in all later ones."""
    if not store.is_complete(dataset):
        return  # deleted meanwhile: nothing of it must come back
    keys = dismissed(dataset) | {case.key(kind) for case in cases}
    files.write_json(dataset / home.NO_PROBLEM, sorted(keys))
