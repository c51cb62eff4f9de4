"""What pages order of the cluster: submit, watch, stop, resume. Any thread may call.

A job's folder says how far it is; Dask is only asked whether a job got lost.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from core import config
from core.backbones.catalogue.rows import one_spelling
from core.datasets import store
from core.datasets.enough import check
from core.errors import UserError
from core.intake import room
from core.intake.layouts.labelling import Reading
from core.jobs import foresight, tasks, worker
from core.jobs.cluster import connection
from core.jobs.cluster.address import is_alive
from core.jobs.cluster.connection import ensure_started as ensure_started  # the door's
from core.jobs.worker import JobFailed, sentence_of
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home, incidents
from core.storage.home import Space
from core.storage.job import (
    DIED,
    INTERRUPTED,
    Job,
    JobState,
    Kind,
    RunStatus,
    Stage,
    discard_upload,
    upload_of,
)
from core.storage.runs import Run, RunState, all_runs

if TYPE_CHECKING:
    from distributed import Client

P = ParamSpec("P")
Answer = TypeVar("Answer")
AnyJob = TypeVar("AnyJob", bound=Job)

_SUBMIT_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 5.0
_answering = threading.Lock()
_sampling = threading.Lock()
_looked: dict[str, float] = {}
_places: dict[Path, RunState] = {}


def submit_training(
    dataset: Path,
    settings: TrainingSettings,
    after: str | None = None,
    comparison: str | None = None,
) -> Run:
    """Queue the training of a new run.

    Args:
        dataset: The folder of a stored data set.
        settings: What to train.
        after: The id of the run that it repeats on changed pictures.
        comparison: The id of the comparison that it belongs to.

    Raises:
        UserError: There is no such data set, it holds too little, its only class leaves thawed
            layers nothing to learn, or no cluster takes the job.
    """
    chosen = store.load(existing(dataset))
    check(chosen)
    if len(chosen.classes) == 1:
        settings = settings.for_one_class()
    owner = connection.line().owner
    folder = home.space_of(dataset).runs() / home.new_id()
    run = Run.create(
        folder,
        one_spelling(settings),
        data_name=chosen.name,
        dataset_id=dataset.name,
        version=chosen.version,
        after=after,
        comparison=comparison,
        cluster=owner,
    )
    _submit_training(run, dataset)
    return run


def resume(run: Run, *, more: int = 0) -> None:
    """Queue a run again, to go on from its last epoch.

    Args:
        run: The run.
        more: Epochs to add; 0 trains those that were ordered and are not trained yet.

    Raises:
        UserError: It is at work or all trained, its data set is gone, or no cluster takes the job.
    """
    dataset = existing(run.dataset_folder)
    run.resume(more=more, cluster=connection.line().owner)
    _submit_training(run, dataset)


def can_go_on(run: Run, state: RunState) -> bool:
    """Whether `resume` has something to go on from: its data set, and its last epoch.

    Args:
        run: One that has ended.
        state: Its state.
    """
    if not run.dataset_folder.is_dir():
        return False
    if state.classes == 1 and state.status is RunStatus.FINISHED:
        return False  # in more epochs nothing would change
    over_for_good = state.status in (RunStatus.FAILED, RunStatus.FINISHED)
    return run.checkpoint.is_file() or not over_for_good


def _submit_training(run: Run, dataset: Path) -> None:
    submit(run, tasks.train, dataset)
    foresight.make_way()  # now that what begins must come after this run


def submit_import(path: Path, name: str, split: SplitSettings) -> str:
    """Queue the reading of an upload, which is deleted afterwards whatever happens.

    Args:
        path: A zip or a folder below the uploads of a space.
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
    job = begin_reading(new_reading(home.space_of(path)), name, upload)
    submit(job, tasks.import_dataset, path, name, split)
    return job.folder.name


