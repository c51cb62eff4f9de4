"""Runs images through the frozen part while they are still being read, into the cache.

Threads that decode images hand them over at once. Until the network is built and compiled they
wait in a bounded queue, so decoding and building overlap and memory stays within a limit.
"""

import queue
import threading
from collections.abc import Callable

import numpy as np

from core.network.engine import Answer, Engine
from core.network.features import FeatureCache

_WAITING_BYTES = 256 << 20


class Extraction:
    """One pass of images into a feature cache. Use it as a context manager.

    Attributes:
        done: How many images have been through.
        added: How many have to.
    """

    def __init__(
        self,
        cache: FeatureCache,
        compile_engine: Callable[[Answer], Engine],
        image_bytes: int,
    ) -> None:
        """
        Args:
            cache: Where the features go.
            compile_engine: Makes the engine that answers to the callback given; called in a
                separate thread when the first image comes.
            image_bytes: Of one image's pixels.
        """
        self.done = 0
        self.added = 0
        self._cache = cache
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._compile_engine = compile_engine
        self._images: queue.Queue[tuple[str, np.ndarray] | None] = queue.Queue(
            max(8, _WAITING_BYTES // image_bytes)
        )
        self._ended = threading.Event()
        self._abandoned = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="extraction", daemon=True)

    def __enter__(self) -> "Extraction":
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Features made so far are kept, also when the work was stopped."""
        if failure[0] is not None:
            self._abandoned.set()
        self._put(None)
        self._thread.join()
        self._cache.flush()

    def wants(self, digest: str) -> bool:
        """Whether this image has to go through; true once for each image."""
        with self._lock:
            if digest in self._seen or digest in self._cache:
                return False
            self._seen.add(digest)
            self.added += 1
            return True

    def add(self, digest: str, pixels: np.ndarray) -> None:
        """Hand over one image, uint8 [size, size, 3]; waits while too many are waiting.

        Raises:
            UserError, or whatever else building or running the network raised.
        """
        if self._error is not None:
            raise self._error
        self._put((digest, pixels))

    def finish(self, report: Callable[[int, int], None]) -> None:
        """Wait until all images are through. Raises as `add` does."""
        self._put(None)
        while not self._ended.wait(0.2):
            report(self.done, self.added)
        if self._error is not None:
            raise self._error
        report(self.done, self.added)

    def _put(self, item: tuple[str, np.ndarray] | None) -> None:
        while not self._ended.is_set():
            try:
                self._images.put(item, timeout=0.2)
                return
            except queue.Full:
                continue

    def _answer(self, digest: str, features: np.ndarray) -> None:
        self._cache.add(digest, features)
        with self._lock:
            self.done += 1

    def _work(self) -> None:
        try:
            item = self._images.get()
            if item is None:
                return  # nothing to do, so nothing to build
            engine = self._compile_engine(self._answer)
            while item is not None and not self._abandoned.is_set():
                engine.submit(*item)
                item = self._images.get()
            engine.wait()
        except BaseException as error:  # raised again by `add` and `finish`, for the caller
            self._error = error
        finally:
            self._ended.set()
