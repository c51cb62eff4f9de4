"""`train`: train in this process, into a folder."""

import argparse
import os
import socket
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from psutil import pid_exists

from core.backbones.catalogue.rows import backbone_named, backbone_of, beside_of, one_spelling
from core.backbones.weights import own_weights
from core.cli.arguments import (
    add_settings,
    divided_images,
    option,
    path,
    preparation_of,
    source_of,
    split_of,
    tell_reading,
)
from core.cli.messages import (
    NO_MODEL,
    Recorded,
    following,
    peak_rss_mb,
    record,
    remedy,
    rows,
    stop_on_interrupt,
    tell_left_out,
)
from core.cli.space import SPACE
from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake import room
from core.settings import ALL, BEST, IMAGENET, RANDOM, THAWED, TrainingSettings
from core.storage.runs import Run
from core.training.racing.candidates import why

RECIPES: dict[str, dict[str, Any]] = {"quick": {}, "best": {"budget": BEST}}


def options(parser: argparse.ArgumentParser) -> None:
    """What is not given is not set: the recipe says it, or the run that is resumed."""
    divided_images(parser)
    folder = "a new folder; with --resume, that of a run"
    parser.add_argument("--run", type=path, required=True, metavar="DIR", help=folder)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with that run from its last epoch, on the same images; with --epochs beyond "
        "those that it has, train it further",
    )
    parser.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        default="quick",
        help="quick keeps all layers frozen; best then tries a second network beside the first "
        f"and thawed layers, within {BEST} s (--budget), and keeps what is clearly better. Other "
        "options change what the recipe says",
    )
    thawed = ", ".join(f"{option(name)} {value:g}" for name, value in THAWED.items())
    settings = parser.add_argument_group("settings", f"where layers are thawed: {thawed}")
    add_settings(settings, TrainingSettings, set_only=True)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train in this process, into a folder."""
    room.ready(room.LITTLE)
    source = source_of(args)
    folder = args.run.resolve()
    there_before = folder.exists()
    if args.resume:
        run = _resumed(folder, args)
        seed = run.settings.seed
    else:
        settings = _settings(args)
        if args.one_class:
            settings = settings.for_one_class()
        seed = settings.seed
        run = _create(folder, settings, source.name)
    from core.training.fit import train

    def leave() -> None:
        if args.resume:
            _end(run, "stopped", best_epoch=None)
        else:
            run.undo(there_before)

    with stop_on_interrupt(run, leave), following(run):
        try:
            run.log.append("started", host=socket.gethostname(), pid=os.getpid())
            split = split_of(args, seed)
            read_as = tell_reading(args, source)
            feed = SourceFeed(source, split, preparation_of(args))
            results = train(run, feed)
        except UserError as error:
            if args.resume:
                _end(run, "failed", message=str(error))
            else:
                run.undo(there_before)
            raise
        except KeyboardInterrupt:
            _end(run, "stopped", best_epoch=None)
            raise
        except Exception as error:
            told = remedy(error, folder)
            if told is None:
                incident, told = record(error)
                _end(run, "failed", message="Something went wrong inside.", incident=incident)
                raise Recorded(told) from error
            if args.resume or run.checkpoint.is_file():
                _end(run, "failed", message=told)
                raise UserError(f"{told} Then go on with --resume.") from error
            run.undo(there_before)
            raise UserError(told) from error
    if results["best_epoch"] is None:
        if not args.resume:
            run.undo(there_before)
        raise UserError(NO_MODEL)
    tell_left_out(feed.skipped)
    for row in results["history"]:
        print("\t".join(f"{name}={value:g}" for name, value in row.items()))
    keys = ("classes", "history", "best_epoch", "solved", "refit", "val_accuracy", "parameters")
    if "race" in results:
        print(why(results["race"], results["winner"]))
    return {
        "run": str(args.run),
        **{key: results[key] for key in keys},
        "race": results.get("race"),
        "winner": results.get("winner"),
        "seconds": results["seconds"],
        "read_as": read_as,
        "skipped": rows(feed.skipped),
        "peak_rss_mb": peak_rss_mb(),
    }


def _resumed(folder: Path, args: argparse.Namespace) -> Run:
    """A run that is there, queued again; one whose process was killed is not at work any more."""
    run = Run.open(folder)
    state = run.state()
    if not state.status.final:
        if state.host == socket.gethostname() and state.pid and pid_exists(state.pid):
            raise UserError(f"This run is still at work, in process {state.pid}.")
        run.log.append("interrupted", message="Its process ended.")
    more = getattr(args, "epochs", 0) - len(state.history)
    ordered = state.epochs or run.settings.epochs
    run.resume(more=more if len(state.history) + more > ordered else 0)
    return run


def _settings(args: argparse.Namespace) -> TrainingSettings:
    """What recipe and options say; a weights file is checked and kept, and named by its digest."""
    given = {each.name: getattr(args, each.name) for each in fields(TrainingSettings)
             if hasattr(args, each.name)}  # fmt: skip
    values = RECIPES[args.recipe] | given
    if values.get("weights") == RANDOM:
        values.setdefault("frozen_layers", 0)
    chosen = values.get("weights", IMAGENET)
    named = TrainingSettings.from_dict(
        values | {"weights": chosen if chosen in (IMAGENET, RANDOM) else IMAGENET}
    )
    if one_spelling(named).frozen_layers != ALL:
        values = THAWED | values
    if chosen not in (IMAGENET, RANDOM):
        file = Path(values["weights"])
        if not file.is_file():
            raise UserError(
                f"Expected {IMAGENET}, {RANDOM} or a weights file, received {values['weights']!r}."
            )
        backbone = backbone_named(named.backbone, named.alpha)
        values["weights"] = own_weights.keep(SPACE, file, file.name, backbone).digest
    settings = one_spelling(TrainingSettings.from_dict(values))
    backbone_of(settings)  # a mistake is told before there is a folder
    beside_of(settings)
    return settings


def _create(folder: Path, settings: TrainingSettings, data: str) -> Run:
    try:
        return Run.create(folder, settings, data_name=data)
    except OSError as error:
        raise UserError(
            f"The folder {folder} cannot be made ({error.strerror}). Choose another for the run."
        ) from error


def _end(run: Run, event: str, **fields: Any) -> None:
    """Log how it ended, if the disk takes it: what matters is told in any case."""
    with suppress(OSError):
        run.log.append(event, **fields)
