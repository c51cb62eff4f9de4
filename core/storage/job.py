"""A job as its folder describes it: a training, a reading, a check-up, an evaluation.

A job's log is the only place where its state is kept. A worker writes it, pages read it.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from core.storage import home
from core.storage.events import Event, EventLog


class Kind(StrEnum):
    """What is done; also the name of the Dask resource that a worker needs for it."""

    TRAINING = "training"
    READING = "reading"
    PREDICTION = "prediction"
    CHECKING = "checking"


class RunStatus(StrEnum):
    """The status of a job. All but the first two are final, unless it is begun again."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class Stage(StrEnum):
    """What a running job is busy with: a run in the order of the work, then other jobs."""

    WEIGHTS = "weights"
    BUILDING = "building"
    READING = "reading"
    FEATURES = "features"
    TRAINING = "training"
    EVALUATION = "evaluation"
    COMPILING = "compiling"
    LOOKING = "looking"
    COMPARING = "comparing"
    CONVERTING = "converting"
    PROVING = "proving"
    WRITING = "writing"


DIED = {
    Kind.TRAINING: "The training process ended unexpectedly, perhaps because memory ran out. "
    "Nothing else was lost. Train again.",
    Kind.READING: "The process that reads pictures ended unexpectedly, perhaps because memory "
    "ran out. Nothing else was lost: add the pictures again.",
    Kind.PREDICTION: "The prediction process ended unexpectedly, perhaps because memory ran out. "
    "It starts again by itself: try once more, with fewer or smaller pictures.",
    Kind.CHECKING: "The process that does this work ended unexpectedly, perhaps because memory "
    "ran out. Nothing was lost: try again.",
}
INTERRUPTED = {
    Kind.TRAINING: "The training was interrupted: Thaw's background process ended, or the "
    "computer was restarted. What it had learned until then is kept.",
    Kind.READING: "Reading the pictures was interrupted: Thaw's background process ended, or "
    "the computer was restarted. Add the pictures again.",
    Kind.CHECKING: "This work was interrupted: Thaw's background process ended, or the computer "
    "was restarted. Nothing was lost: try again.",
}
AFTER_ALL = -1e12  # the priority of what nobody pressed a button for

AnyState = TypeVar("AnyState", bound="JobState")


