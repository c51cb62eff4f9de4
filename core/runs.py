"""A run's folder: settings, progress, model and results. A worker writes it, pages read it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core import home
from core.errors import UserError
from core.events import Event, EventLog
from core.settings import TrainingSettings


class RunStatus(StrEnum):
    """Where a run stands. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED)


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
        message: Why it failed, in plain words.
        cluster: The process that took the job: pid and created; None for a terminal's run.
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
    message: str | None = None
    incident: str | None = None
    cluster: dict[str, Any] | None = None
    offset: int = 0

    def apply(self, event: Event) -> None:
        """Fold in one more event. After the first final event nothing changes any more."""
        if self.status.final:
            return
        match event["event"]:
            case "queued":
                self.submitted = event["time"]
                self.cluster = event.get("cluster")
            case "started":
                self.status, self.started = RunStatus.RUNNING, event["time"]
            case "stage":
                self.stage = Stage(event["stage"])
                self.stages[self.stage] = (event["done"], event["total"], event["seconds_left"])
            case "batch":
                self.heartbeat = event
            case "epoch":
                self.heartbeat = None
                self.history.append(event)
                self.best_epoch = best_epoch(self.history)
            case "finished" | "stopped" | "failed" as status:
                self.status, self.ended = RunStatus(status), event["time"]
                self.message = event.get("message")
                self.incident = event.get("incident")


def best_epoch(history: list[Event]) -> int:
    """The epoch with the highest validation accuracy; the lower validation loss breaks ties."""
    best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    return int(best["epoch"])


class Run:
    """One training run, wherever its folder lies.

    The folder holds `settings.json` (settings, name and data set), `progress.jsonl` (see
    docs/run-folder.md), and at the end `model.json`, `model.keras` and `results.json`.
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
        cluster: dict[str, Any] | None = None,
    ) -> "Run":
        """Make the folder of a new run, queued.

        Args:
            folder: Where; made with its parents.
            settings: What to train.
            data: The data set's name, for people.
            dataset: The data set's id, where it is a stored one.
            cluster: The process that will take the job.

        Raises:
            UserError: The folder holds a run already, or something else.
        """
        if (folder / "settings.json").exists():
            raise UserError(
                f"The folder {folder.name} holds a run already. Choose another, or delete it."
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder.name} is not an empty folder. Choose another for the run.")
        folder.mkdir(parents=True, exist_ok=True)
        # The settings make it a run: first, so that what is half made can be opened and deleted.
        home.write_json(
            folder / "settings.json",
            {"data": data, "dataset": dataset, "settings": settings.to_dict()},
        )
        run = cls(folder)
        run.log.append("queued", cluster=cluster)
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that exists.

        Raises:
            UserError: There is no run in that folder.
        """
        if not (folder / "settings.json").is_file():
            raise UserError(
                f"There is no run in {folder.name or folder}. It may have been deleted."
            )
        return cls(folder)

    @property
    def settings(self) -> TrainingSettings:
        return TrainingSettings.from_dict(self._description["settings"])

    @property
    def data(self) -> str:
        """The name of its data set."""
        return str(self._description["data"])

    @property
    def dataset(self) -> str | None:
        """The id of its stored data set, if it has one; it may have been deleted since."""
        return self._description["dataset"]  # type: ignore[no-any-return]

    @property
    def _description(self) -> dict[str, Any]:
        return home.read_json(self.folder / "settings.json")  # type: ignore[no-any-return]

    def state(self, known: RunState | None = None) -> RunState:
        """What the log says; given an earlier state, only news is read and folded in."""
        state = known or RunState()
        events, state.offset = self.log.read(state.offset)
        for event in events:
            state.apply(event)
        return state

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
        return home.read_json(self.results_path) if self.results_path.is_file() else None

    def delete(self) -> None:
        home.remove(self.folder)


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
    return [Run(f) for f in folders if home.is_id(f.name) and (f / "settings.json").is_file()]