def answer(folder: Path, reading: Reading, *, preview: bool = False) -> None:
    """Say how an upload is to be read whose reading has ended with a question.

    Where somebody else has answered it meanwhile, perhaps in another tab, nothing happens.

    Args:
        folder: Of the data set to be.
        reading: The way.
        preview: Only have it tried: there is a question again afterwards.

    Raises:
        UserError: There is no such data set, its upload is gone, or no cluster takes the job.
    """
    with _answering:  # two tabs at once
        job, state = _import_job(folder), import_state(folder)
        if state.question is None:
            return
        check_upload(job.space, state)
        order = state.question["order"]
        path = job.space.uploads() / order["path"]
        owner = connection.line().owner
        job.log.append("queued", cluster=owner, name=state.name, upload=state.upload)
    split = SplitSettings(**order["split"])
    submit(job, tasks.import_dataset, path, order["name"], split, reading, preview=preview)


def check_upload(space: Space, state: JobState) -> None:
    """See that the upload is still there that a question is about; it is kept for a day.

    Args:
        space: Where the data set is to be.
        state: Of its reading.

    Raises:
        UserError: It is not.
    """
    if state.question and not (space.uploads() / state.question["order"]["path"]).exists():
        raise UserError(
            "The upload of “{name}” is no longer there. Add the pictures again.",
            name=state.name,
        )


def give_up(folder: Path) -> None:
    """Delete what is left of a reading that has ended and is not a data set, with its upload.

    That is a question, the reason why it failed, or what became of pictures that were added.
    """
    if store.is_complete(folder) or not folder.is_dir():
        return
    state = import_state(folder)
    if state.status.final:
        discard_upload(home.space_of(folder), state.upload)
        files.remove(folder)


def submit_sample(space: Space, sample_name: str) -> str:
    """Queue the drawing and reading of a starter set, unless the space has it or it is on its way.

    Returns:
        The id of the data set, or of the one to be.

    Raises:
        UserError: No cluster takes the job.
    """
    with _sampling:  # two tabs at once
        for folder in sorted(space.datasets().glob("*"), reverse=True):
            if sample_of(folder) == sample_name and (
                store.is_complete(folder) or not import_state(folder).status.final
            ):
                return folder.name
        job = begin_reading(new_reading(space), sample_name, sample=sample_name)
        submit(job, tasks.import_sample, sample_name)
        return job.folder.name


def sample_of(dataset: Path) -> str | None:
    """Which starter set a data set was made from, whatever it is called now; None for others."""
    return Job(Kind.READING, dataset).state().sample


def new_reading(space: Space) -> Job:
    """The reading of a new data set; its folder isn't created yet."""
    return Job(Kind.READING, space.datasets() / home.new_id())


def begin_reading(
    job: Job, name: str, upload: str | None = None, *, sample: str | None = None
) -> Job:
    """Make the folder of a new job, queued.

    Args:
        job: Its kind and its folder.
        name: What it is about, for people.
        upload: Folder below the uploads that is deleted afterwards, or at once if this fails.
        sample: The starter set that it makes, if any.

    Raises:
        UserError: No cluster takes the job.
    """
    try:
        owner = connection.line().owner
        job.folder.mkdir(parents=True)
        told = {"sample": sample} if sample else {}
        job.log.append("queued", cluster=owner, name=name, upload=upload or job.folder.name, **told)
    except BaseException:
        discard_upload(job.space, upload)
        raise
    return job


def begin(job: AnyJob, work: Callable[[AnyJob], None]) -> None:
    """Have a job done that has a folder for good, unless it is under way.

    Args:
        job: The job.
        work: As for `submit`.

    Raises:
        UserError: No cluster takes it.
    """
    found = checked(job)
    if found.submitted and not found.status.final:
        return
    owner = connection.line().owner
    job.folder.mkdir(exist_ok=True)
    job.log.append("queued", cluster=owner)
    submit(job, work)


