"""What a worker does around its work: it imports what is heavy, logs ends, explains errors."""

import importlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from core.errors import StopRequested, UserError
from core.intake import room
from core.saying import Sentence, say
from core.storage import incidents
from core.storage.job import DIED, Job, Kind

P = ParamSpec("P")
Answer = TypeVar("Answer")
AnyJob = TypeVar("AnyJob", bound=Job)

HEAVY: dict[Kind, tuple[str, ...]] = {
    Kind.TRAINING: ("core.training.fit", "core.network.classifier", "core.results.predictor"),
    Kind.READING: ("core.datasets.additions", "core.datasets.samples.samples"),
    Kind.PREDICTION: ("core.results.predictor",),  # needs no TensorFlow, see `train`
    Kind.CHECKING: (),  # seldom asked, and small until then
}
_loading = threading.Lock()


class JobFailed(UserError):
    """Something unexpected went wrong in a worker, and is in its log under an incident's id.

    Attributes:
        sentence: What to show.
        incident: The id, where there is one.
    """

    def __init__(self, sentence: str, incident: str | None = None) -> None:
        super().__init__(sentence)
        self.args = (sentence, incident)  # which it is unpickled with
        self.sentence = sentence
        self.incident = incident

    def __str__(self) -> str:
        return self.sentence


def warm_up(kind: str) -> None:
    """Import what this kind of work needs, before somebody waits for it.

    Nothing is raised: the first job meets the same error and tells it.
    """
    try:
        load(Kind(kind))
    except Exception as error:
        incidents.record(error)


def load(kind: Kind) -> None:
    """Import what a kind of work needs, one thread at a time.

    Two threads that import one large package from different ends can see half of it.
    """
    with _loading:
        for name in HEAVY[kind]:
            importlib.import_module(name)


def perform(
    job: AnyJob, work: Callable[Concatenate[AnyJob, P], None], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Do a job and see to it that its log says how it ended; nothing is raised.

    Dask gives a dead worker's job to the next worker. A job that has begun once is never run
    again: its log says so, whatever Dask thinks.
    """
    if not job.folder.is_dir():
        return  # deleted while it waited
    job.renew()
    state = job.state()
    if state.status.final:
        return
    if state.started is not None:
        job.lose(DIED[job.kind], state.turn)
        return
    if job.stop_requested:
        job.stopped()
        return
    job.log.append("started", host=socket.gethostname(), pid=os.getpid())
    end: Callable[..., None]
    try:
        load(job.kind)
        with _memory_given_back(job.kind):
            work(job, *args, **kwargs)
    except StopRequested:
        end = job.stopped
    except UserError as error:
        end = partial(job.fail, error.said)
    except Exception as error:
        if not job.folder.is_dir():
            return  # deleted meanwhile
        end = partial(job.fail, sentence_of(error), incidents.record(error))
    else:
        end = job.finish
    end(turn=state.turn)  # it may be queued again by now
    if job.kind is Kind.TRAINING:
        job.released()


def answer(kind: Kind, work: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
    """Do what somebody waits for.

    Raises:
        UserError: As the work.
        JobFailed: Anything else; it is in the log.
    """
    try:
        load(kind)
        with _memory_given_back(kind):
            return work(*args, **kwargs)
    except UserError:
        raise
    except Exception as error:
        raise JobFailed(sentence_of(error), incidents.record(error)) from None


@contextmanager
def _memory_given_back(kind: Kind) -> Iterator[None]:
    """A process that trains goes on to the next training, and is measured first."""
    try:
        yield
    finally:
        if kind is Kind.TRAINING:
            from core.jobs import memory

            memory.give_back()


def sentence_of(error: Exception) -> Sentence:
    """What a page shows of an unexpected error."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return say("There was not enough memory. Try a smaller batch, backbone or data set.")
    return room.told(error) or say(
        "Something went wrong in Thaw itself. The details are in its log."
    )
