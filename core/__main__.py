"""The same jobs from a terminal: python -m core inspect | advise | train | evaluate | predict | …

Data goes to standard output, messages and progress to standard error. A user's mistake exits with
2 and one sentence, an internal error with 1, one sentence and the log's path.
"""

import argparse
import csv
import io
import json
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from psutil import pid_exists

from core import config, shown
from core.cli import arguments
from core.cli.terminal import (
    NO_MODEL,
    Recorded,
    clean,
    counter,
    following,
    peak_rss_mb,
    record,
    remedy,
    stop_on_interrupt,
    tell,
    tell_left_out,
)
from core.errors import UserError
from core.intake import room
from core.settings import IMAGENET, RANDOM, THAWED_EPOCHS, Grouping, SplitSettings, TrainingSettings
from core.storage import home
from core.storage.runs import Run

Result = dict[str, Any]


def inspect(args: argparse.Namespace) -> Result:
    """What a zip or a folder holds."""
    from core.datasets import reading
    from core.intake.pictures import preparing

    if args.doctor:
        room.ready(room.LITTLE)
    source, split = _opened(args), _division(args)
    read_as = _read_as(args, source)
    said: Result = {}
    if args.doctor:
        from core.doctor import checkup

        found, looked = checkup.of_source(source, split, counter, _chosen(args))
        said = {"doctor": looked.to_dict()}
    else:
        preparation = preparing.of_source(source, chosen=_chosen(args))
        found = reading.read(
            source,
            split=split,
            at_least=64,
            report=counter("reading images"),
            preparation=preparation,
        )
    for label, images in found.counts.items():
        print(clean(f"{label}\t{images}"))
    if found.preparation.in_words():
        tell(found.preparation.in_words())
    for skipped in found.skipped:
        tell(f"left out {skipped.file}: {skipped.reason}")
    for finding in said.get("doctor", {}).get("findings", ()):
        print(shown.isolated(clean(f"{finding['title']}. {finding['sentence']}")))
        for case in finding["cases"]:
            print(clean(f"\t{', '.join(case['files'])}: {case['told']}"))
    return {
        "classes": found.counts,
        "images": len(found.records),
        "skipped": _as_json(found.skipped),
        "split": found.split_counts,
        **({"preparation": found.preparation.to_dict()} if found.preparation.key else {}),
        "read_as": read_as,
        **said,
    }


def _opened(args: argparse.Namespace) -> Any:
    """The source, to be read as the options say, with tables of labels that lie elsewhere."""
    from core.intake.archives.archive import WithFiles, open_source

    reading = arguments.reading_of(args)
    source = open_source(args.path, reading=reading, follow=True)
    inside = {member.name for member in source.members}
    named = set(reading.tables if reading else ()) - inside
    outside = {name: Path(name) for name in named if Path(name).is_file()}
    return WithFiles(source, outside) if outside else source


def _read_as(args: argparse.Namespace, source: Any, least: int = 2) -> str:
    """How the source is read, which is told before anything else happens."""
    from core.intake.layouts import layout

    grouped = getattr(args, "group_by", None) == Grouping.FOLDER
    found = layout.place(source, least=least, grouped=grouped)
    if found.classes:  # else that is told as what is wrong
        tell(found.told())
    return found.told()


