"""`runs`: all runs of this THAW_HOME as a list, a CSV, or event files for TensorBoard."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.messages import clean, tell
from core.cli.space import SPACE
from core.errors import UserError
from core.results.overview import event_files, rows, sheet
from core.storage import privacy
from core.storage.runs import Run


def options(parser: argparse.ArgumentParser) -> None:
    """What is written."""
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table of them")
    parser.add_argument(
        "--tensorboard",
        type=Path,
        metavar="DIR",
        help="write their curves for TensorBoard: tensorboard --logdir DIR",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """List the runs, newest first, and write what was asked for."""
    found = rows.rows(SPACE)
    for row in found:
        accuracy = "" if row.accuracy is None else f"{row.accuracy:.4f}"
        status = Run.state(row.run).status
        print(clean(f"{row.run.id}\t{status}\t{accuracy}\t{row.backbone}\t{row.name}"))
    if not found:
        tell("There are no runs yet.")
    if args.csv:
        try:
            with privacy.to_share():
                args.csv.write_text(sheet.csv_of(found, Run.state), encoding="utf-8", newline="")
        except OSError as error:
            raise UserError(
                f"The file {args.csv} cannot be written ({error.strerror}). Choose another with "
                "--csv."
            ) from error
    curves = 0
    if args.tensorboard:
        try:
            with privacy.to_share():
                args.tensorboard.mkdir(parents=True, exist_ok=True)
                curves = event_files.write(args.tensorboard, found, Run.state)
        except OSError as error:
            raise UserError(
                f"{args.tensorboard} cannot be written ({error.strerror}). Choose another folder "
                "with --tensorboard."
            ) from error
    return {
        "runs": [
            {
                "id": row.run.id,
                "name": row.name,
                "state": "damaged" if row.problem else Run.state(row.run).status,
                "accuracy": row.accuracy,
                "interval": row.interval,
                "backbone": row.settings.backbone if row.settings else None,
                "seconds": row.seconds,
                "trainable": row.trainable,
            }
            for row in found
        ],
        "csv": str(args.csv) if args.csv else None,
        "tensorboard": str(args.tensorboard) if args.tensorboard else None,
        "curves": curves,
    }