@dataclass(frozen=True)
class JobState:
    """The events of a job folded into what a page shows. Threads may share one: it never changes.

    Attributes:
        name: What it is about, as a person calls it; empty for a training or a check-up.
        stages: For each stage so far: images (or steps) done, their total, and seconds left or
            None.
        stage: The latest one.
        message: Why it failed or was interrupted, in plain words.
        incident: The id in the log, if that was unexpected.
        cluster: The process that took the job: pid and created; None for a terminal's run.
        upload: Folder below the uploads that holds what is read.
        sample: The starter set that it makes, if any.
        read_as: How its paths become classes, in words, once that is known.
        question: What its owner has to say first: an `Unclear` as JSON holds it, `problem`, what
            was wrong with the last answer, and `order`, what was given with the upload.
        turn: How often it was begun again.
        offset: How much of the log has been read.
    """

    status: RunStatus = RunStatus.QUEUED
    name: str = ""
    submitted: float = 0.0
    started: float | None = None
    ended: float | None = None
    stages: Mapping[Stage, tuple[int, int, float | None]] = field(default_factory=dict)
    stage: Stage | None = None
    message: str | None = None
    incident: str | None = None
    cluster: dict[str, Any] | None = None
    upload: str | None = None
    sample: str | None = None
    read_as: str = ""
    question: dict[str, Any] | None = None
    turn: int = 0
    offset: int = 0

    @property
    def done(self) -> int:
        """Images done in the present stage."""
        return self._reached[0]

    @property
    def total(self) -> int:
        """Images there are in the present stage; 0 until it is known."""
        return self._reached[1]

    @property
    def share(self) -> float:
        """The share of the present stage that is done; 0 until it is known."""
        return self.done / self.total if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds left in the present stage, if that is known."""
        return self._reached[2]

    @property
    def _reached(self) -> tuple[int, int, float | None]:
        return self.stages[self.stage] if self.stage else (0, 0, None)

    def after(self, event: Event) -> Self:
        """The state once this event has happened.

        After a final one only `queued` counts, which begins another turn: a question was answered,
        or pictures are checked again.
        """
        if self.status.final:
            if event["event"] != "queued":
                return self
            return type(self)(turn=self.turn + 1, offset=self.offset).after(event)
        if event.get("turn", self.turn) != self.turn:
            return self  # the end of an earlier turn, written when this one had begun
        match event["event"]:
            case "queued":
                return replace(
                    self,
                    submitted=event["time"],
                    cluster=event.get("cluster"),
                    name=event.get("name", ""),
                    upload=event.get("upload"),
                    sample=event.get("sample", self.sample),
                )
            case "started":
                return replace(self, status=RunStatus.RUNNING, started=event["time"])
            case "stage":
                stage = Stage(event["stage"])
                reached = (event["done"], event["total"], event["seconds_left"])
                return replace(self, stage=stage, stages={**self.stages, stage: reached})
            case "understood":
                return replace(self, read_as=event["read_as"])
            case "asked":
                return replace(
                    self,
                    status=RunStatus.FAILED,
                    ended=event["time"],
                    question=event["question"],
                )
            case "finished" | "stopped" | "interrupted" | "failed":
                return replace(
                    self,
                    status=RunStatus(event["event"]),
                    ended=event["time"],
                    message=event.get("message"),
                    incident=event.get("incident"),
                )
        return self


def read_on(log: EventLog, known: AnyState) -> AnyState:
    """The state that a log gives by now.

    Args:
        log: Of a job.
        known: What was known before; only what is new since is read.
    """
    events, offset = log.read(known.offset)
    for event in events:
        known = known.after(event)
    return replace(known, offset=offset)


@dataclass(frozen=True)
class Job:
    """Work for the queue, each in its own folder."""

    kind: Kind
    folder: Path

    @classmethod
    def of_checkup(cls, dataset: Path) -> "Job":
        """The check-up of a data set."""
        return cls(Kind.CHECKING, dataset / home.CHECKUP)

    @classmethod
    def of_alike(cls, dataset: Path) -> "Job":
        """A look at all pictures of a data set, to say which are alike."""
        return cls(Kind.CHECKING, dataset / home.ALIKE)

    @classmethod
    def of_evaluation(cls, folder: Path) -> "Job":
        """The evaluation of a run. It may take long, so it holds up no pictures that come in."""
        return cls(Kind.CHECKING, folder)

    @classmethod
    def of_growth(cls, run: Path) -> "Job":
        """Finding out whether more pictures would help a run."""
        return cls(Kind.CHECKING, run / home.GROWTH)

    @classmethod
    def of_answers(cls, run: Path) -> "Job":
        """The naming of many pictures; like an evaluation, it holds up no single pictures."""
        return cls(Kind.CHECKING, run / home.PREDICTING)

    @classmethod
    def of_export(cls, folder: Path) -> "Job":
        """The export of a run or a project; like an evaluation, it may take long."""
        return cls(Kind.CHECKING, folder)

    def key(self, turn: int) -> str:
        """The job's name in Dask, another one in each turn; `runs.job_of` is the inverse."""
        again = f".{turn}" if turn else ""
        return f"{self.kind}-{self.folder.relative_to(home.root()).as_posix()}{again}"

    @property
    def space(self) -> home.Space:
        """The space that its folder is in."""
        return home.space_of(self.folder)

    @property
    def log(self) -> EventLog:
        return EventLog(self.folder / home.PROGRESS)

    def state(self, known: JobState | None = None) -> JobState:
        """What the log says; given an earlier state, only news is read and folded in."""
        return read_on(self.log, known or JobState())

    @cached_property
    def turn(self) -> int:
        """The turn that this object is about: the one at hand when it was first asked.

        The process of a stopped job may still be at work when the job is begun again. It goes by
        its own turn, and stops.
        """
        return self.state().turn

    def renew(self) -> None:
        """Be about the turn at hand from now on."""
        self.__dict__.pop("turn", None)

    @property
    def stop_requested(self) -> bool:
        return self._stop(self.turn).exists()

    def request_stop(self) -> None:
        """Ask the worker to stop the turn at hand. It looks after every batch or image."""
        self._stop(self.state().turn).touch()

    def _stop(self, turn: int) -> Path:
        """The file that asks for a stop; each turn has its own, so that no stop is lost."""
        return self.folder / (f"{home.STOP}.{turn}" if turn else home.STOP)

    def requeue(self, cluster: dict[str, Any]) -> None:
        """Log that another cluster takes the job than the one first meant."""
        state = self.state()
        fields = {"name": state.name, "upload": state.upload} if state.upload else {}
        self.log.append("queued", cluster=cluster, **fields)

    def finish(self, turn: int | None = None) -> None:
        self._end("finished", turn)

    def stopped(self, turn: int | None = None, *, finishing: Stage | None = None) -> None:
        """It was stopped.

        Args:
            turn: Which turn of it; by default the present one.
            finishing: What its process is at, which ends later.
        """
        still = {"finishing": finishing} if finishing else {}
        self._end("stopped", turn, **still)

    def finishing(self, stage: Stage) -> None:
        """Its end is told already, but its process is not free yet."""
        if self.folder.is_dir():
            self.log.append("finishing", stage=stage)

    def released(self) -> None:
        """Its process is free for others."""
        if self.folder.is_dir():
            self.log.append("released")

    def fail(self, message: str, incident: str | None = None, turn: int | None = None) -> None:
        self._end("failed", turn, message=message, incident=incident)

    def ask(self, question: dict[str, Any]) -> None:
        """End a reading with a question; its upload is kept until that is answered."""
        self._end("asked", None, question=question)

    def lose(self, message: str, turn: int) -> None:
        """Nobody works on it any more, through no fault of its own. A training can be resumed."""
        self._end("interrupted" if self.kind is Kind.TRAINING else "failed", turn, message=message)

    def _end(self, event: str, turn: int | None, **fields: Any) -> None:
        """Write the final event, unless there is one, and tidy up after a reading.

        Args:
            event: Which.
            turn: The turn that ends; by default the present one. Where the job was begun again
                since, in another process perhaps, nothing happens.
            fields: Of the event.
        """
        if not self.folder.is_dir():
            return  # deleted meanwhile
        state = self.state()
        if turn not in (None, state.turn):
            return
        if event != "asked" and state.question is None:
            discard_upload(self.space, state.upload)
        if state.status.final:
            return
        if self.kind is not Kind.TRAINING and event != "finished":
            self._clear()
        self.log.append(event, turn=state.turn, **fields)

    def _clear(self) -> None:
        """Remove what a reading left that did not come to its end."""
        for path in self.folder.iterdir():
            if path.name == home.PROGRESS or path.name.startswith(home.STOP):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def upload_of(path: Path) -> str | None:
    """The folder directly below the uploads that holds path; None where it lies elsewhere."""
    uploads = home.space_of(path).uploads().resolve()
    path = path.resolve()
    return path.relative_to(uploads).parts[0] if uploads in path.parents else None


def discard_upload(space: home.Space, name: str | None) -> None:
    """Delete what was uploaded, once nobody needs it any more."""
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        return
    path = space.uploads() / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
