"""Workers that have nothing else to do help a training with its frozen part."""

import time
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import get_client, get_worker

from core.jobs import tasks
from core.jobs.job import AFTER_ALL, Kind
from core.runs import Run
from core.training.fit import Alone, Helpers

if TYPE_CHECKING:
    from distributed import Client

_ENOUGH = 500  # images from which it is worth while
_POLL = 0.05


def helpers_for(run: Run, dataset: Path, images: int) -> Helpers:
    """Call whoever is free, from within a training's task.

    Args:
        run: What is trained.
        dataset: The folder of its images, which every worker can read.
        images: How many there are.
    """
    if images < _ENOUGH:
        return Alone()
    try:
        own = get_worker().address
    except ValueError:  # not in a worker
        return Alone()
    client = get_client()
    info = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    busy = {address for address, keys in client.processing().items() if keys}
    kind = str(Kind.TRAINING)
    free = [a for a, facts in info.items() if facts["resources"].get(kind) and a not in busy]
    parts = 1 + len([address for address in free if address != own])
    return _Crew(client, run, dataset, parts) if parts > 1 else Alone()


class _Crew:
    """What was submitted to them."""

    def __init__(self, client: "Client", run: Run, dataset: Path, parts: int) -> None:
        self.parts = parts
        self._client = client
        self._run = run
        self._futures: list[Any] = [
            client.submit(
                tasks.help_out,
                str(run.folder),
                str(dataset),
                part,
                parts,
                resources={str(Kind.TRAINING): 1},
                priority=AFTER_ALL,
                pure=False,
            )
            for part in range(1, parts)
        ]

    def finish(self) -> None:
        """Wait for them, but for those that have been called away; and for none after a stop."""
        with suppress(OSError, TimeoutError, CancelledError):  # what is missing is made here
            busy = {key for keys in self._client.processing().values() for key in keys}
            for future in self._futures:
                if not future.done() and future.key not in busy:
                    future.cancel()
            while not all(future.done() for future in self._futures):
                if self._run.stop_requested:
                    return
                time.sleep(_POLL)
