"""A run's folder: settings, progress, model and results. A worker writes it, pages read it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from core.errors import UserError
from core.settings import TrainingSettings
from core.storage import files, home, own_names
from core.storage.events import Event
from core.storage.job import Job, JobState, Kind, RunStatus, Stage

# What settings say that were written before these could be chosen.
_BEFORE = {"head_sees": "last", "refit": False}
_ASIDE = ".deleted-"  # then a run's id
_runs: dict[tuple[str, str], Path] = {}  # folders that need not be looked into again
_RESULTS = ("accuracy", "images", "correct", "interval", "classes", "per_class", "confusion")


@dataclass(frozen=True)
class RunState(JobState):
    """The events of a run folded into what a page shows.

    Attributes:
        heartbeat: The latest step within an epoch: epoch, step, steps, loss, accuracy.
        history: One row an epoch: epoch, accuracy, loss, val_accuracy, val_loss, seconds.
        best_epoch: The epoch whose weights are kept, once there is one.
        tried: The candidates of a race that were judged, each with its history and exact solution.
        planned: The same, those of earlier turns included.
        candidate: The one that is being tried, or was last.
        solved: The exact solution of the last layer, once there is one: val_accuracy, val_loss and
            whether it is kept instead.
        images: How many images each side of the split has, once that is known.
        classes: How many classes there are, from then on.
        notice: What a user should know of a run that continues all the same.
        host: The computer that it runs on.
        pid: The process that it runs in.
        epochs: How many it was asked to train when it was resumed; None for what its settings say.
        begin: The epoch after which the present stretch of epochs began.
        finishing: What its process is still at, though the run has ended; None once it is free.
    """

    heartbeat: Event | None = None
    history: tuple[Event, ...] = ()
    best_epoch: int | None = None
    solved: Event | None = None
    tried: tuple[Event, ...] = ()
    planned: tuple[Event, ...] = ()
    candidate: Event | None = None
    images: Mapping[str, int] = field(default_factory=dict)
    classes: int = 0
    notice: str | None = None
    host: str | None = None
    pid: int | None = None
    epochs: int | None = None
    begin: int = 0
    finishing: Stage | None = None

    @property
    def nothing_to_keep(self) -> bool:
        """Whether a stop now would leave nothing that this turn has learned."""
        learned = self.history and self.stage in (Stage.TRAINING, Stage.EVALUATION)
        return not learned and not self.tried

    def after(self, event: Event) -> Self:
        """The state once this event has happened.

        After a final one only `resumed` counts, and an epoch that ended as the run was stopped.
        """
        if event["event"] == "finishing":
            return replace(self, finishing=Stage(event["stage"]))
        if event["event"] == "released":
            return replace(self, finishing=None)
        if self.status.final and event["event"] not in ("resumed", "chosen"):
            learned = event["event"] == "epoch" and self.finishing is Stage.TRAINING
            return self._with((*self.history, event)) if learned else self
        if event.get("turn", self.turn) != self.turn:
            return self  # the end of an earlier turn, written when this one had begun
        known = super().after(event)
        match event["event"]:
            case "resumed":
                return self._begun_again(event)
            case "started":
                host, pid = event.get("host"), event.get("pid")
                return replace(known, host=host, pid=pid, finishing=None)
            case "images":
                return replace(self, images=event["images"], classes=event["classes"])
            case "restored":  # epochs after the last checkpoint are trained once more
                return self._with(row for row in self.history if row["epoch"] <= event["epoch"])
            case "solved":
                return replace(self, solved=event)
            case "candidate":
                begun = replace(self._with(()), candidate=event, solved=None, heartbeat=None)
                return replace(begun, tried=self.tried[: event["number"]])
            case "shortened" if self.candidate is not None:
                settings = self.candidate["settings"] | {"epochs": event["epochs"]}
                return replace(self, candidate=self.candidate | {"settings": settings})
            case "judged":
                row = {**event, "history": self.history, "solved": self.solved}
                tried = (*self.tried, row)
                planned = self.planned if len(self.planned) >= len(tried) else tried
                return replace(self, tried=tried, planned=planned)
            case "chosen" if event["number"] < len(self.tried):
                chosen = self.tried[event["number"]]
                return replace(self._with(chosen["history"]), solved=chosen["solved"])
            case "notice":
                return replace(self, notice=event["message"])
            case "batch":
                return replace(self, heartbeat=event)
            case "epoch":
                return replace(self._with((*self.history, event)), heartbeat=None)
            case "finished" | "stopped" | "interrupted" | "failed":
                still = Stage(event["finishing"]) if event.get("finishing") else None
                return replace(known, finishing=still)
        return known

    def _with(self, rows: Iterable[Event]) -> Self:
        history = tuple(rows)
        return replace(self, history=history, best_epoch=best_epoch(history) if history else None)

    def _begun_again(self, event: Event) -> Self:
        return type(self)(
            submitted=event["time"],
            history=self.history,
            best_epoch=self.best_epoch,
            planned=self.planned,
            images=self.images,
            classes=self.classes,
            cluster=event.get("cluster"),
            host=self.host,
            pid=self.pid,
            epochs=event["epochs"],
            begin=event["begin"],
            turn=self.turn + 1,
            finishing=self.finishing,
            offset=self.offset,
        )


def best_epoch(history: Sequence[Event]) -> int:
    """The epoch with the highest validation accuracy; the lower validation loss breaks ties."""
    best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    return int(best["epoch"])


class Run(Job):
    """One training run, wherever its folder lies: a job that has settings and leaves a model.

    The folder holds `settings.json` (settings, name and data set), `progress.jsonl` (see
    docs/run-folder.md), a checkpoint after each epoch, and at the end `model.json`, `model.keras`
    and `results.json`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(Kind.TRAINING, folder)

    @property
    def id(self) -> str:
        return self.folder.name

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: TrainingSettings,
        *,
        data_name: str,
        dataset_id: str | None = None,
        version: int | None = None,
        after: str | None = None,
        comparison: str | None = None,
        cluster: dict[str, Any] | None = None,
    ) -> "Run":
        """Make the folder of a new run, queued.

        Args:
            folder: Where; made with its parents.
            settings: What to train.
            data_name: The data set's name, for people.
            dataset_id: The data set's id, where it is a stored one.
            version: Which version of it.
            after: The id of the run that this one repeats on pictures that were changed since.
            comparison: The id of the comparison of backbones that it belongs to.
            cluster: The process that will take the job.

        Raises:
            UserError: The folder holds a run already, or something else.
        """
        if (folder / home.SETTINGS).exists():
            raise UserError(
                "The folder {name} holds a run already. Choose another, or delete it.",
                name=folder.name,
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(
                "{name} is not an empty folder. Choose another for the run.",
                name=folder.name,
            )
        there_before = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder)
        told = {"data": data_name, "dataset": dataset_id, "version": version, "after": after}
        told |= {"comparison": comparison} if comparison else {}
        try:
            # The settings make it a run: first, so that what is half made can be deleted.
            files.write_json(folder / home.SETTINGS, told | {"settings": settings.to_dict()})
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
        if not (folder / home.SETTINGS).is_file():
            raise UserError(
                "There is no run in {name}. It may have been deleted.",
                name=folder.name or folder,
            )
        return cls(folder)

    @property
    def settings(self) -> TrainingSettings:
        """What it trains; once a race is over, what won it."""
        told = read_facts(self.folder, home.SETTINGS, "settings")
        return self._settings(told.get("chosen") or told["settings"])

    @property
    def ordered(self) -> TrainingSettings:
        """What it was asked to train; for a race, what it began with."""
        return self._settings(self._described("settings"))

    def _settings(self, told: Any) -> TrainingSettings:
        try:
            return TrainingSettings.from_dict(_BEFORE | dict(told))
        except (TypeError, ValueError) as error:
            raise damaged(self.folder, home.SETTINGS) from error

    def choose(self, settings: TrainingSettings) -> None:
        """Settle what it trains from now on."""
        told = read_facts(self.folder, home.SETTINGS, "settings")
        files.write_json(self.folder / home.SETTINGS, told | {"chosen": settings.to_dict()})

    @property
    def data_name(self) -> str:
        """The name of its data set."""
        return str(self._described("data"))

    @property
    def name(self) -> str:
        """What a person calls it; the name of its data set until somebody has given it one."""
        return own_names.of(self.folder) or self.data_name

    @property
    def dataset_id(self) -> str | None:
        """The id of its stored data set, if it has one; it may have been deleted since."""
        found = self._described("dataset")
        if found is not None and not (isinstance(found, str) and home.is_id(found)):
            raise damaged(self.folder, home.SETTINGS)
        return found

    @property
    def dataset_folder(self) -> Path:
        """The folder of its stored data set, which is not there if it has none."""
        return self.space.datasets() / (self.dataset_id or "none")

    @property
    def version(self) -> int | None:
        """Which version of its stored data set it learns from; None is the one at hand."""
        return read_facts(self.folder, home.SETTINGS).get("version")

    @property
    def after(self) -> str | None:
        """The id of the run that it repeats on changed pictures; that may be deleted by now."""
        return self._id_of("after")

    @property
    def comparison(self) -> str | None:
        """The id that all runs of one comparison of backbones share."""
        return self._id_of("comparison")

    def _id_of(self, fact: str) -> str | None:
        found = read_facts(self.folder, home.SETTINGS).get(fact)
        return found if isinstance(found, str) and home.is_id(found) else None

    def _described(self, fact: str) -> Any:
        return read_facts(self.folder, home.SETTINGS, fact)[fact]

    @property
    def created(self) -> float:
        """When it was made, seconds since 1970."""
        return (self.folder / home.SETTINGS).stat().st_mtime

    def state(self, known: JobState | None = None) -> RunState:
        """What the log says; given an earlier state, only news is read and folded in."""
        found = super().state(known or RunState())
        assert isinstance(found, RunState)
        return found

    @property
    def checkpoint(self) -> Path:
        """The file that a resumed training goes on from; may not be there."""
        return self.folder / home.CHECKPOINT

    def checkpoint_of(self, candidate: int) -> Path:
        """The same of one candidate of a race."""
        return self.folder / home.CANDIDATE.format(number=candidate)

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
            raise UserError("This run is still running. Wait for it, or stop it first.")
        if not more and state.status is RunStatus.FINISHED:
            raise UserError(
                "All {done} epochs of this run are trained. Say how many to add.",
                done=done,
            )
        begin, epochs = (done, done + more) if more else (state.begin, ordered)
        self.log.append("resumed", cluster=cluster, epochs=epochs, begin=begin)
        self.renew()

    @property
    def at_work(self) -> bool:
        """Whether this turn has not ended, by what its log says."""
        state = self.state()
        return state.turn == self.turn and not state.status.final

    @property
    def keeps(self) -> bool:
        """Whether to keep what this turn has learned: it has not ended, or it was learning then."""
        state = self.state()
        learned = not state.status.final or state.finishing is Stage.TRAINING or bool(state.tried)
        return learned and state.turn == self.turn

    @property
    def has_model(self) -> bool:
        return (self.folder / home.MODEL).is_file()

    @property
    def results_path(self) -> Path:
        return self.folder / home.RESULTS

    def results(self) -> dict[str, Any] | None:
        """The evaluation of its best epoch, or None while there is none."""
        there = self.results_path
        return read_facts(self.folder, there.name, *_RESULTS) if there.is_file() else None

    def delete(self) -> None:
        files.remove(self.folder)

    def put_aside(self) -> None:
        """Delete it in such a way that `bring_back` can undo it for a while.

        From then on it is in no list. What lies aside for more than an hour is deleted for good
        when Thaw's background processes start next.
        """
        with suppress(FileNotFoundError):  # it is deleted already
            self.folder.rename(self.folder.with_name(_ASIDE + self.id))

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
        facts = files.read_json(run / file)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise damaged(run, file) from error
    if not isinstance(facts, dict) or not facts.keys() >= set(wanted):
        raise damaged(run, file)
    return facts


