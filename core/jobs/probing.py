"""Tries a training out in a process of its own, so that whoever presses Train need not wait for it.

`python -m core.jobs.probing` is that process; what to try comes on standard input.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import apart
from core.settings import TrainingSettings


def probe_apart(dataset: Path, settings: dict[str, Any], go_on: Callable[[], None]) -> Any:
    """What `core.advice.probe` finds, as JSON.

    Args:
        dataset: The folder of a stored data set.
        settings: What is to be trained.
        go_on: Called several times a second; what it raises ends the process and is raised.

    Raises:
        UserError: The data set is gone, or the settings cannot be used.
        RuntimeError: Something unexpected; the details are in the log.
    """
    given = json.dumps([str(dataset), settings]).encode()
    return json.loads(apart.run("core.jobs.probing", [], given, go_on))


def _probe(given: bytes) -> bytes:
    folder, settings = json.loads(given)
    from core.datasets import store
    from core.datasets.feed import StoredFeed

    dataset, chosen = store.load(Path(folder)), TrainingSettings.from_dict(settings)
    from core.advice.probe import probe  # takes seconds

    found = probe(StoredFeed(Path(folder)), dataset, chosen)
    return json.dumps(found.to_dict()).encode()


if __name__ == "__main__":
    sys.exit(apart.answer(_probe))
