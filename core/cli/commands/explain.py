"""`explain`: why a run's model says what it says of an image."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.arguments import path
from core.cli.messages import clean, tell
from core.errors import UserError
from core.intake import room
from core.intake.archives.archive import UnreadableMember
from core.results import handed
from core.storage import privacy


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument("run", type=path, metavar="DIR", help="the folder of a run")
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the image to write: what speaks for the class, laid over what the model saw",
    )
    parser.add_argument(
        "--label", metavar="CLASS", help="the class to explain, instead of the one it answers with"
    )
    parser.add_argument(
        "--strength", type=float, default=0.7, help="how much of the map is seen, from 0 to 1"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Why a run's model says what it says of an image."""
    from core.results.explaining import drawing, explained, why  # imports OpenVINO

    if not 0 <= args.strength <= 1:
        raise UserError(f"Expected a --strength from 0 to 1, received {args.strength}.")
    room.ready()
    try:
        data = handed.contents(args.image)
    except (UnreadableMember, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"The image {args.image} cannot be read ({reason}).") from error
    found = why.explain(args.run, data, args.label)
    place = found.classes.index(args.label) if args.label else 0
    refused = found.refused(place)
    if refused:
        raise UserError(refused)
    drawn = drawing.overlay(found.pixels, found.heat[place], args.strength)
    try:
        with privacy.to_share():
            drawn.save(args.out)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"The file {args.out} cannot be written ({reason}). Choose another, such as why.png."
        ) from error
    tell(explained.told(found.method))
    label, sure = found.classes[place], found.confidence[place]
    if not args.json:
        print(clean(f"{label}\t{sure:.4f}\t{found.method}"))
    return {
        "label": found.classes[0],
        "confidence": round(found.confidence[0], 6),
        "explained": label,
        "explained_confidence": round(sure, 6),
        "method": str(found.method),
        "out": str(args.out),
    }
