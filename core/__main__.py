"""The same jobs from a terminal: python -m core inspect | train | evaluate | predict | backbones.

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
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.runs import Run
from core.settings import OPTIMIZERS, SplitSettings, TrainingSettings
from core.terminal import (
    Recorded,
    clean,
    counter,
    following,
    peak_rss_mb,
    record,
    stop_on_interrupt,
    tell,
)

Result = dict[str, Any]


def inspect(args: argparse.Namespace) -> Result:
    """What a zip or a folder holds."""
    from core.data import dataset
    from core.data.archive import open_source

    source = open_source(args.path)
    found = dataset.read(
        source, split=SplitSettings(), at_least=64, report=counter("reading images")
    )
    for label, images in found.counts.items():
        print(clean(f"{label}\t{images}"))
    for skipped in found.skipped:
        tell(f"left out {skipped.file}: {skipped.reason}")
    return {
        "classes": found.counts,
        "images": len(found.records),
        "skipped": [{"file": s.file, "reason": s.reason} for s in found.skipped],
        "split": found.split_counts,
    }


def train(args: argparse.Namespace) -> Result:
    """Train in this process, into a folder."""
    settings = TrainingSettings(
        backbone=args.backbone,
        frozen_layers=args.frozen_layers,
        dense=args.dense,
        dropout=args.dropout,
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        optimizer=args.optimizer,
        seed=args.seed,
    )
    split = SplitSettings(args.validation, args.seed)
    from core.backbones.catalog import backbone_of
    from core.data.archive import open_source
    from core.data.feed import SourceFeed

    backbone_of(settings)  # a mistake is told before there is a folder
    source = open_source(args.path)
    folder = args.run.resolve()
    there_before = folder.exists()
    run = _create(folder, settings, source.name)
    from core.training.fit import train

    with stop_on_interrupt(run), following(run):
        run.log.append("started", host=socket.gethostname(), pid=os.getpid())
        try:
            results = train(run, SourceFeed(source, split))
        except UserError:
            _undo(run, there_before)
            raise
        except KeyboardInterrupt:
            run.log.append("stopped", best_epoch=None)
            raise
        except Exception as error:
            incident, told = record(error)
            run.log.append("failed", message="Something went wrong inside.", incident=incident)
            raise Recorded(told) from error
    if results["best_epoch"] is None:
        _undo(run, there_before)
        raise UserError("Stopped before the first epoch ended, so there is no model.")
    for row in results["history"]:
        print("\t".join(f"{name}={value:g}" for name, value in row.items()))
    keys = ("classes", "history", "best_epoch", "val_accuracy", "parameters", "seconds")
    return {
        "run": str(args.run),
        **{key: results[key] for key in keys},
        "peak_rss_mb": peak_rss_mb(),
    }


def _create(folder: Path, settings: TrainingSettings, data: str) -> Run:
    try:
        return Run.create(folder, settings, data=data)
    except OSError as error:
        raise UserError(
            f"The folder {folder} cannot be made ({error.strerror}). Choose another for the run."
        ) from error


def _undo(run: Run, there_before: bool) -> None:
    """Leave nothing of a run that came to nothing: the same command does once it is put right."""
    if not there_before:
        run.delete()
        return
    for file in run.folder.iterdir():
        file.unlink()


def evaluate(args: argparse.Namespace) -> Result:
    """How well a run's model does on labelled images."""
    from core.data.archive import open_source
    from core.results.predictor import Predictor

    predictor = Predictor(args.run)
    results = predictor.evaluate(open_source(args.path), counter("judging images"))
    print(f"accuracy\t{results['accuracy']:.4f}\timages\t{results['images']}")
    return {key: results[key] for key in ("accuracy", "images", "per_class", "confusion")}


def predict(args: argparse.Namespace) -> Result:
    """What a run's model sees in images."""
    from core.results.predictor import Predictor

    predictor = Predictor(args.run)
    rows = []
    for path in args.images:  # one after the other: thousands need not fit into memory
        try:
            (p,) = predictor.predict([_named_bytes(path)], args.top)
        except OSError as error:
            tell(f"left out {_printable(path)}: {error.strerror}")
            continue
        if p.error is not None:
            tell(f"left out {p.file}: {p.error}")
            continue
        rows.append({"file": p.file, "label": p.label, "confidence": p.confidence, "top": p.top})
    if args.csv:
        _write_csv(args.csv, rows, min(args.top, len(predictor.classes)))
    elif not args.json:
        for row in rows:
            print(clean(f"{row['file']}\t{row['label']}\t{row['confidence']:.4f}"))
    if not rows:
        raise UserError("None of these files is an image that can be read.")
    return {"predictions": rows}


