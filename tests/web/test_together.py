"""Questions that come while others are answered are answered together, each to its own asker."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.web.api.together import Together


class Slow:
    """Answers with the doubled number. The first call waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, asked: list[int]) -> list[int]:
        self.groups.append(asked)
        self.begun.set()
        assert self.go_on.wait(60)
        if 13 in asked:
            raise ValueError("13")
        return [2 * each for each in asked]


def asked_at_once(slow: Slow, *numbers: int) -> list[object]:
    """What came of questions, all but the first of which come while that is answered."""
    together, waiting = Together(slow), threading.Barrier(len(numbers))

    def ask(number: int) -> object:
        if number != numbers[0]:
            waiting.wait(60)
        try:
            return together.ask(number)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(numbers)) as pool:
        first = pool.submit(ask, numbers[0])
        assert slow.begun.wait(60)
        rest = [pool.submit(ask, each) for each in numbers[1:]]
        waiting.wait(60)
        while len(together._waiting) < len(rest):
            assert not first.done()
        slow.go_on.set()
        return [each.result(60) for each in (first, *rest)]


def test_whoever_waits_is_answered_in_one_group() -> None:
    slow = Slow()
    assert asked_at_once(slow, *range(1, 8)) == [2, 4, 6, 8, 10, 12, 14]
    assert [len(group) for group in slow.groups] == [1, 6]


def test_an_error_reaches_everybody_in_the_group_and_nobody_else() -> None:
    slow = Slow()
    assert asked_at_once(slow, 1, 13, 2) == [2, "13", "13"]
    assert Together(slow).ask(4) == 8, "the next question is answered"


def test_an_answer_too_few_is_no_answer() -> None:
    with pytest.raises(ValueError, match="zip"):
        Together(lambda asked: []).ask(1)