def submit(
    job: AnyJob, work: Callable[Concatenate[AnyJob, P], None], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Hand a job that is logged as queued to the cluster, and see that it has arrived.

    Args:
        job: The job.
        work: What a worker runs, one of `tasks`; it is given the job, then the rest.
        args: The rest.
        kwargs: More of it.

    Raises:
        UserError: Nobody took it; its log says so too.
    """
    given = partial(work, **kwargs) if kwargs else work
    try:
        try:
            _hand_over(job, given, *args)
        except (OSError, TimeoutError, CancelledError):  # the cluster ended this very moment
            _hand_over(job, given, *args)
    except UserError as error:
        job.fail(error.said)
        raise
    except Exception as error:
        sentence = room.told(error) or (
            "The job could not be handed to Thaw's background process. Try again."
        )
        incident = incidents.record(error)
        with suppress(OSError):  # people are shown it all the same
            job.fail(sentence, incident)
        raise JobFailed(sentence, incident) from error


def _hand_over(job: Job, work: Callable[..., None], *args: Any) -> None:
    from distributed import fire_and_forget

    line = connection.line()
    state = job.state()
    key = job.key(state.turn)
    if state.cluster != line.owner:
        job.requeue(line.owner)
    # First come, first served, no matter who sent it.
    submitted = -state.submitted
    future = line.send(job.kind, worker.perform, job, work, *args, key=key, priority=submitted)
    fire_and_forget(future)
    deadline = time.monotonic() + _SUBMIT_SECONDS
    while not _knows(line.client, key) and job.state().status == RunStatus.QUEUED:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{key} has not arrived")
        time.sleep(0.01)


def ask(work: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
    """Have a worker answer a question, and wait for it.

    Args:
        work: What the worker runs, one of `tasks.KINDS`.
        args: What that is given.
        kwargs: More of it.

    Raises:
        UserError: As the work; JobFailed, which is one, if something unexpected went wrong.
    """
    from distributed import KilledWorker

    kind = tasks.KINDS[work]
    given = partial(work, **kwargs) if kwargs else work
    try:
        try:
            answer = connection.line().send(kind, worker.answer, kind, given, *args).result()
        except (OSError, CancelledError):  # the cluster ended this very moment
            answer = connection.line().send(kind, worker.answer, kind, given, *args).result()
    except UserError:
        raise
    except KilledWorker as error:
        raise JobFailed(DIED[kind], incidents.record(error)) from error
    except Exception as error:
        told = room.told(error) or "That did not work. Try again."
        raise JobFailed(told, incidents.record(error)) from error
    return cast(Answer, answer)


def _knows(client: "Client", key: str) -> bool:
    """Whether the scheduler has a task of that name."""
    answer = client.sync(client.scheduler.get_task_status, keys=[key], callback_timeout=10)
    return answer[key] is not None


def status(run: Run, known: RunState | None = None) -> RunState:
    """The state of a run. One that nobody works on any more is marked as interrupted first.

    Args:
        run: The run.
        known: What was last known: only news is read then.
    """
    state = checked(run, known)
    assert isinstance(state, RunState)
    return state


def import_state(folder: Path) -> JobState:
    """The state of the reading of a data set.

    Raises:
        UserError: There is no such data set.
    """
    return checked(_import_job(folder))


def checked(job: Job, known: JobState | None = None) -> JobState:
    """The state of a job; one that nobody works on any more is marked as lost first.

    Args:
        job: The job.
        known: What was last known: only news is read then.
    """
    state = job.state(known)
    key = job.key(state.turn)
    if state.status.final:
        _looked.pop(key, None)
        return state
    if state.cluster is None or not _is_lost(key, state.cluster):
        return state
    if not job.state().status.final:  # it may have ended while we asked
        try:
            job.lose(INTERRUPTED[job.kind], state.turn)
        except OSError as error:  # the disk is full: it is shown all the same, and written later
            told = {"event": "failed", "time": time.time(), "message": sentence_of(error)}
            return state.after(told)
    return job.state(state)


def _is_lost(key: str, owner: dict[str, Any]) -> bool:
    """Whether the cluster that took a job is gone, or has never heard of it."""
    if "pid" in owner and not is_alive(owner):
        return True
    now = time.monotonic()
    if now < _looked.setdefault(key, now + _ASK_AGAIN_SECONDS):
        return False
    client = connection.connected_to(owner)
    if client is None:
        return False
    _looked[key] = now + _ASK_AGAIN_SECONDS
    try:
        return not _knows(client, key)
    except (OSError, TimeoutError):
        return False  # it does not answer now; that says nothing about the job


@dataclass(frozen=True)
class UnderWay:
    """A training that waits, is at work, or has ended while its process is still busy.

    Attributes:
        run: Which.
        name: As somebody typed it.
        status: How far it is.
        finishing: What its process is still at after its end.
        seconds_left: Of the training; None while that is not known.
    """

    run: Run
    name: str
    status: RunStatus
    finishing: Stage | None
    seconds_left: float | None


def under_way() -> list[UnderWay]:
    """The trainings that keep the training processes busy, then those that wait, in their order."""
    found = []
    for run in chain.from_iterable(map(all_runs, home.spaces())):
        known = standing(run)
        if known.cluster is None or not (_is_busy(known) or known.status is RunStatus.QUEUED):
            continue
        left = known.stages[Stage.TRAINING][2] if known.stage is Stage.TRAINING else None
        order = known.status is RunStatus.QUEUED, known.submitted, run.id
        with suppress(UserError):  # deleted meanwhile
            each = UnderWay(run, run.name, known.status, known.finishing, left)
            found.append((order, each))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def is_busy(run: Run) -> bool:
    """Whether a training process is at a run, which may have ended: its best is still saved."""
    known = standing(run)
    return known.cluster is not None and _is_busy(known)


def _is_busy(known: RunState) -> bool:
    """Whether a run keeps a training process busy."""
    if known.status is RunStatus.RUNNING:
        return True
    owner = known.cluster or {}
    return known.finishing is not None and ("pid" not in owner or is_alive(owner))


def ahead(of: Run | None = None) -> list[UnderWay]:
    """The trainings that one has to wait for, as far as there are too few processes for all.

    Args:
        of: A run that waits; None is one that would be queued now.
    """
    before = []
    for each in under_way():
        if of is not None and each.run == of and each.status is RunStatus.QUEUED:
            break
        before.append(each)
    if not connection.remote() and len(before) < config.WORKERS.value:
        return []
    return before


def busy() -> bool:
    """Whether a training waits or is at work."""
    return bool(under_way())


def standing(run: Run) -> RunState:
    """Where a run is, as `status` tells; one that has ended is read once."""
    known = _places.get(run.folder)
    if known is None or not known.status.final or known.offset != _size(run):
        known = _places[run.folder] = status(run, known)
    return known


def _size(run: Run) -> int:
    """Bytes of a run's log: one that has ended may have been resumed since."""
    try:
        return run.log.path.stat().st_size
    except OSError:
        return 0


def stop(run: Run) -> None:
    """Stop a run: at once if it waits, after the batch it is at if it runs."""
    stop_job(run)


def stop_import(folder: Path) -> None:
    """Stop the reading of a data set, of which nothing is kept.

    Raises:
        UserError: There is no such data set.
    """
    stop_job(_import_job(folder))


def stop_job(job: Job) -> None:
    """Stop a job: at once if it waits, else as soon as its worker looks.

    A network that is being built, traced or converted cannot be interrupted. So a run ends all the
    same, and its worker follows when it can: it keeps what was learned until then. Where only the
    evaluation is left, there is nothing to stop.
    """
    state = checked(job)
    if state.status.final:
        return
    job.request_stop()
    state = job.state()
    # A worker that takes the job just now looks for the request after it has logged `started`.
    if state.status is RunStatus.QUEUED:
        job.stopped(state.turn)
    elif (
        isinstance(state, RunState)
        and not state.status.final
        and state.stage is not Stage.EVALUATION
    ):
        job.stopped(state.turn, finishing=state.stage or Stage.BUILDING)


def existing(dataset: Path) -> Path:
    """The folder of a stored data set, or of one that is being read, if it is there.

    Raises:
        UserError: It isn't.
    """
    if dataset.is_dir():
        return dataset
    raise UserError("There is no such data set. It may have been deleted.")


def _import_job(folder: Path) -> Job:
    return Job(Kind.READING, existing(folder))
