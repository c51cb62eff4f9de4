"""A run's folder: settings, progress, model and results. A worker writes it, pages read it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core import home
from core.errors import UserError
from core.events import Event, EventLog
from core.settings import TrainingSettings

SETTINGS = "settings.json"


class RunStatus(StrEnum):
    """Where a run stands. All but the first two are final, unless it is resumed."""

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
    """What a running run is busy with, in the order of the work."""

    WEIGHTS = "weights"
    READING = "reading"
    FEATURES = "features"
    TRAINING = "training"
    EVALUATION = "evaluation"


@dataclass
class RunState:
    """The events of a run folded into what a page shows.

    Attributes:
        stages: For each stage met so far: images (or steps) done, their total, and seconds left
            or None.
        heartbeat: The latest step within an epoch: epoch, step, steps, loss, accuracy.
        history: One row an epoch: epoch, accuracy, loss, val_accuracy, val_loss, seconds.
        best_epoch: The epoch whose weights are kept, once there is one.
        images: How many images each side of the split has, once that is known.
        classes: How many classes there are, from then on.
        message: Why it failed or was interrupted, in plain words.
        cluster: The process that took the job: pid and created; None for a terminal's run.
        host: The computer that it runs on.
        pid: The process that it runs in.
        epochs: How many it was told to train when it was resumed; None for what its settings say.
        begin: The epoch after which the present stretch of epochs began.
        turn: How often it was resumed.
        offset: How much of the log has been read.
    """

    status: RunStatus = RunStatus.QUEUED
    submitted: float = 0.0
    started: float | None = None
    ended: float | None = None
    stages: dict[Stage, tuple[int, int, float | None]] = field(default_factory=dict)
    stage: Stage | None = None
    heartbeat: Event | None = None
    history: list[Event] = field(default_factory=list)
    best_epoch: int | None = None
    images: dict[str, int] = field(default_factory=dict)
    classes: int = 0
    message: str | None = None
    incident: str | None = None
    cluster: dict[str, Any] | None = None
    host: str | None = None
    pid: int | None = None
    epochs: int | None = None
    begin: int = 0
    turn: int = 0
    offset: int = 0

    def apply(self, event: Event) -> None:
        """Fold in one more event. After a final one only `resumed` changes anything."""
        if self.status.final and event["event"] != "resumed":
            return
        match event["event"]:
            case "resumed":
                self._begin_again(event)
            case "queued":
                self.submitted = event["time"]
                self.cluster = event.get("cluster")
            case "started":
                self.status, self.started = RunStatus.RUNNING, event["time"]
                self.host, self.pid = event.get("host"), event.get("pid")
            case "stage":
                self.stage = Stage(event["stage"])
                self.stages[self.stage] = (event["done"], event["total"], event["seconds_left"])
            case "images":
                self.images, self.classes = event["images"], event["classes"]
            case "restored":  # epochs after the last checkpoint are trained once more
                self.history = [row for row in self.history if row["epoch"] <= event["epoch"]]
                self.best_epoch = best_epoch(self.history) if self.history else None
            case "batch":
                self.heartbeat = event
            case "epoch":
                self.heartbeat = None
                self.history.append(event)
                self.best_epoch = best_epoch(self.history)
            case "finished" | "stopped" | "interrupted" | "failed" as status:
                self.status, self.ended = RunStatus(status), event["time"]
                self.message = event.get("message")
                self.incident = event.get("incident")

    def _begin_again(self, event: Event) -> None:
        self.status, self.submitted = RunStatus.QUEUED, event["time"]
        self.started = self.ended = self.message = self.incident = None
        self.stage, self.stages, self.heartbeat = None, {}, None
        self.cluster, self.epochs, self.begin = event["cluster"], event["epochs"], event["begin"]
        self.turn += 1


def best_epoch(history: list[Event]) -> int:
    """The epoch with the highest validation accuracy; the lower validation loss breaks ties."""
    best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    return int(best["epoch"])


class Run:
    """One training run, wherever its folder lies.

    The folder holds `settings.json` (settings, name and data set), `progress.jsonl` (see
    docs/run-folder.md), a checkpoint after each epoch, and at the end `model.json`, `model.keras`
    and `results.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = EventLog(folder / "progress.jsonl")

    @property
    def id(self) -> str:
        return self.folder.name

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: TrainingSettings,
        *,
        data: str,
        dataset: str | None = None,
        version: int | None = None,
        cluster: dict[str, Any] | None = None,
    ) -> "Run":
        """Make the folder of a new run, queued.

        Args:
            folder: Where; made with its parents.
            settings: What to train.
            data: The data set's name, for people.
            dataset: The data set's id, where it is a stored one.
            version: Which version of it.
            cluster: The process that will take the job.

        Raises:
            UserError: The folder holds a run already, or something else.
        """
        if (folder / SETTINGS).exists():
            raise UserError(
                f"The folder {folder.name} holds a run already. Choose another, or delete it."
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder.name} is not an empty folder. Choose another for the run.")
        there_before = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder)
        told = {"data": data, "dataset": dataset, "version": version}
        try:
            # The settings make it a run: first, so that what is half made can be deleted.
            home.write_json(folder / SETTINGS, told | {"settings": settings.to_dict()})
            run.log.append("queued", cluster=cluster)
        except OSError:  # the disk is full: what could not even begin leaves nothing
            run.undo(there_before)
            raise
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that exists.

        Raises:
            UserError: There is no run in that folder.
        """
        if not (folder / SETTINGS).is_file():
            raise UserError(
                f"There is no run in {folder.name or folder}. It may have been deleted."
            )
        return cls(folder)

    @property
    def settings(self) -> TrainingSettings:
        try:
            return TrainingSettings.from_dict(dict(self._described("settings")))
        except (TypeError, ValueError) as error:
            raise damaged(self.folder, SETTINGS) from error

    @property
    def data(self) -> str:
        """The name of its data set."""
        return str(self._described("data"))

    @property
    def dataset(self) -> str | None:
        """The id of its stored data set, if it has one; it may have been deleted since."""
        return self._described("dataset")  # type: ignore[no-any-return]

    @property
    def version(self) -> int | None:
        """Which version of its stored data set it learns from; None is the one at hand."""
        return read_facts(self.folder, SETTINGS).get("version")

    def _described(self, fact: str) -> Any:
        return read_facts(self.folder, SETTINGS, fact)[fact]

    @property
    def created(self) -> float:
        """When it was made, seconds since 1970."""
        return (self.folder / SETTINGS).stat().st_mtime

    def state(self, known: RunState | None = None) -> RunState:
        """What the log says; given an earlier state, only news is read and folded in."""
        state = known or RunState()
        events, state.offset = self.log.read(state.offset)
        for event in events:
            state.apply(event)
        return state

    @property
    def checkpoint(self) -> Path:
        """The file that a resumed training goes on from; may not be there."""
        return self.folder / "checkpoint.npz"

    def resume(self, *, more: int = 0, cluster: dict[str, Any] | None = None) -> None:
        """Queue it again, to go on from its last epoch.

        Args:
            more: Epochs to add after those that it has; 0 for those that are left of what was
                ordered.
            cluster: The process that will take the job.

        Raises:
            UserError: It is still at work, or all its epochs are trained.
        """
        state = self.state()
        done, ordered = len(state.history), state.epochs or self.settings.epochs
        if not state.status.final:
            raise UserError("This run is still at work. Wait for it, or stop it first.")
        if not more and state.status is RunStatus.FINISHED:
            raise UserError(f"All {done} epochs of this run are trained. Say how many to add.")
        begin, epochs = (done, done + more) if more else (state.begin, ordered)
        (self.folder / "stop").unlink(missing_ok=True)
        self.log.append("resumed", cluster=cluster, epochs=epochs, begin=begin)

    def request_stop(self) -> None:
        """Ask the worker to stop and keep the best so far. It looks after every batch."""
        (self.folder / "stop").touch()

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists()

    @property
    def has_model(self) -> bool:
        return (self.folder / "model.keras").is_file()

    @property
    def results_path(self) -> Path:
        return self.folder / "results.json"

    def results(self) -> dict[str, Any] | None:
        """The evaluation of its best epoch, or None while there is none."""
        there = self.results_path
        return read_facts(self.folder, there.name) if there.is_file() else None

    def delete(self) -> None:
        home.remove(self.folder)

    def undo(self, there_before: bool) -> None:
        """Leave nothing of a run that came to nothing.

        Args:
            there_before: Whether its folder was there, empty, before it was made.
        """
        if not there_before:
            self.delete()
            return
        for file in self.folder.iterdir():
            file.unlink()


def read_facts(run: Path, file: str, *wanted: str) -> dict[str, Any]:
    """What one of a run's JSON files says.

    Args:
        run: The run's folder.
        file: The file's name.
        wanted: What it must say at least.

    Raises:
        UserError: The file is gone or damaged.
    """
    try:
        facts = home.read_json(run / file)
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError) as error:
        raise damaged(run, file) from error
    if not isinstance(facts, dict) or not facts.keys() >= set(wanted):
        raise damaged(run, file)
    return facts


def damaged(run: Path, file: str) -> UserError:
    """The error for a run of which one file is not as it was written."""
    return UserError(
        f"The run {run.absolute().name} is damaged: {file} is missing or not as it was written. "
        "Put back a copy of it, or delete the run and train again."
    )


def open_run(run_id: str) -> Run:
    """A run of this server by id, which may come from an address bar.

    Raises:
        UserError: There is none.
    """
    if not home.is_id(run_id):
        raise UserError("That is not the address of a run. Open Runs to choose one.")
    return Run.open(home.runs() / run_id)


def all_runs() -> list[Run]:
    """The runs of this server, newest first."""
    if not home.runs().is_dir():
        return []
    folders = sorted(home.runs().iterdir(), reverse=True)
    return [Run(f) for f in folders if home.is_id(f.name) and (f / SETTINGS).is_file()]