def damaged(run: Path, file: str) -> UserError:
    """The error for a run of which one file is not as it was written."""
    return UserError(
        "The run {name} is damaged: {file} is missing or not as it was written. Put back "
        "a copy of it, or delete the run and train again.",
        name=run.absolute().name,
        file=file,
    )


def job_of(key: object) -> Job | None:
    """The job behind a Dask key (see `Job.key`); None where it is the key of something else."""
    kind, _, name = str(key).partition("-")
    parts = name.partition(".")[0].split("/")
    if kind not in list(Kind) or len(parts) < 3 or not all(map(home.is_id, parts)):
        return None
    folder = home.root().joinpath(*parts)
    return Run(folder) if kind == Kind.TRAINING else Job(Kind(kind), folder)


def open_run(space: home.Space, run_id: str) -> Run:
    """A run of a space by id, which may come from an address bar.

    Raises:
        UserError: There is none.
    """
    if not home.is_id(run_id):
        raise UserError("There is no such run. Choose another one.")
    return Run.open(space.runs() / run_id)


def all_runs(space: home.Space) -> list[Run]:
    """The runs of a space, newest first."""
    folder = space.runs()
    names = sorted(filter(home.is_id, os.listdir(folder)), reverse=True) if folder.is_dir() else []
    here = str(folder)  # a path takes longer to compare
    return [Run(known) for name in names if (known := _run_folder(here, name))]


def _run_folder(folder: str, name: str) -> Path | None:
    """One that holds settings. Once it does it is a run, whatever becomes of them."""
    if (folder, name) not in _runs and os.path.isfile(os.path.join(folder, name, home.SETTINGS)):
        _runs[folder, name] = Path(folder, name)
    return _runs.get((folder, name))


def aside(space: home.Space) -> list[Run]:
    """The deleted runs of a space that can be brought back, the newest first."""
    found = space.runs().glob(f"{_ASIDE}*") if space.runs().is_dir() else ()
    return [
        Run(folder)
        for folder in sorted(found, reverse=True)
        if home.made_at(folder.name.removeprefix(_ASIDE)) and (folder / home.SETTINGS).is_file()
    ]


def bring_back(run: Run) -> None:
    """Undo the deletion of a run.

    Args:
        run: As `aside` gives it.
    """
    with suppress(FileNotFoundError):  # somebody else was faster
        run.folder.rename(run.folder.with_name(run.folder.name.removeprefix(_ASIDE)))
