"""`report`: show what a report of a problem holds, and save it as one zip."""

import argparse
from typing import Any

from core.cli.arguments import path
from core.cli.messages import tell
from core.errors import UserError
from core.storage import privacy, report


def options(parser: argparse.ArgumentParser) -> None:
    """Where the zip is to be."""
    parser.add_argument("file", type=path, metavar="FILE", help="the zip to write")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Print all of it, then write it. Nothing is sent to anybody."""
    held = report.texts()
    for name, text in held.items():
        print(f"--- {name}\n{text}")
    try:
        with privacy.to_share():
            args.file.write_bytes(report.zipped(held))
    except OSError as error:
        raise UserError(
            f"The file {args.file} cannot be written ({error.strerror}). Choose another."
        ) from error
    tell(f"{args.file} holds what you see above: no pictures, no names. Nothing was sent.")
    return {"file": str(args.file), "holds": sorted(held)}
