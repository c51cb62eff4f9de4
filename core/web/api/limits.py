"""How much programs may ask of one network: bytes of a picture, pictures a second, and at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CapacityLimiter

from core.web.guarded import Refused


class Limits:
    """What is allowed, and how much of it is used. It belongs to the event loop's thread.

    Attributes:
        size: Bytes that a request may have.
        threads: How many requests are worked on at the same time.
    """

    def __init__(self, *, size: int, per_second: float, at_once: int, threads: int) -> None:
        """
        Args:
            size: Bytes that a request may have.
            per_second: Requests a second, on average; a second's worth may come in one burst.
            at_once: Requests that may be under way, so many bodies are held in memory.
            threads: Of those, how many are worked on at the same time.
        """
        self.size = size
        self._per_second = per_second
        self._at_once = at_once
        self.threads = CapacityLimiter(threads)
        self._burst = max(1.0, per_second)
        self._left = self._burst
        self._then = time.monotonic()
        self._under_way = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while it is under way.

        Raises:
            Refused: It is one too many.
        """
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._then) * self._per_second)
        self._then = now
        if self._left < 1:
            raise Refused(
                429,
                "Expected at most {rate:g} pictures a second. Wait a second and send it again.",
                rate=self._per_second,
            )
        if self._under_way >= self._at_once:
            raise Refused(
                429,
                "Expected at most {count} pictures at the same time. Wait a second and send it "
                "again.",
                count=self._at_once,
            )
        self._left -= 1
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
