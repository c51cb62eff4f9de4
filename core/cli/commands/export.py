"""`export`: a run's model for other programs, in a zip that was tried before it is written."""

import argparse
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from core.cli.arguments import path
from core.cli.messages import counter, tell
from core.exports import table
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.table import Format
from core.intake import room
from core.intake.archives.archive import open_source
from core.storage.job import Stage
from core.storage.runs import Run

_TOLD = {
    Stage.READING: "reading pictures",
    Stage.CONVERTING: "converting",
    Stage.PROVING: "trying it on pictures",
}


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument("run", type=path, metavar="DIR", help="the folder of a run")
    parser.add_argument("--format", required=True, metavar="|".join(table.FORMATS))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip to write")
    parser.add_argument(
        "--pictures",
        type=path,
        metavar="PATH",
        help="a zip, tar or folder of class folders, such as the one that the run was trained on; "
        "by default the run's own pictures, where Thaw keeps them",
    )
    parser.add_argument(
        "--with-pictures",
        action="store_true",
        help="five of these pictures may leave with the export, without their metadata; otherwise "
        "drawings are in it",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Export a run's model."""
    format = table.find(args.format)
    from core.exports import making, pictures  # import OpenVINO
    from core.exports.lesson import making as lesson

    room.ready()
    reporters = {stage: counter(told) for stage, told in _TOLD.items()}
    last: tuple[Stage, int, int] | None = None

    def report(stage: Stage, done: int, total: int) -> None:
        nonlocal last
        if last is None or last[0] is not stage:
            tell(f"{_TOLD[stage]} …")
        if last != (stage, done, total):
            reporters[stage](done, total)
        last = stage, done, total

    trained = Run(args.run)
    with ExitStack() as open_while_read:
        if args.pictures is None:
            known = pictures.stored(trained) if (args.run / "settings.json").is_file() else None
        else:
            source = open_while_read.enter_context(closing(open_source(args.pictures, follow=True)))
            known = pictures.of_source(source, trained, lambda *_: None)
        if format.lesson:
            return _told(args.out, lesson.export(trained, format, args.out, report, known), format)
        proven = making.export(
            trained, format.name, args.out, report, known=known, own_samples=args.with_pictures
        )
    for warning in proven.warnings:
        tell(warning)
    close = proven.from_pixels
    print(f"{args.out}\t{proven.bytes / 1e6:.1f} MB\tagreement {close.same:.4f}")
    return {
        "file": str(args.out),
        "format": format.name,
        "agreement": close.same,
        "largest_difference": close.largest,
        "accuracy": close.accuracy,
        "bytes": proven.bytes,
        "milliseconds": proven.ms,
        "proof": proven.to_dict(),
    }


def _told(file: Path, made: Rehearsal, format: Format) -> dict[str, Any]:
    """What came out of an export of code."""
    for warning in made.warnings:
        tell(warning)
    size = file.stat().st_size
    print(f"{file}\t{size / 1e6:.1f} MB\taccuracy {made.accuracy:.4f}, in Thaw {made.thaw:.4f}")
    return {
        "file": str(file),
        "format": format.name,
        "accuracy": made.accuracy,
        "bytes": size,
        "proof": made.to_dict(),
    }
