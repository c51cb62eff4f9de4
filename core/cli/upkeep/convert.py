"""`convert`: pictures in whatever layout Thaw can read, as a plain zip of class folders."""

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.cli.arguments import images, source_of
from core.cli.messages import counter, rows, tell, tell_left_out
from core.datasets import image_files, packing, reading
from core.datasets.dataset import Record
from core.errors import UserError
from core.intake.layouts import layout
from core.settings import SplitSettings
from core.storage import files, privacy


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    images(parser)
    parser.add_argument("out", type=Path, metavar="OUT", help="the zip to write")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read every picture once and write those that can be used, unchanged."""
    with closing(source_of(args)) as source:
        found = layout.place(source)
        tell(found.told())
        dataset = reading.read(source, split=SplitSettings(), report=counter("reading pictures"))
        members = {member.name: member for member in source.members}

        def read(record: Record) -> bytes:
            return image_files.unchanged(source.read(members[record.file]), record)

        sides = found.said
        if not dataset.split_came_with_data:  # the validation side is of Thaw's making
            back = [
                replace(each, split="train") if each.split == "validation" else each
                for each in dataset.records
            ]
            dataset = replace(dataset, records=tuple(back))
        try:
            with privacy.to_share(), files.replacing(args.out) as aside, aside.open("wb") as file:
                for piece in packing.pieces(packing.paths(dataset, sides=sides), read):
                    file.write(piece)
        except OSError as error:
            raise UserError(
                f"The zip could not be written ({error.strerror}: {error.filename or args.out}). "
                "Choose another place for it, or make room."
            ) from error
    tell_left_out(dataset.skipped)
    counts = ", ".join(f"{name} {count}" for name, count in dataset.counts.items())
    tell(f"{args.out} holds {counts}.")
    return {
        "file": str(args.out),
        "classes": dataset.counts,
        "split": dataset.split_counts if sides else None,
        "skipped": rows(dataset.skipped),
    }
