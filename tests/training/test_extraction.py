"""One pass of images into the cache: bounded, stoppable, and its errors reach the caller."""

# ruff: noqa: PT012 -- what is raised inside an Extraction has to pass through its __exit__

import hashlib
import threading
from collections.abc import Callable

import numpy as np
import pytest

from core.errors import StopRequested, UserError
from core.network.engine import Answer
from core.network.features import FeatureCache
from core.training import extraction
from core.training.extraction import Extraction

PATIENCE = 30  # seconds after which a test fails rather than hangs
WIDTH = 4


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def pixels(number: int) -> np.ndarray:
    return np.full(WIDTH, number, np.float32)


class Echo:
    """An engine that answers each image with its own numbers."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def submit(self, key: str, image: np.ndarray) -> None:
        self.answer(key, image)

    def wait(self) -> None:
        pass


def fresh() -> FeatureCache:
    return FeatureCache("key", (WIDTH,))


def held(numbers: range) -> list[int]:
    """What the next reader finds on disk."""
    cache = fresh()
    return [number for number in numbers if digest(number) in cache]


def add_all(work: Extraction, numbers: range) -> None:
    for number in numbers:
        if work.wants(digest(number)):
            work.add(digest(number), pixels(number))


def never(answer: Answer) -> Echo:
    raise AssertionError("the network is built for nothing")


def silent(done: int, total: int) -> None:
    pass


def no_threads_left() -> bool:
    return not [t for t in threading.enumerate() if t.name == "extraction"]


def test_every_image_goes_through_once() -> None:
    cache = fresh()
    reports: list[tuple[int, int]] = []
    with Extraction(cache, Echo, 1) as work:
        add_all(work, range(20))
        add_all(work, range(20))
        work.finish(lambda done, total: reports.append((done, total)))
        assert (work.done, work.added) == (20, 20)
    assert reports[-1] == (20, 20)
    rows = fresh().rows(digest(number) for number in range(20)).take(range(20))
    np.testing.assert_array_equal(rows[:, 0], range(20))
    assert no_threads_left()


def test_what_is_known_is_neither_wanted_nor_built() -> None:
    with Extraction(fresh(), Echo, 1) as work:
        add_all(work, range(5))
        work.finish(silent)
    with Extraction(fresh(), never, 1) as work:
        assert not any(work.wants(digest(number)) for number in range(5))
        work.finish(silent)
        assert (work.done, work.added) == (0, 0)


def test_no_more_images_wait_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the network is being built, whoever decodes is held back."""
    monkeypatch.setattr(extraction, "_WAITING_BYTES", 10 * 100)
    given, most = 0, 0
    waiting = threading.Semaphore(0)

    class Counting(Echo):
        def __init__(self, answer: Answer) -> None:
            super().__init__(answer)
            for _ in range(10):  # built only when as many wait as may
                assert waiting.acquire(timeout=PATIENCE)

        def submit(self, key: str, image: np.ndarray) -> None:
            nonlocal most
            most = max(most, given - work.done)
            super().submit(key, image)

    with Extraction(fresh(), Counting, 100) as work:
        for number in range(200):
            work.add(digest(number), pixels(number))
            given += 1
            waiting.release()
        work.added = 200
        work.finish(silent)
        assert work.done == 200
    assert 10 <= most <= 12  # ten in the queue, one in each hand


@pytest.mark.parametrize("error", [UserError("too many layers"), ValueError("inside")], ids=repr)
def test_an_error_in_building_reaches_the_caller(error: Exception) -> None:
    def broken(answer: Answer) -> Echo:
        raise error

    def work_on(step: Callable[[Extraction], None]) -> None:
        with Extraction(fresh(), broken, 1) as work:
            step(work)

    def finish(work: Extraction) -> None:
        work.add(digest(0), pixels(0))
        work.finish(silent)

    def add_on_and_on(work: Extraction) -> None:
        for number in range(1_000_000):
            work.add(digest(number % 7), pixels(0))

    for step in (finish, add_on_and_on):
        with pytest.raises(type(error), match=str(error)):
            work_on(step)
        assert no_threads_left()
    assert held(range(7)) == []


def test_an_error_in_running_reaches_the_caller() -> None:
    class Breaking(Echo):
        def submit(self, key: str, image: np.ndarray) -> None:
            if key == digest(3):
                raise OSError("no space left")
            super().submit(key, image)

    with pytest.raises(OSError, match="no space left"), Extraction(fresh(), Breaking, 1) as work:
        add_all(work, range(5))
        work.finish(silent)
    assert held(range(5)) == [0, 1, 2]


def test_a_stop_in_reading_keeps_what_is_done() -> None:
    through = threading.Event()

    class Telling(Echo):
        def submit(self, key: str, image: np.ndarray) -> None:
            super().submit(key, image)
            if key == digest(4):
                through.set()

    with pytest.raises(StopRequested), Extraction(fresh(), Telling, 1) as work:
        add_all(work, range(5))
        assert through.wait(PATIENCE)
        raise StopRequested
    assert held(range(10)) == [0, 1, 2, 3, 4]
    assert no_threads_left()


def test_a_stop_while_the_network_is_built_and_the_queue_is_full() -> None:
    """The images that still wait are dropped; nobody waits for anybody for ever."""
    gate = threading.Event()
    submitted = []

    class Gated(Echo):
        def __init__(self, answer: Answer) -> None:
            super().__init__(answer)
            assert gate.wait(PATIENCE)

        def submit(self, key: str, image: np.ndarray) -> None:
            submitted.append(key)
            super().submit(key, image)

    class Opening(Extraction):
        def _put(self, item: object) -> None:  # the gate opens once __exit__ waits
            if item is None:
                gate.set()
            super()._put(item)  # type: ignore[arg-type]

    with pytest.raises(StopRequested), Opening(fresh(), Gated, 1 << 30) as work:
        add_all(work, range(8))  # the queue's least size
        raise StopRequested
    assert len(submitted) <= 1
    assert no_threads_left()


def test_a_stop_while_waiting_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    class Slow(Echo):
        def wait(self) -> None:
            assert begun.wait(PATIENCE)

    def stop(done: int, total: int) -> None:
        begun.set()
        raise StopRequested

    with pytest.raises(StopRequested), Extraction(fresh(), Slow, 1) as work:
        add_all(work, range(3))
        work.finish(stop)
    assert held(range(3)) == [0, 1, 2]


def test_many_threads_hand_over_images() -> None:
    with Extraction(fresh(), Echo, 1) as work:
        threads = [threading.Thread(target=add_all, args=(work, range(100))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work.finish(silent)
        assert (work.done, work.added) == (100, 100)
    assert held(range(100)) == list(range(100))
