"""`predict`: what a run's model sees in images."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core import spreadsheet
from core.cli.arguments import path
from core.cli.messages import clean, rows, tell
from core.datasets.dataset import Skipped
from core.errors import UserError
from core.intake import room
from core.results import handed
from core.results.prediction import as_table
from core.storage import privacy


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument("run", type=path, metavar="DIR", help="the folder of a run")
    parser.add_argument(
        "images",
        type=Path,
        nargs="+",
        metavar="IMAGE",
        help="images, folders of them, zips or tars",
    )
    parser.add_argument("--top", type=int, default=3)
    parser.add_argument("--csv", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """What a run's model sees in images."""
    from core.results.predictor import of_run  # imports OpenVINO

    room.ready()
    predictor = of_run(args.run)
    skipped: list[Skipped] = []

    def skip(file: Skipped) -> None:
        skipped.append(file)
        tell(f"left out {file.file}: {file.reason}")

    def files() -> Iterator[tuple[str, bytes]]:  # a few at a time: thousands need not fit in memory
        for file in handed.pictures(args.images):
            if isinstance(file, Skipped):
                skip(file)
            else:
                yield file

    named = []
    for p in predictor.each(files(), args.top):
        if p.error is None:
            named.append(p)
        else:
            skip(Skipped(p.file, p.error))
    if args.csv:
        _write_csv(args.csv, as_table(named, min(args.top, len(predictor.classes))))
    elif not args.json:
        for p in named:
            stranger = "\tnot like anything it was taught" if p.known is False else ""
            unsure = "\tless sure than the model's cut-off" if p.sure is False else ""
            print(clean(f"{p.file}\t{p.label}\t{p.confidence:.4f}{stranger}{unsure}"))
    if not named:
        raise UserError("None of these files is an image that can be read.")
    predictions = [{"file": p.file, **p.answer()} for p in named]
    return {"predictions": predictions, "skipped": rows(skipped)}


def _write_csv(path: Path, table: Iterable[Sequence[object]]) -> None:
    try:
        with privacy.to_share(), path.open("w", newline="", encoding="utf-8") as file:
            spreadsheet.write(file, table)
    except OSError as error:
        raise UserError(
            f"The file {path} cannot be written ({error.strerror}). Choose another with --csv."
        ) from error
