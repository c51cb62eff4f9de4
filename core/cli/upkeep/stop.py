"""`stop`: end Thaw's background processes, whatever they are doing."""

import argparse
from typing import Any

from core.cli.messages import tell
from core.jobs.cluster.ending import end_clusters


def options(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(args: argparse.Namespace) -> dict[str, Any]:
    """End Thaw's background processes, whatever they are doing."""
    stopped = end_clusters()
    tell(
        "Thaw's background processes have ended. A training that was under way can be resumed "
        "from its last epoch."
        if stopped
        else "Nothing of Thaw runs in the background."
    )
    return {"stopped": stopped}
