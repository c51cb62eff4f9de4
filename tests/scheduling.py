"""Which process of `pytest -n` runs which tests, and in which order."""

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
LONGEST = ("browser", "cluster", "slow")


class OneApp(LoadFileScheduling):
    """Gives a process whole files, and one of them all browser tests, which share a served app.

    While that one waits for pages, the others have the processor. Files are given out in the order
    of `longest_first`, so that no long one is left for the end.
    """

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort files by the longest kind of test in them."""
    ranks: dict[object, int] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        rank = next((n for n, kind in enumerate(LONGEST) if kind in marks), len(LONGEST))
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])
