"""Workers that have nothing else to do help a training with its frozen part."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from distributed import get_client, get_worker

from core.jobs import worker
from core.storage.job import AFTER_ALL, Kind
from core.storage.runs import Run

logger = logging.getLogger("thaw")

_ENOUGH = 500  # images from which it is worth while
_POLL = 0.05
# The scheduler does not answer: then nobody helps, and the trainer makes what is missing.
_NOBODY = (OSError, TimeoutError, CancelledError)


class Crew:
    """Those that are called from within a training's task."""

    def __init__(
        self, run: Run, dataset: Path, help_out: Callable[[Path, Path, int, int], None]
    ) -> None:
        """
        Args:
            run: What is trained.
            dataset: The folder of its images, which every worker can read.
            help_out: What each of them runs: the run's folder, the images' folder, which part it
                takes, and of how many.
        """
        self._run = run
        self._dataset = dataset
        self._help_out = help_out
        self._futures: list[Any] = []

    def call(self, images: int) -> int:
        """See `core.training.fit.Helpers`."""
        if images < _ENOUGH:
            return 1
        try:
            self._call()
        except _NOBODY as error:
            logger.warning("nobody helps with %s: %r", self._run.id, error)
        return 1 + len(self._futures)

    def _call(self) -> None:
        try:
            own = get_worker().address
        except ValueError:  # this is no worker, so there are no others
            return
        client = get_client()
        workers = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
        busy = {address for address, keys in client.processing().items() if keys}
        kind = str(Kind.TRAINING)
        trainers = {each for each, facts in workers.items() if facts["resources"].get(kind)}
        parts = 1 + len(trainers - busy - {own})
        self._futures = [
            client.submit(
                worker.answer,
                Kind.TRAINING,
                self._help_out,
                self._run.folder,
                self._dataset,
                part,
                parts,
                resources={kind: 1},
                priority=AFTER_ALL,
                pure=False,
            )
            for part in range(1, parts)
        ]

    def finish(self) -> None:
        """Wait for them, but for those that have been called away; and for none after a stop."""
        if not self._futures:
            return
        try:
            busy = {key for keys in get_client().processing().values() for key in keys}
            for future in self._futures:
                if not future.done() and future.key not in busy:
                    future.cancel()
            while not all(future.done() for future in self._futures):
                if self._run.stop_requested:
                    return
                time.sleep(_POLL)
        except _NOBODY as error:
            logger.warning("the help with %s was not waited for: %r", self._run.id, error)
