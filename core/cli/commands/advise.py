"""`advise`: what to choose for the images in a zip or a folder, and why."""

import argparse
from collections.abc import Sequence
from typing import Any

from core import shown
from core.cli.arguments import (
    divided_images,
    option,
    preparation_of,
    source_of,
    split_of,
    tell_reading,
)
from core.cli.messages import clean, counter, rows, tell_left_out
from core.datasets.dataset import Skipped
from core.datasets.feed import SourceFeed
from core.intake import room


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    divided_images(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """What to choose for the images in a zip or a folder, and why."""
    room.ready(room.LITTLE)
    source = source_of(args)
    read_as = tell_reading(args, source)
    advice, skipped = advice_for(source, args)
    tell_left_out(skipped)
    print(shown.isolated(clean(f"Suggested for {advice.told}. {advice.reasons}")))
    print(" ".join(_spelled(*setting) for setting in advice.settings.changed().items()))
    return {
        "likeness": advice.likeness.to_dict(),
        "case": advice.case,
        "reasons": advice.reasons,
        "settings": advice.settings.to_dict(),
        "read_as": read_as,
        "skipped": rows(skipped),
    }


def advice_for(source: Any, args: argparse.Namespace) -> tuple[Any, Sequence[Skipped]]:
    """What is advised for a source's images, and what was left out of it."""
    from core.advice import advisor, survey  # imports OpenVINO

    feed = SourceFeed(source, split_of(args), preparation_of(args))
    dataset, alike = survey.measure(feed, counter("looking at images"))
    return advisor.advise(dataset, alike), dataset.skipped


def _spelled(name: str, value: Any) -> str:
    """A setting as the command line takes it."""
    if isinstance(value, bool):
        return option(name) if value else option(f"no_{name}")
    return f"{option(name)} {','.join(map(str, value)) if isinstance(value, list) else value}"
