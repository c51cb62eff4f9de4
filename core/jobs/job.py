"""A job as its folder tells it: a training, a reading, a check-up, an evaluation."""

import shutil
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from core.results.evaluations import FOLDER as EVALUATIONS
from core.storage import home
from core.storage.events import Event, EventLog
from core.storage.runs import (
    RunState,
    RunStatus,
    Stage,
    ended,
    read_on,
    stop_file,
)


class Kind(StrEnum):
    """What is done; also the name of the Dask resource that a worker needs for it."""

    TRAINING = "training"
    READING = "reading"
    PREDICTION = "prediction"
    CHECKING = "checking"


DIED = {
    Kind.TRAINING: "The training process ended unexpectedly, perhaps because memory ran out. "
    "Nothing else was lost: press Train to run it again.",
    Kind.READING: "The process that reads pictures ended unexpectedly, perhaps because memory "
    "ran out. Nothing else was lost: add the pictures again.",
    Kind.PREDICTION: "The prediction process ended unexpectedly, perhaps because memory ran out. "
    "It starts again by itself: try once more, with fewer or smaller pictures.",
    Kind.CHECKING: "The process that checks pictures ended unexpectedly, perhaps because memory "
    "ran out. Nothing was lost: check them again.",
}
INTERRUPTED = {
    Kind.TRAINING: "The training was interrupted: Thaw's background process ended, or the "
    "computer was restarted. What it had learned until then is kept.",
    Kind.READING: "Reading the pictures was interrupted: Thaw's background process ended, or "
    "the computer was restarted. Add the pictures again.",
    Kind.CHECKING: "Checking the pictures was interrupted: Thaw's background process ended, or the "
    "computer was restarted. Check the pictures again.",
}
AFTER_ALL = -1e12  # the priority of what nobody pressed a button for
_OURS = ("progress.jsonl", "stop")
_CHECKUP = "checkup"  # the folder of a check-up, in that of its data set


@dataclass(frozen=True)
class ImportState:
    """The events of a data set's reading folded into what a page shows.

    Attributes:
        done: Images read so far.
        total: Images there are; 0 until it is known.
        message: Why it failed, in plain words.
        cluster: The process that took the job.
        upload: Folder below the uploads that holds what is read.
        sample: The starter set that it makes, if any.
        read_as: How its paths become classes, in words, once that is known.
        question: What its owner has to say first: an `Unclear` as JSON holds it, `problem`, what
            was wrong with the last answer, and `order`, what was given with the upload.
        turn: How often it was begun again: a reading is whenever a question was answered.
        offset: How much of the log has been read.
    """

    status: RunStatus = RunStatus.QUEUED
    name: str = ""
    submitted: float = 0.0
    started: float | None = None
    ended: float | None = None
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str | None = None
    incident: str | None = None
    cluster: dict[str, Any] | None = None
    upload: str | None = None
    sample: str | None = None
    read_as: str = ""
    question: dict[str, Any] | None = None
    turn: int = 0
    offset: int = 0

    def after(self, event: Event) -> Self:
        """The state once this event has happened.

        After the first final one nothing changes, unless it asked something.
        """
        if event["event"] == "queued" and self.question is not None:
            return type(self)(turn=self.turn + 1, offset=self.offset).after(event)
        if self.status.final or event.get("turn", self.turn) != self.turn:
            return self
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
                return replace(
                    self,
                    done=event["done"],
                    total=event["total"],
                    seconds_left=event["seconds_left"],
                )
            case "understood":
                return replace(self, read_as=event["read_as"])
            case "asked":
                return replace(
                    self,
                    status=RunStatus.FAILED,
                    ended=event["time"],
                    question=event["question"],
                )
            case "finished" | "stopped" | "failed":
                return replace(self, **ended(event))
        return self


@dataclass(frozen=True)
class CheckState(ImportState):
    """The events of a data set's check-ups, of which the latest counts.

    Attributes:
        stage: What it is busy with, as `checkup.of_stored` calls it.
    """

    stage: str = ""

    def after(self, event: Event) -> Self:
        """The state once this event has happened. After a final one only `queued` counts."""
        if event["event"] == "queued" and self.status.final:
            return type(self)(turn=self.turn + 1, offset=self.offset).after(event)
        following = super().after(event)
        if event["event"] == "stage" and following is not self:
            return replace(following, stage=event["stage"])
        return following