def backbones(args: argparse.Namespace) -> Result:
    """The catalogue."""
    from core.backbones.catalog import BACKBONES
    from core.backbones.weights import ready_offline

    rows = []
    for b in BACKBONES.values():
        ready = ready_offline(b)
        rows.append(
            {
                "name": b.name,
                "title": b.title,
                "parameters": b.parameters,
                "layers": len(b.layers),
                "blocks": [
                    {"name": block.name, "first": block.first, "last": block.last}
                    for block in b.blocks
                ],
                "input_size": b.input_size,
                "weights": b.weights.origin,
                "offline": ready,
            }
        )
        print(f"{b.name}\t{b.parameters}\t{len(b.layers)} layers\t{b.input_size} px\t"
              f"{b.weights.origin}\t{'ready' if ready else 'needs a download'}")  # fmt: skip
    return {"backbones": rows}


def _named_bytes(path: Path) -> tuple[str, bytes]:
    return _printable(path), path.read_bytes()


def _printable(path: Path) -> str:
    """A file's name; one that is no UTF-8 could not be printed."""
    return os.fsencode(path).decode("utf-8", "replace")


def _write_csv(path: Path, rows: list[Result], top: int) -> None:
    try:
        _write_rows(path, rows, top)
    except OSError as error:
        raise UserError(
            f"The file {path} cannot be written ({error.strerror}). Choose another with --csv."
        ) from error


def _write_rows(path: Path, rows: list[Result], top: int) -> None:
    columns = ["file", "label", "confidence"]
    for place in range(1, top + 1):
        columns += [f"label_{place}", f"confidence_{place}"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            pairs = [value for pair in row["top"] for value in pair]
            writer.writerow([row["file"], row["label"], row["confidence"], *pairs])


def _frozen_layers(text: str) -> int | None:
    try:
        return None if text == "all" else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected all or a number, received {text!r}") from None


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text not in ("", "none") else ()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers as in 128,64, received {text!r}"
        ) from None


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> Any:
        raise UserError(f"{message[:1].upper()}{message[1:]}. See: python -m core --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(job: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(job.__name__, help=job.__doc__, description=job.__doc__)
        added.set_defaults(job=job)
        added.add_argument("--json", action="store_true", help="end with one JSON object")
        return added

    added = command(inspect)
    added.add_argument("path", type=Path, metavar="PATH", help="a zip or folder of class folders")

    default = TrainingSettings()
    added = command(train)
    added.add_argument("path", type=Path, metavar="PATH", help="a zip or folder of class folders")
    added.add_argument("--run", type=Path, required=True, metavar="DIR", help="a new folder")
    added.add_argument("--backbone", default=default.backbone, metavar="NAME")
    added.add_argument("--frozen-layers", type=_frozen_layers, default=None, metavar="all|N")
    added.add_argument("--dense", type=_units, default=default.dense, metavar="U,U,U")
    added.add_argument("--dropout", type=float, default=default.dropout, metavar="P")
    added.add_argument("--epochs", type=int, default=default.epochs)
    added.add_argument("--batch-size", type=int, default=default.batch_size)
    added.add_argument("--learning-rate", type=float, default=default.learning_rate)
    added.add_argument("--optimizer", default=default.optimizer, metavar="|".join(OPTIMIZERS))
    added.add_argument("--validation", type=float, default=SplitSettings().validation)
    added.add_argument("--seed", type=int, default=default.seed)

    added = command(evaluate)
    added.add_argument("run", type=Path, metavar="DIR", help="the folder of a run")
    added.add_argument("path", type=Path, metavar="PATH", help="a labelled zip or folder")

    added = command(predict)
    added.add_argument("run", type=Path, metavar="DIR", help="the folder of a run")
    added.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    added.add_argument("--top", type=int, default=3)
    added.add_argument("--csv", type=Path, metavar="FILE")

    command(backbones)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0, 2 for a user's mistake, 1 for an internal error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a class may be called 猫 anywhere
    try:
        args = _parser().parse_args(arguments)
        result = args.job(args)
    except UserError as error:
        tell(str(error))
        return 2
    except KeyboardInterrupt:
        tell("Interrupted.")
        return 130
    except Recorded as error:
        tell(str(error))
        return 1
    except Exception as error:
        tell(record(error)[1])
        return 1
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
