"""A data set's check-up: begun, watched and stopped by pages; what it found lies with its data."""

from collections.abc import Sequence
from pathlib import Path

from core.datasets import store
from core.doctor.finding import Case, Checkup
from core.doctor.finding import Kind as About
from core.errors import UserError
from core.jobs import queue, tasks
from core.jobs.cluster import connection
from core.jobs.job import CheckState, Job
from core.storage import home
from core.storage.progress import StageReporter

_FOUND = "checkup.json"
_DISMISSED = "no-problem.json"


def begin(dataset_id: str) -> None:
    """Have a data set checked, unless that is under way.

    Raises:
        UserError: There is no such data set, or no cluster takes the job.
    """
    store.load(store.folder_of(dataset_id))
    job = Job.of_checkup(dataset_id)
    found = state(dataset_id)
    if found.submitted and not found.status.final:
        return
    owner = connection.line().owner
    job.folder.mkdir(exist_ok=True)
    (job.folder / "stop").unlink(missing_ok=True)
    job.log.append("queued", cluster=owner)
    queue.submit(job, _look_over, str(job.folder.parent))


def _look_over(dataset_folder: str) -> None:
    """What a worker runs. A failure is told in the log.

    Features that were made before a stop are kept: the next check-up begins there.
    """
    folder = Path(dataset_folder)
    job = Job.of_checkup(folder.name)

    def work() -> None:
        from core.doctor import checkup

        def report(stage: str) -> StageReporter:
            return StageReporter(job.log, stage, lambda: job.stop_requested)

        found = checkup.of_stored(folder, report)
        store.load(folder)  # deleted meanwhile, it must not come back
        home.write_json(folder / _FOUND, found.to_dict())

    tasks.perform(job, work)


def state(dataset_id: str) -> CheckState:
    """Where the latest check-up stands; nothing was `submitted` where there was none."""
    found = queue.checked(Job.of_checkup(dataset_id))
    assert isinstance(found, CheckState)
    return found


def stop(dataset_id: str) -> None:
    """Stop a check-up: what the one before found is kept."""
    queue.stop_job(Job.of_checkup(dataset_id))


def place(dataset_id: str) -> Path:
    """The file of what the latest check-up found, if there was one."""
    return store.folder_of(dataset_id) / _FOUND


def read(path: Path) -> Checkup:
    """What a check-up found.

    Raises:
        UserError: The file is damaged, or of another Thaw.
    """
    try:
        return Checkup.from_dict(home.read_json(path))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError("What the last check-up found is damaged. Check again.") from error


def dismissed(dataset_id: str) -> set[str]:
    """Keys of the cases that somebody has called no problem."""
    path = store.folder_of(dataset_id) / _DISMISSED
    try:
        return set(home.read_json(path)) if path.is_file() else set()
    except (TypeError, ValueError):
        return set()  # damaged: they are asked about again


def dismiss(dataset_id: str, kind: About, cases: Sequence[Case]) -> None:
    """Put cases aside for good, in this check-up and in all later ones."""
    if not store.is_complete(store.folder_of(dataset_id)):
        return  # deleted meanwhile: nothing of it must come back
    keys = dismissed(dataset_id) | {case.key(kind) for case in cases}
    home.write_json(store.folder_of(dataset_id) / _DISMISSED, sorted(keys))