@dataclass(frozen=True)
class Job:
    """Work for the queue. What is known of it stands in its folder's log and nowhere else."""

    kind: Kind
    folder: Path

    @classmethod
    def of_key(cls, key: object) -> "Job | None":
        """The job behind a Dask key, if it is one."""
        kind, _, name = str(key).partition("-")
        name = name.partition(".")[0]
        if kind == Kind.TRAINING and home.is_id(name):
            return cls(Kind.TRAINING, home.runs() / name)
        if kind == Kind.READING and home.is_id(name):
            return cls(Kind.READING, home.datasets() / name)
        run, _, evaluation = name.partition("/")
        if kind == Kind.CHECKING and home.is_id(run) and home.is_id(evaluation):
            return cls.of_evaluation(home.runs() / run / EVALUATIONS / evaluation)
        if kind == Kind.CHECKING and home.is_id(name):
            return cls.of_checkup(name)
        return None

    @classmethod
    def of_checkup(cls, dataset_id: str) -> "Job":
        """The check-up of a data set."""
        return cls(Kind.CHECKING, home.datasets() / dataset_id / _CHECKUP)

    @classmethod
    def of_evaluation(cls, folder: Path) -> "Job":
        """The evaluation of a run. It may take long, so it holds up no pictures that come in."""
        return cls(Kind.CHECKING, folder)

    def key(self, state: RunState | ImportState) -> str:
        """The job's name in Dask: another one each time that it is resumed.

        Args:
            state: Where it stands.
        """
        turn = f".{state.turn}" if state.turn else ""
        of_run = self.folder.parent.name == EVALUATIONS
        of = f"{self.folder.parent.parent.name}/" if of_run else ""
        checkup = self.kind is Kind.CHECKING and not of_run
        named = self.folder.parent if checkup else self.folder
        return f"{self.kind}-{of}{named.name}{turn}"

    @property
    def log(self) -> EventLog:
        return EventLog(self.folder / "progress.jsonl")

    def state(self, known: RunState | ImportState | None = None) -> RunState | ImportState:
        """What the log says; given an earlier state, only news is read and folded in."""
        return read_on(self.log, known or _STATES[self.kind]())

    @property
    def stop_requested(self) -> bool:
        return self._stop.exists()

    def request_stop(self) -> None:
        """Ask the worker to stop. It looks after every batch or image."""
        self._stop.touch()

    @property
    def _stop(self) -> Path:
        training = self.kind is Kind.TRAINING
        return stop_file(self.folder, self.state().turn if training else 0)

    def requeue(self, cluster: dict[str, Any]) -> None:
        """Log that another cluster takes the job than the one first meant."""
        state = self.state()
        fields: dict[str, Any] = (
            {"name": state.name, "upload": state.upload} if isinstance(state, ImportState) else {}
        )
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
        if isinstance(state, ImportState) and event != "asked" and state.question is None:
            discard_upload(state.upload)
        if state.status.final:
            return
        if isinstance(state, ImportState) and event != "finished":
            self._clear()
        self.log.append(event, turn=state.turn, **fields)

    def _clear(self) -> None:
        """Remove what a reading left that did not come to its end."""
        for path in self.folder.iterdir():
            if path.name in _OURS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


_STATES: dict[Kind, type[RunState] | type[ImportState]] = {
    Kind.TRAINING: RunState,
    Kind.READING: ImportState,
    Kind.CHECKING: CheckState,
}


def upload_of(path: Path) -> str | None:
    """The folder directly below the uploads that holds path; None where it lies elsewhere."""
    uploads = home.uploads().resolve()
    path = path.resolve()
    return path.relative_to(uploads).parts[0] if uploads in path.parents else None


def discard_upload(name: str | None) -> None:
    """Delete what was uploaded, once nobody needs it any more."""
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        return
    path = home.uploads() / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