def train(args: argparse.Namespace) -> Result:
    """Train in this process, into a folder."""
    from core.datasets.feed import SourceFeed

    room.ready(room.LITTLE)
    source = _opened(args)
    folder = args.run.resolve()
    there_before = folder.exists()
    if args.resume:
        run = _resumed(folder, args)
        seed = run.settings.seed
    else:
        settings = _settings(args, source)
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
            split = _division(args, seed)
            read_as = _read_as(args, source)
            feed = SourceFeed(source, split, _chosen(args))
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
    keys = ("classes", "history", "best_epoch", "val_accuracy", "parameters", "seconds")
    return {
        "run": str(args.run),
        **{key: results[key] for key in keys},
        "read_as": read_as,
        "skipped": _as_json(feed.skipped),
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


def _settings(args: argparse.Namespace, source: Any) -> TrainingSettings:
    """What recipe and options say; a weights file is checked and kept, and named by its digest."""
    from core.backbones.catalogue.rows import backbone_named, backbone_of, one_spelling

    given = {each.name: getattr(args, each.name) for each in fields(TrainingSettings)
             if hasattr(args, each.name)}  # fmt: skip
    base = _advice(source, args)[0].settings if args.recipe == "best" else None
    values = (base.to_dict() if base else {}) | given
    if values.get("weights") == RANDOM:
        values.setdefault("frozen_layers", 0)
    chosen = values.get("weights", IMAGENET)
    named = TrainingSettings.from_dict(
        values | {"weights": chosen if chosen in (IMAGENET, RANDOM) else IMAGENET}
    )
    if one_spelling(named).frozen_layers is not None:
        values.setdefault("epochs", THAWED_EPOCHS)
    if chosen not in (IMAGENET, RANDOM):
        from core.backbones.weights import own_weights

        file = Path(values["weights"])
        if not file.is_file():
            raise UserError(
                f"Expected {IMAGENET}, {RANDOM} or a weights file, received {values['weights']!r}."
            )
        backbone = backbone_named(named.backbone, named.alpha)
        values["weights"] = own_weights.keep(file, file.name, backbone).digest
    settings = one_spelling(TrainingSettings.from_dict(values))
    backbone_of(settings)  # a mistake is told before there is a folder
    return settings


def _create(folder: Path, settings: TrainingSettings, data: str) -> Run:
    try:
        return Run.create(folder, settings, data=data)
    except OSError as error:
        raise UserError(
            f"The folder {folder} cannot be made ({error.strerror}). Choose another for the run."
        ) from error


def _end(run: Run, event: str, **fields: Any) -> None:
    """Log how it ended, if the disk takes it: what matters is told in any case."""
    with suppress(OSError):
        run.log.append(event, **fields)


def evaluate(args: argparse.Namespace) -> Result:
    """How well a run's model does on labelled images."""
    from core.results import learned
    from core.results.predictor import of_run

    room.ready()
    predictor = of_run(args.run)
    source = _opened(args)
    read_as = _read_as(args, source, least=1)
    known = learned.digests(Run(args.run))
    results = predictor.evaluate(source, counter("judging images"), known)
    tell_left_out(results["skipped"])
    on = "the test side of these images" if results["side"] else "all of these images"
    tell(f"judged on {on}")
    print(f"accuracy\t{results['accuracy']:.4f}\timages\t{results['images']}")
    if known is None:
        tell("Which images the run has learned from is not known.")
    elif results["learned_from"]:
        tell(f"The run has learned from {results['learned_from']} of these {results['images']}.")
        if results["unseen"]:
            unseen = results["unseen"]
            print(f"unseen accuracy\t{unseen['accuracy']:.4f}\timages\t{unseen['images']}")
    keys = ("accuracy", "images", "per_class", "confusion", "side", "learned_from", "unseen")
    return {
        **{key: results[key] for key in keys},
        "read_as": read_as,
        "skipped": _as_json(results["skipped"]),
    }


def predict(args: argparse.Namespace) -> Result:
    """What a run's model sees in images."""
    from core.datasets.dataset import Skipped
    from core.results import handed
    from core.results.prediction import as_table
    from core.results.predictor import of_run

    room.ready()
    predictor = of_run(args.run)
    named, skipped = [], []
    for file in handed.pictures(args.images):  # one at a time: thousands need not fit into memory
        if isinstance(file, Skipped):
            skipped.append(file)
            tell(f"left out {file.file}: {file.reason}")
            continue
        (p,) = predictor.predict([file], args.top)
        if p.error is not None:
            skipped.append(Skipped(p.file, p.error))
            tell(f"left out {p.file}: {p.error}")
            continue
        named.append(replace(p, thumbnail=None, seen=None))
    if args.csv:
        _write_csv(args.csv, as_table(named, min(args.top, len(predictor.classes))))
    elif not args.json:
        for p in named:
            print(clean(f"{p.file}\t{p.label}\t{p.confidence:.4f}"))
    if not named:
        raise UserError("None of these files is an image that can be read.")
    rows = [{"file": p.file, "label": p.label, "confidence": p.confidence, "top": p.top}
            for p in named]  # fmt: skip
    return {"predictions": rows, "skipped": _as_json(skipped)}


def advise(args: argparse.Namespace) -> Result:
    """What to choose for the images in a zip or a folder, and why."""
    room.ready(room.LITTLE)
    source = _opened(args)
    read_as = _read_as(args, source)
    advice, skipped = _advice(source, args)
    tell_left_out(skipped)
    print(shown.isolated(clean(f"Suggested for {advice.told}. {advice.reasons}")))
    chosen = {name: value for name, value in advice.settings.to_dict().items()
              if value != TrainingSettings().to_dict()[name]}  # fmt: skip
    print(" ".join(_option(name, value) for name, value in chosen.items()))
    return {
        "likeness": advice.likeness.to_dict(),
        "case": advice.case,
        "reasons": advice.reasons,
        "settings": advice.settings.to_dict(),
        "read_as": read_as,
        "skipped": _as_json(skipped),
    }


def _division(args: argparse.Namespace, seed: int = 0) -> SplitSettings:
    """How images are divided, where they do not come so."""
    return SplitSettings(args.validation, seed, args.test, args.group_by)


def _chosen(args: argparse.Namespace) -> Any:
    """What is said of how pictures are read."""
    from core.intake.pictures.preparation import Paper
    from core.intake.pictures.preparing import Chosen

    return Chosen(args.levels, args.bands, Paper(args.paper) if args.paper else None)


def _advice(source: Any, args: argparse.Namespace) -> tuple[Any, Sequence[Any]]:
    """What is advised for a source's images, and what was left out of it."""
    from core.advice import advisor, survey
    from core.datasets.feed import SourceFeed

    feed = SourceFeed(source, _division(args), _chosen(args))
    dataset, alike = survey.measure(feed, counter("looking at images"))
    return advisor.advise(dataset, alike), dataset.skipped


def _as_json(skipped: Iterable[Any]) -> list[dict[str, str]]:
    """Files that were left out, and why, as every command gives them."""
    return [{"file": one.file, "reason": one.reason} for one in skipped]


def _option(name: str, value: Any) -> str:
    """A setting as the command line takes it."""
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{name.replace('_', '-')}"
    return f"--{name.replace('_', '-')} {value}"


def backbones(args: argparse.Namespace) -> Result:
    """The catalogue; or bring weights onto a stick, or add a TensorFlow Hub module."""
    from core.cli import catalogue_command

    if args.fetch:
        return catalogue_command.fetch(args)
    if args.add:
        return catalogue_command.add(args)
    return catalogue_command.listing()


def stop(args: argparse.Namespace) -> Result:
    """End Thaw's background processes, whatever they are doing."""
    from core.jobs.cluster.ending import end_clusters

    stopped = end_clusters()
    tell(
        "Thaw's background processes have ended. A training that was under way can be resumed "
        "from its last epoch."
        if stopped
        else "Nothing of Thaw runs in the background."
    )
    return {"stopped": stopped}


def _write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    try:
        with home.to_share(), path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    except OSError as error:
        raise UserError(
            f"The file {path} cannot be written ({error.strerror}). Choose another with --csv."
        ) from error


_COMMANDS = (inspect, advise, train, evaluate, predict, backbones, stop)


def main(given: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0, 2 for a user's mistake, 1 for an internal error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a class may be called 猫 anywhere
    written: list[Path] = []
    try:
        args = arguments.parser(_COMMANDS).parse_args(given)
        config.check()
        home.make_private()
        room.check_home()
        written += [args.run] if args.job is train else []
        result = args.job(args)
        if args.json:
            print(json.dumps(result))
        sys.stdout.flush()
    except UserError as error:
        tell(remedy(error) or str(error))
        return 2
    except KeyboardInterrupt:
        tell("Interrupted.")
        return 130
    except BrokenPipeError:  # whoever reads has read enough: `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Recorded as error:
        tell(str(error))
        return 1
    except Exception as error:
        told = remedy(error, *written)
        tell(told or record(error)[1])
        return 2 if told else 1
    return 0


if __name__ == "__main__":
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # main has told what was wrong with it
            stream.flush()
    # TensorFlow takes half a second to put in order what the system takes back anyway.
    os._exit(code)
