"""Which process of `pytest -n` runs which tests, and in which order."""

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
# Browser tests that need no finished run; half of them all, and none has to wait for a training.
WITHOUT_A_RUN = (
    *("check_up", "choosing", "gathering", "getting_in", "keyboard", "look", "names_drawn"),
    *("pictures", "sending", "server_gone", "shared_export"),
)
LONGEST = ("browser", "cluster", "slow")


class TwoApps(LoadFileScheduling):
    """Gives a process whole files, and two of them the browser tests, which share served apps.

    Files are given out in the order of `longest_first`, so that no long one is left for the end.
    """

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith(BROWSER):
            return super()._split_scope(nodeid)
        name = nodeid.removeprefix(f"{BROWSER}test_").partition(".py")[0]
        return f"{BROWSER}without a run" if name in WITHOUT_A_RUN else BROWSER


def longest_first(items: list[pytest.Item]) -> None:
    """Sort files by the longest kind of test in them."""
    ranks: dict[object, int] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        rank = next((n for n, kind in enumerate(LONGEST) if kind in marks), len(LONGEST))
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])
