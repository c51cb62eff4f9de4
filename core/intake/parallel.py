"""Work in threads whose results come in order and whose memory does not grow with the work."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def threads_for_pictures() -> int:
    """How many pictures to work on at once: one a processor, at most 8."""
    return min(8, os.cpu_count() or 1)


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """Like `map`, in a pool of threads that looks only a few items ahead.

    Closing it, or an exception from `work`, drops what has not begun and waits for what has. Use
    `contextlib.closing` where the loop may raise.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="picture")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= 4 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
