"""`inspect`: what a zip or a folder holds."""

import argparse
from typing import Any

from core import shown
from core.cli.arguments import (
    divided_images,
    preparation_of,
    source_of,
    split_of,
    tell_reading,
)
from core.cli.messages import clean, counter, rows, tell
from core.datasets import reading
from core.datasets.feed import SourceFeed
from core.intake import room
from core.intake.pictures import preparing


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    divided_images(parser)
    parser.add_argument(
        "--doctor",
        action="store_true",
        help="look for copies, wrong labels, empty pictures and whatever else spoils a training",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """What a zip or a folder holds."""
    if args.doctor:
        room.ready(room.LITTLE)
    source, split = source_of(args), split_of(args)
    read_as = tell_reading(args, source)
    said: dict[str, Any] = {}
    if args.doctor:
        from core.doctor import checkup  # imports OpenVINO

        feed = SourceFeed(source, split, preparation_of(args))
        found, looked = checkup.check(feed, counter)
        said = {"doctor": looked.to_dict()}
    else:
        preparation = preparing.of_source(source, chosen=preparation_of(args))
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
        "skipped": rows(found.skipped),
        "split": found.split_counts,
        **({"preparation": found.preparation.to_dict()} if found.preparation.key else {}),
        "read_as": read_as,
        **said,
    }
