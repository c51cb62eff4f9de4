"""Work in threads: results in order, and only a little is held ahead of them."""

from collections.abc import Iterator

import pytest

from core.intake.parallel import in_order

THREADS = 2


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(in_order(lambda item: 2 * item, range(100), THREADS)) == [*range(0, 200, 2)]


@pytest.mark.parametrize(
    ("each", "most"),
    [(0, 4 * THREADS), (1 << 20, 4 * THREADS), (20 << 20, 4), (40 << 20, 2), (200 << 20, 1)],
)
def test_few_items_are_taken_ahead_and_fewer_if_they_are_large(each: int, most: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1, 41):
            taken = number
            yield number

    ahead = []
    for result in in_order(lambda item: item, items(), THREADS, lambda _: each):
        ahead.append(taken - result + 1)
    assert max(ahead) == most


def test_a_large_item_holds_back_the_others_only_until_its_result_is_taken() -> None:
    sizes = [200 << 20, *[1] * 40]
    taken: list[int] = []
    items = (taken.append(size) or size for size in sizes)  # type: ignore[func-returns-value]
    results = in_order(lambda item: item, items, THREADS, lambda size: size)
    assert next(results) == 200 << 20
    assert len(taken) == 1
    assert next(results) == 1
    assert len(taken) == 1 + 4 * THREADS
    assert len(list(results)) == 39


def test_an_error_reaches_the_caller_and_nothing_further_is_begun() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise ValueError("3")
        return item

    with pytest.raises(ValueError, match="3"):
        list(in_order(work, range(1000), THREADS))
    assert len(begun) < 4 + 8 * THREADS
