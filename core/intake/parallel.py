"""Work in threads whose results come in order and whose memory does not grow with the work."""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_BYTES_AHEAD = 64 << 20
_LARGE = 32 << 20  # bytes of a file


def threads_for_pictures() -> int:
    """How many pictures to work on at once: one a processor, at most 8."""
    return min(8, os.cpu_count() or 1)


def large_alone(
    work: Callable[[Item], Result], size: Callable[[Item], int]
) -> Callable[[Item], Result]:
    """The same work for many threads, which do one large item at a time.

    Files of 200 MB in every thread at once would be too much for most machines.

    Args:
        work: What is done with an item.
        size: Bytes of an item's file.
    """
    alone = threading.Lock()

    def one(item: Item) -> Result:
        with alone if size(item) > _LARGE else nullcontext():
            return work(item)

    return one


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    size: Callable[[Item], int] = lambda _: 0,
) -> Generator[Result, None, None]:
    """Like `map`, in a pool of threads that looks only a few items ahead.

    Closing it, or an exception from `work`, drops what has not begun and waits for what has. Use
    `contextlib.closing` where the loop may raise.

    Args:
        work: What is done with an item.
        items: Taken one at a time, in the caller's thread.
        threads: How many to work on at once.
        size: Bytes of an item that are in memory until its result has been taken. If they add up
            to more than 64 MiB, no further item is taken.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="picture")
    waiting: deque[tuple[Future[Result], int]] = deque()
    held = 0
    try:
        for item in items:
            waiting.append((pool.submit(work, item), size(item)))
            held += waiting[-1][1]
            while waiting and (len(waiting) >= 4 * threads or held > _BYTES_AHEAD):
                first, its_size = waiting.popleft()
                yield first.result()
                held -= its_size
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
